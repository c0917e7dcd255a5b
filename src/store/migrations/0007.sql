-- Pictures belong to the site that the account leads to, not to the
-- installation: sites of one network number their uploads each for itself.
-- What is forgotten here is looked for on the portal before it is sent again.
DROP TABLE media_copy;
CREATE TABLE media_copy (
    site        TEXT NOT NULL,              -- as the check reported it
    sha256      BLOB NOT NULL,
    remote      TEXT,                       -- NULL: not there, or not known
    url         TEXT,
    expires     INTEGER,                    -- wall clock, ms
    quiet_until INTEGER NOT NULL,           -- ledger ms
    refusals    INTEGER NOT NULL DEFAULT 0,
    refused     TEXT,                       -- the reason, once it is final: posts go without it
    PRIMARY KEY (site, sha256)
) WITHOUT ROWID;

-- What a person agreed to is told by the delivery itself.
ALTER TABLE portal_burst DROP COLUMN allowed;

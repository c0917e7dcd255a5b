-- Revisions that the content firewall holds, with a person's word.
CREATE TABLE verdict (
    revision   INTEGER PRIMARY KEY,
    article    INTEGER NOT NULL,
    source     INTEGER NOT NULL,            -- that showed it first
    at         INTEGER NOT NULL,            -- wall clock, ms
    urgent     INTEGER NOT NULL,
    reasons    TEXT NOT NULL,               -- JSON
    hosts      TEXT NOT NULL,               -- JSON array: foreign hosts that a release makes known
    decision   INTEGER,                     -- NULL: a person has not decided; 1 released, 2 rejected
    decided_at INTEGER,                     -- wall clock, ms
    who        TEXT
);
CREATE INDEX verdict_open ON verdict (source) WHERE decision IS NULL;

-- Hosts that a source's articles led to before.
CREATE TABLE host (
    source INTEGER NOT NULL,
    host   TEXT NOT NULL,
    PRIMARY KEY (source, host)
) WITHOUT ROWID;

-- Its first reading teaches what is usual; from then on it is held against it.
ALTER TABLE source ADD COLUMN learned INTEGER NOT NULL DEFAULT 0;
-- New revisions of the running hour.
ALTER TABLE source ADD COLUMN burst_from INTEGER NOT NULL DEFAULT 0;  -- ledger ms
ALTER TABLE source ADD COLUMN burst INTEGER NOT NULL DEFAULT 0;

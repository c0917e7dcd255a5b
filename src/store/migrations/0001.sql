-- Facts about the store itself: ledger time, boot, machine, epoch, pause.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE source (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,     -- the id in the configuration
    rank          INTEGER NOT NULL,         -- order in the configuration: content comes from the first
    etag          TEXT,
    last_modified TEXT,
    body          BLOB,                     -- digest of the last body that was read and committed
    read_at       INTEGER,                  -- wall clock, ms; of the last reading that found something new
    paused        INTEGER NOT NULL DEFAULT 0,
    failing       TEXT                      -- kind of the last failure, NULL when the last poll succeeded
);

CREATE TABLE article (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    origin     TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    withdrawn  INTEGER NOT NULL DEFAULT 0,
    published  INTEGER NOT NULL,            -- wall clock, ms
    first_seen INTEGER NOT NULL,            -- wall clock, ms
    title      TEXT NOT NULL,
    url        TEXT NOT NULL
);
CREATE INDEX article_published ON article (published);
CREATE INDEX article_url ON article (url);

CREATE TABLE revision (
    id      INTEGER PRIMARY KEY,
    article INTEGER NOT NULL,
    digest  BLOB NOT NULL,
    content TEXT NOT NULL,                  -- JSON of the cleaned content
    seen_at INTEGER NOT NULL                -- wall clock, ms
);
CREATE UNIQUE INDEX revision_digest ON revision (article, digest);

CREATE TABLE alias (
    origin  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    value   TEXT NOT NULL,
    article INTEGER NOT NULL,
    PRIMARY KEY (origin, kind, value)
) WITHOUT ROWID;

CREATE TABLE sighting (
    article    INTEGER NOT NULL,
    source     INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    categories TEXT NOT NULL,               -- JSON array of the source's names
    last_seen  INTEGER NOT NULL,            -- wall clock, ms; of the last change
    PRIMARY KEY (article, source)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    id     INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    digest BLOB NOT NULL,                   -- of the sample: the same bad item is listed once
    at     INTEGER NOT NULL,                -- wall clock, ms
    reason TEXT NOT NULL,
    sample TEXT NOT NULL
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (source, digest);

CREATE TABLE installation (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    failures INTEGER NOT NULL DEFAULT 0,
    open_until INTEGER,                     -- ledger ms; the breaker lets nothing but a probe pass before this
    held     TEXT,                          -- kind of the failure that only a person ends
    reason   TEXT
);

CREATE TABLE portal (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,      -- the id in the configuration
    installation INTEGER NOT NULL,
    retired      INTEGER NOT NULL DEFAULT 0,
    since        INTEGER NOT NULL,          -- wall clock, ms; of first contact
    address      TEXT NOT NULL,
    site         TEXT,                      -- identity that check found at first contact
    capabilities TEXT,                      -- JSON, as check last found them
    checked_at   INTEGER NOT NULL DEFAULT 0, -- ledger ms; of the last check that succeeded
    rules        BLOB,                      -- digest of the rules by which its articles were last chosen
    paused       INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0,
    open_until   INTEGER,
    held         TEXT,
    reason       TEXT,
    access       BLOB,                      -- digest of address, account and secret: a held portal is let go when it changes
    memory       BLOB                       -- sealed, of the adapter
);

-- Creates of the running hour, for the burst that makes a portal ask.
CREATE TABLE portal_burst (
    portal  INTEGER PRIMARY KEY,
    hour    INTEGER NOT NULL,               -- ledger ms; when the hour began
    creates INTEGER NOT NULL,
    allowed INTEGER NOT NULL                -- what a person allowed beyond the burst in this hour
);

-- Everything beside the revision that decides how a post looks, interned.
CREATE TABLE shape (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    spec   TEXT NOT NULL                    -- JSON
);

-- Hot: at most 45 bytes a row once it stands. Zero is free in SQLite's record format.
CREATE TABLE delivery (
    article         INTEGER NOT NULL,
    portal          INTEGER NOT NULL,
    wanted_revision INTEGER,                -- NULL: nothing is wanted
    wanted_shape    INTEGER,
    stands          INTEGER NOT NULL,       -- 0 unknown, 1 absent, 2 hidden, 3 copy
    stands_revision INTEGER,                -- NULL: in a form that we do not know
    stands_shape    INTEGER,
    hold            INTEGER NOT NULL,       -- 0 none, 1 removed, 2 detached, 3.. waiting, 16.. parked by kind
    class           INTEGER NOT NULL,
    tries           INTEGER NOT NULL,
    quiet_until     INTEGER NOT NULL,       -- ledger ms
    not_before      INTEGER NOT NULL,       -- ledger ms
    flags           INTEGER NOT NULL,       -- 1 sent, 2 doubted, absences << 2
    last_attempt    INTEGER,                -- newest of the chain attempt.previous
    PRIMARY KEY (article, portal)
) WITHOUT ROWID;

-- Cold.
CREATE TABLE copy (
    article        INTEGER NOT NULL,
    portal         INTEGER NOT NULL,
    remote         TEXT NOT NULL,
    version        TEXT,
    url            TEXT,
    ticket         TEXT,
    form_revision  INTEGER,
    form_shape     INTEGER,
    print          BLOB,                    -- 24 B: a short hash per field read back
    flags          INTEGER NOT NULL,        -- 1 withdrawn, 2 several
    written_at     INTEGER NOT NULL,        -- ledger ms
    verify_at      INTEGER NOT NULL,        -- ledger ms
    pinned         INTEGER,                 -- with the life of a copy
    seen           INTEGER,                 -- with the life of a copy: wall clock, ms
    PRIMARY KEY (article, portal)
) WITHOUT ROWID;

-- Hints: look at this delivery from `at` on. Never an index over deliveries.
CREATE TABLE due (
    portal  INTEGER NOT NULL,
    class   INTEGER NOT NULL,
    at      INTEGER NOT NULL,               -- ledger ms
    article INTEGER NOT NULL,
    PRIMARY KEY (portal, class, at, article)
) WITHOUT ROWID;

CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY,
    article     INTEGER NOT NULL,
    portal      INTEGER NOT NULL,
    previous    INTEGER,                    -- the attempt before it on the same delivery
    operation   INTEGER NOT NULL,
    started     INTEGER NOT NULL,           -- ledger ms
    at          INTEGER NOT NULL,           -- wall clock, ms
    quiet_until INTEGER NOT NULL,           -- ledger ms, should it never end
    ended       INTEGER,                    -- ledger ms
    outcome     TEXT                        -- done, a kind of failure, or interrupted
);
CREATE INDEX attempt_open ON attempt (id) WHERE ended IS NULL;

CREATE TABLE media (
    url     TEXT PRIMARY KEY,
    sha256  BLOB,                           -- NULL: could not be fetched yet
    mime    TEXT,
    bytes   INTEGER,
    tries   INTEGER NOT NULL,
    reason  TEXT
) WITHOUT ROWID;

CREATE TABLE media_copy (
    installation INTEGER NOT NULL,
    sha256       BLOB NOT NULL,
    remote       TEXT,                      -- NULL: not there, or not known
    url          TEXT,
    expires      INTEGER,                   -- wall clock, ms
    quiet_until  INTEGER NOT NULL,          -- ledger ms
    refusals     INTEGER NOT NULL DEFAULT 0,
    refused      TEXT,                      -- the reason, once it is final: posts go without it
    PRIMARY KEY (installation, sha256)
) WITHOUT ROWID;

CREATE TABLE orders (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,               -- wall clock, ms
    who     TEXT NOT NULL,
    what    TEXT NOT NULL,                  -- JSON
    cursor  INTEGER NOT NULL DEFAULT 0,
    touched INTEGER NOT NULL DEFAULT 0,
    done    INTEGER,                        -- wall clock, ms
    failed  TEXT
);
CREATE INDEX orders_open ON orders (id) WHERE done IS NULL;

CREATE TABLE event (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,               -- wall clock, ms
    who     TEXT NOT NULL,
    what    TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,                  -- JSON
    hash    BLOB NOT NULL                   -- BLAKE3 over the previous hash and this row
);

-- Articles that are read from their own pages: what the list said of each, and
-- when its page is read next. An article that is not read yet stands here alone.
CREATE TABLE page (
    id     INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    name   TEXT NOT NULL,                   -- origin and first name of the entry
    entry  BLOB NOT NULL,                   -- digest of the entry: while it stays, the page is read at its cadence only
    item   TEXT NOT NULL,                   -- JSON of the entry
    due    INTEGER,                         -- ledger ms; NULL: never again; negative: not read since the entry changed, the newest article first
    failed INTEGER NOT NULL DEFAULT 0       -- the last reading brought nothing
);
CREATE UNIQUE INDEX page_name ON page (source, name);
CREATE INDEX page_due ON page (source, due) WHERE due IS NOT NULL;

-- Looks at the originals: whether an article still stands where it was published.
CREATE TABLE original (
    article INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,               -- ledger ms; of the next look
    says    INTEGER NOT NULL DEFAULT 0,     -- 0 nothing, 1 gone, 2 unpublished, 3 back, 4 gone and kept
    times   INTEGER NOT NULL DEFAULT 0      -- looks in a row that said so
);
CREATE INDEX original_due ON original (at);
INSERT INTO original (article, at) SELECT id, 0 FROM article;

-- Why an article is withdrawn: NULL, a person's order; else what its original said.
ALTER TABLE article ADD COLUMN withdrawn_by TEXT;
ALTER TABLE article ADD COLUMN withdrawn_at INTEGER;  -- wall clock, ms; by its original

-- A revision that this source showed before and shows again: it counts once it
-- was seen twice. Caches and servers behind a balancer show old texts now and then.
ALTER TABLE sighting ADD COLUMN came_back INTEGER;
ALTER TABLE sighting ADD COLUMN updated INTEGER;      -- wall clock, ms; the source's own word with this revision
CREATE INDEX sighting_came_back ON sighting (source) WHERE came_back IS NOT NULL;

-- When the brake on withdrawals of this source was pulled (wall clock, ms), and
-- until when a person allows more than usual.
ALTER TABLE source ADD COLUMN braked INTEGER;
ALTER TABLE source ADD COLUMN allowed_until INTEGER;  -- ledger ms

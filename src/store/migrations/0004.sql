-- How a source is read: what must outlive a restart, and what `status` tells.
ALTER TABLE source ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;    -- readings that failed in a row
ALTER TABLE source ADD COLUMN not_before INTEGER;                     -- wall clock, ms; of the next reading, after one that failed
ALTER TABLE source ADD COLUMN plea_until INTEGER;                     -- wall clock, ms; the server asked to be left alone
ALTER TABLE source ADD COLUMN every INTEGER;                          -- ms; the interval in force when `why` last changed
ALTER TABLE source ADD COLUMN why TEXT;                               -- what decides the interval
ALTER TABLE source ADD COLUMN wish INTEGER;                           -- ms; what the document asks for (ttl and its like)
ALTER TABLE source ADD COLUMN skip_hours INTEGER NOT NULL DEFAULT 0;  -- bit 0: from midnight to one, GMT
ALTER TABLE source ADD COLUMN skip_days INTEGER NOT NULL DEFAULT 0;   -- bit 0: Monday
ALTER TABLE source ADD COLUMN moved TEXT;                             -- where permanent redirects lead
ALTER TABLE source ADD COLUMN distrusted_until INTEGER;               -- wall clock, ms; its validators are not used
ALTER TABLE source ADD COLUMN gap_at INTEGER;                         -- wall clock, ms; articles may have been missed
ALTER TABLE source ADD COLUMN gap_after INTEGER;                      -- ms; since the reading before

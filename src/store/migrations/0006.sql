-- The past of a source that a person asked for, and how far it was read: JSON.
ALTER TABLE source ADD COLUMN history TEXT;

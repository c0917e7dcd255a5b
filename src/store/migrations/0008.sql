-- What a person took from one portal stays away there, although nothing else is
-- withdrawn. Where nothing is wanted of an article that stands, an order of
-- before this was noted may have said so: it stays away until it is restored.
UPDATE delivery SET flags = flags | 1024    -- taken
WHERE wanted_revision IS NULL AND article IN (SELECT id FROM article WHERE NOT withdrawn);

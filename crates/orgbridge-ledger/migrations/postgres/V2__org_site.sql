-- On which site each org lives. Orgs that were there before live on the site that official clients ask unless they
-- are told of another.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does.
-- Reads the table once and writes no row: the default stands in the schema.

ALTER TABLE org ADD COLUMN site TEXT NOT NULL DEFAULT 'datadoghq.com'
    CHECK (length(site) BETWEEN 1 AND 249);

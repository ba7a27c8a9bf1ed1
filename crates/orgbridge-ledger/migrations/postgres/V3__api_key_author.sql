-- Who made each API key, and who changed it last and when. All of it is NULL where nobody can say: for keys that were
-- there before, and for what an operator did; the time of the change also where there was none.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does.
-- Locks the table for an instant and touches no row: the defaults stand in the schema.

ALTER TABLE api_key ADD COLUMN created_by TEXT REFERENCES app_user (id);
ALTER TABLE api_key ADD COLUMN modified_at_us BIGINT;
ALTER TABLE api_key ADD COLUMN modified_by TEXT REFERENCES app_user (id);

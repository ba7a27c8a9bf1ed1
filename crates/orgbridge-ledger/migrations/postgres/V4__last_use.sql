-- When each key was last used. No part of the history: it raises no revision, and no entry of the audit log tells of it.
-- A key that was never used has no row, and a key that is deleted takes its row with it.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does.
-- The indexes lead to what other processes have written of late.

CREATE TABLE api_key_use (
    key_id          TEXT    NOT NULL PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    last_used_at_us BIGINT  NOT NULL
);

CREATE INDEX api_key_use_by_time ON api_key_use (last_used_at_us);

CREATE TABLE application_key_use (
    key_id          TEXT    NOT NULL PRIMARY KEY REFERENCES application_key (id) ON DELETE CASCADE,
    last_used_at_us BIGINT  NOT NULL
);

CREATE INDEX application_key_use_by_time ON application_key_use (last_used_at_us);

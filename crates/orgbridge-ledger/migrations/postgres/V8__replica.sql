-- The seats of the processes that serve from this ledger: what each knows of its history. Each process renews its own, so
-- that a revocation can wait until all of them know it, or no longer go by what they know: for as long as `lease_us` says in
-- microseconds, each does after it was last renewed. `turn` counts the renewals.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does. A file of SQLite has no such table.
-- Adds an empty table and locks no other.

CREATE TABLE replica (
    id       TEXT   NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    turn     BIGINT NOT NULL CHECK (turn >= 0),
    lease_us BIGINT NOT NULL CHECK (lease_us >= 0),
    epoch    BIGINT NOT NULL CHECK (epoch > 0),
    revision BIGINT NOT NULL CHECK (revision >= 0)
);

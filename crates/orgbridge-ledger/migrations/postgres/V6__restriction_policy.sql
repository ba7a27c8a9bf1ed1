-- Who of an org may see, use and edit a connection of it. `bindings` is as in `viewer=org:ID;editor=role:ID,user:ID`;
-- a relation that binds nobody has nothing behind its sign of equality.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does.
-- Adds an empty table and locks no other.

CREATE TABLE restriction_policy (
    id            TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id        TEXT NOT NULL REFERENCES org (id),
    connection_id TEXT NOT NULL REFERENCES org_connection (id),
    bindings      TEXT NOT NULL CHECK (bindings <> ''),
    UNIQUE (connection_id, org_id)
);

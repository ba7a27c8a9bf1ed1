-- The audit trail of each org: which changes concern it, and which attempts of its own users to change something were
-- refused.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does.
-- Touches no row. The changes that were there before are put into the index when a ledger is opened to write.

-- An index into `change`, which is filled from it: it can be emptied and filled anew at any time.
CREATE TABLE change_of_org (
    org_id   TEXT    NOT NULL,
    at_us    BIGINT  NOT NULL,
    revision BIGINT  NOT NULL,
    PRIMARY KEY (org_id, at_us, revision)
);

-- One row: up to which revision `change_of_org` is filled.
CREATE TABLE trail (
    only_row         BIGINT  NOT NULL PRIMARY KEY CHECK (only_row = 1),
    indexed_revision BIGINT  NOT NULL CHECK (indexed_revision >= 0)
);

INSERT INTO trail (only_row, indexed_revision) VALUES (1, 0);

-- No part of the history: nothing follows from it, and the oldest of an org make room for new ones. Each org numbers
-- its own. `entity_id` is NULL where none was named, and `unrecorded` says how many attempts before this one were not
-- kept.
CREATE TABLE refused_attempt (
    org_id           TEXT    NOT NULL,
    number           BIGINT  NOT NULL CHECK (number > 0),
    at_us            BIGINT  NOT NULL,
    actor_user_id    TEXT    NOT NULL,
    actor_credential TEXT    NOT NULL,
    request_id       TEXT    NOT NULL,
    action           TEXT    NOT NULL CHECK (action IN ('create', 'update', 'delete')),
    entity           TEXT    NOT NULL,
    entity_id        TEXT,
    status           BIGINT  NOT NULL,
    reason           TEXT    NOT NULL,
    unrecorded       BIGINT  NOT NULL CHECK (unrecorded >= 0),
    PRIMARY KEY (org_id, number)
);

CREATE UNIQUE INDEX refused_attempt_by_time ON refused_attempt (org_id, at_us, number);

-- Who is who, which org lets which other org query what, and the history of both.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does. Its twin for SQLite has the same number and name.
--
-- Times are microseconds since 1970 in UTC, by the clock of the process that wrote them. Lists of names are
-- joined by commas. Ids are hyphenated UUIDs in lower case, so that people can read and compare them.

CREATE TABLE account (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name          TEXT    NOT NULL UNIQUE,
    created_at_us BIGINT  NOT NULL
);

CREATE TABLE org (
    id             TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    account_id     TEXT    NOT NULL REFERENCES account (id),
    parent_org_id  TEXT    REFERENCES org (id),
    public_id      TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    disabled       BIGINT  NOT NULL CHECK (disabled IN (0, 1)),
    created_at_us  BIGINT  NOT NULL,
    modified_at_us BIGINT  NOT NULL
);

-- Roles that orgs made. The managed ones are part of the program and have no rows.
CREATE TABLE role (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id        TEXT    NOT NULL REFERENCES org (id),
    name          TEXT    NOT NULL,
    permissions   TEXT    NOT NULL,
    created_at_us BIGINT  NOT NULL,
    UNIQUE (org_id, name)
);

-- `role_ids` names managed roles too, which have no rows to refer to.
CREATE TABLE app_user (
    id             TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id         TEXT    NOT NULL REFERENCES org (id),
    name           TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('person', 'service_account')),
    role_ids       TEXT    NOT NULL,
    disabled       BIGINT  NOT NULL CHECK (disabled IN (0, 1)),
    created_at_us  BIGINT  NOT NULL,
    modified_at_us BIGINT  NOT NULL,
    UNIQUE (org_id, email)
);

-- `digest` is SHA-256 of the key in hexadecimal. The key itself is kept nowhere.
CREATE TABLE api_key (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id        TEXT    NOT NULL REFERENCES org (id),
    name          TEXT    NOT NULL,
    digest        TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
    last4         TEXT    NOT NULL CHECK (length(last4) = 4),
    created_at_us BIGINT  NOT NULL
);

-- `scopes` is NULL where the key is not narrowed.
CREATE TABLE application_key (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    owner_user_id TEXT    NOT NULL REFERENCES app_user (id),
    name          TEXT    NOT NULL,
    digest        TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
    last4         TEXT    NOT NULL CHECK (length(last4) = 4),
    scopes        TEXT,
    created_at_us BIGINT  NOT NULL
);

CREATE TABLE org_connection (
    id               TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    source_org_id    TEXT    NOT NULL REFERENCES org (id),
    sink_org_id      TEXT    NOT NULL REFERENCES org (id),
    connection_types TEXT    NOT NULL CHECK (connection_types <> ''),
    created_by       TEXT    NOT NULL REFERENCES app_user (id),
    created_at_us    BIGINT  NOT NULL,
    modified_at_us   BIGINT  NOT NULL,
    UNIQUE (source_org_id, sink_org_id),
    CHECK (source_org_id <> sink_org_id)
);

-- The audit log, and what other processes catch up from. `row_before` and `row_after` are rows of the table
-- `entity` as JSON objects, column by column. `digest` is SHA-256 over the entry and the digest before it.
CREATE TABLE change (
    revision         BIGINT  NOT NULL PRIMARY KEY CHECK (revision > 0),
    at_us            BIGINT  NOT NULL,
    actor            TEXT    NOT NULL CHECK (actor IN ('user', 'operator')),
    actor_org_id     TEXT,
    actor_user_id    TEXT,
    actor_credential TEXT,
    request_id       TEXT    NOT NULL,
    entity           TEXT    NOT NULL,
    entity_id        TEXT    NOT NULL,
    row_before       TEXT,
    row_after        TEXT,
    digest           TEXT    NOT NULL CHECK (length(digest) = 64),
    CHECK (row_before IS NOT NULL OR row_after IS NOT NULL)
);

-- One row. Every commit locks and raises it, which puts commits in order and numbers changes without gaps.
CREATE TABLE ledger (
    only_row BIGINT  NOT NULL PRIMARY KEY CHECK (only_row = 1),
    epoch    BIGINT  NOT NULL CHECK (epoch > 0),
    revision BIGINT  NOT NULL CHECK (revision >= 0),
    digest   TEXT    NOT NULL CHECK (length(digest) = 64)
);

INSERT INTO ledger (only_row, epoch, revision, digest)
VALUES (1, 1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

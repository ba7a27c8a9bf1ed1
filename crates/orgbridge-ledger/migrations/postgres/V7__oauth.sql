-- OAuth2: which programs may act for users, what users allowed them, and what those then show. And logins: whose browser
-- decides about that. Digests are SHA-256 in hexadecimal; the secrets themselves are kept nowhere.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does.
--
-- What names a client or an authorization may outlive it: both are revoked by one deletion, however much came of them.
-- What they leave behind is good for nothing, and is deleted when it expires.

CREATE TABLE oauth_client (
    id                 TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id             TEXT    NOT NULL REFERENCES org (id),
    name               TEXT    NOT NULL,
    redirect_uris      TEXT    NOT NULL,
    refreshes          BIGINT  NOT NULL CHECK (refreshes IN (0, 1)),
    service_account_id TEXT    REFERENCES app_user (id),
    scopes             TEXT    NOT NULL,
    authentication     TEXT    NOT NULL CHECK (authentication IN ('none', 'client_secret_basic', 'client_secret_post')),
    secret_digest      TEXT    CHECK (length(secret_digest) = 64),
    created_by         TEXT    REFERENCES app_user (id),
    created_at_us      BIGINT  NOT NULL,
    CHECK ((authentication = 'none') = (secret_digest IS NULL))
);

-- `application_key_id` is what the user had logged in with: an authorization is good for nothing without that key, and
-- for no more than it. It is NULL where nobody was asked, and so no code was given.
CREATE TABLE oauth_authorization (
    id                 TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    client_id          TEXT    NOT NULL,
    user_id            TEXT    NOT NULL REFERENCES app_user (id),
    application_key_id TEXT,
    scopes             TEXT    NOT NULL,
    code_digest        TEXT    UNIQUE CHECK (length(code_digest) = 64),
    redirect_uri       TEXT,
    challenge_digest   TEXT    CHECK (length(challenge_digest) = 64),
    code_is_spent      BIGINT  NOT NULL CHECK (code_is_spent IN (0, 1)),
    created_at_us      BIGINT  NOT NULL,
    expires_at_us      BIGINT  NOT NULL,
    CHECK ((code_digest IS NULL) = (redirect_uri IS NULL) AND (code_digest IS NULL) = (challenge_digest IS NULL)),
    CHECK (code_digest IS NOT NULL OR application_key_id IS NULL)
);

CREATE TABLE oauth_token (
    id               TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    authorization_id TEXT    NOT NULL,
    user_id          TEXT    NOT NULL REFERENCES app_user (id),
    kind             TEXT    NOT NULL CHECK (kind IN ('access', 'refresh')),
    digest           TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
    scopes           TEXT    NOT NULL,
    is_spent         BIGINT  NOT NULL CHECK (is_spent IN (0, 1)),
    created_at_us    BIGINT  NOT NULL,
    expires_at_us    BIGINT  NOT NULL
);

-- `application_key_id` is NULL where somebody else vouched for the user.
CREATE TABLE login (
    id                 TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    user_id            TEXT    NOT NULL REFERENCES app_user (id),
    application_key_id TEXT,
    digest             TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
    created_at_us      BIGINT  NOT NULL,
    expires_at_us      BIGINT  NOT NULL
);

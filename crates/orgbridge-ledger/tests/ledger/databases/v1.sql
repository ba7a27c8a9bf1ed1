-- A ledger that the program wrote while its schema was of version 1: an import of two orgs, one of which was renamed,
-- and a connection between them.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1332897602;
BEGIN TRANSACTION;
CREATE TABLE account (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name          TEXT    NOT NULL UNIQUE,
    created_at_us INTEGER NOT NULL
) STRICT;
INSERT INTO "account" VALUES('5e1e525a-9545-4671-befe-641f15360c84','Example Account',1795646626743422);
CREATE TABLE api_key (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id        TEXT    NOT NULL REFERENCES org (id),
    name          TEXT    NOT NULL,
    digest        TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
    last4         TEXT    NOT NULL CHECK (length(last4) = 4),
    created_at_us INTEGER NOT NULL
) STRICT;
INSERT INTO "api_key" VALUES('493a8c44-90b0-4802-ab56-f327d85bec1d','4dee724d-00cc-11ea-a77b-570c9d03c6c5','ci','3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9','cdef',1795646626743422);
CREATE TABLE app_user (
    id             TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id         TEXT    NOT NULL REFERENCES org (id),
    name           TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('person', 'service_account')),
    role_ids       TEXT    NOT NULL,
    disabled       INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at_us  INTEGER NOT NULL,
    modified_at_us INTEGER NOT NULL,
    UNIQUE (org_id, email)
) STRICT;
INSERT INTO "app_user" VALUES('3ad549bf-eba0-11e9-a77a-0705486660d0','4dee724d-00cc-11ea-a77b-570c9d03c6c5','Jane Doe','jane@example.com','person','0b1d6e00-0000-4000-8000-000000000001',0,1795646626743422,1795646626743422);
CREATE TABLE application_key (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    owner_user_id TEXT    NOT NULL REFERENCES app_user (id),
    name          TEXT    NOT NULL,
    digest        TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
    last4         TEXT    NOT NULL CHECK (length(last4) = 4),
    scopes        TEXT,
    created_at_us INTEGER NOT NULL
) STRICT;
INSERT INTO "application_key" VALUES('edb3bbbf-f3a3-4d58-b01d-9a4e47e69822','3ad549bf-eba0-11e9-a77a-0705486660d0','ci','deb87fabd17715bb31ad4cf4ffb9494eeb15f8d33d85b031a301c64ab3417eaa','4567',NULL,1795646626743422);
INSERT INTO "application_key" VALUES('456671d6-5228-4d91-a134-14bbc60e4089','3ad549bf-eba0-11e9-a77a-0705486660d0','reader','5f44da3a2a4bcca1404488fc8a8ef0b9b3fb8dc61cc0d87cba63ddc2e6f1539a','cdef','org_connections_read',1795646626743422);
CREATE TABLE change (
    revision         INTEGER NOT NULL PRIMARY KEY CHECK (revision > 0),
    at_us            INTEGER NOT NULL,
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
) STRICT;
INSERT INTO "change" VALUES(1,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','account','5e1e525a-9545-4671-befe-641f15360c84',NULL,'{"id":"5e1e525a-9545-4671-befe-641f15360c84","name":"Example Account","created_at_us":1795646626743422}','af70ac644b1718457058dc5c0a168199d5b031ac375acbb152229eb76bca9f70');
INSERT INTO "change" VALUES(2,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','org','4dee724d-00cc-11ea-a77b-570c9d03c6c5',NULL,'{"id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","account_id":"5e1e525a-9545-4671-befe-641f15360c84","parent_org_id":null,"public_id":"fasjyydbcgwwc2uc","name":"Source Org","disabled":0,"created_at_us":1795646626743422,"modified_at_us":1795646626743422}','c1f05308bfdfe8cb909b4fb7d9d78504f6f4544b0e98b48d7df72d0aad120a0f');
INSERT INTO "change" VALUES(3,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','app_user','3ad549bf-eba0-11e9-a77a-0705486660d0',NULL,'{"id":"3ad549bf-eba0-11e9-a77a-0705486660d0","org_id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","name":"Jane Doe","email":"jane@example.com","kind":"person","role_ids":"0b1d6e00-0000-4000-8000-000000000001","disabled":0,"created_at_us":1795646626743422,"modified_at_us":1795646626743422}','8d8fa1c8d8649bb4793fed03594da53dcf8b2de7d20f38a5ecf66bbdc5f81eab');
INSERT INTO "change" VALUES(4,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','application_key','edb3bbbf-f3a3-4d58-b01d-9a4e47e69822',NULL,'{"id":"edb3bbbf-f3a3-4d58-b01d-9a4e47e69822","owner_user_id":"3ad549bf-eba0-11e9-a77a-0705486660d0","name":"ci","digest":"deb87fabd17715bb31ad4cf4ffb9494eeb15f8d33d85b031a301c64ab3417eaa","last4":"4567","scopes":null,"created_at_us":1795646626743422}','e0a4150daa1df25eb99f8bf1137b4d8c4ca46f76b08564ce95bc03af56c8413d');
INSERT INTO "change" VALUES(5,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','application_key','456671d6-5228-4d91-a134-14bbc60e4089',NULL,'{"id":"456671d6-5228-4d91-a134-14bbc60e4089","owner_user_id":"3ad549bf-eba0-11e9-a77a-0705486660d0","name":"reader","digest":"5f44da3a2a4bcca1404488fc8a8ef0b9b3fb8dc61cc0d87cba63ddc2e6f1539a","last4":"cdef","scopes":"org_connections_read","created_at_us":1795646626743422}','616d8573680362899edab29afeed0a92adca4b8f237b3d44c480007e029a949f');
INSERT INTO "change" VALUES(6,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','api_key','493a8c44-90b0-4802-ab56-f327d85bec1d',NULL,'{"id":"493a8c44-90b0-4802-ab56-f327d85bec1d","org_id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","name":"ci","digest":"3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9","last4":"cdef","created_at_us":1795646626743422}','55cce3ab72a5af04c02a7bfebaf75f4bf98447f762c273277dca7f6264e57619');
INSERT INTO "change" VALUES(7,1795646626743422,'operator',NULL,NULL,NULL,'cli-1c68d448f9176a64','org','83999dcd-7f97-11f0-8de1-1ecf66f1aa85',NULL,'{"id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","account_id":"5e1e525a-9545-4671-befe-641f15360c84","parent_org_id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","name":"Sink Org","disabled":0,"created_at_us":1795646626743422,"modified_at_us":1795646626743422}','878970e5265a15225850aa13ae44d2109bde6cbe294556d58a826db52feebf1f');
INSERT INTO "change" VALUES(8,1795646626835428,'operator',NULL,NULL,NULL,'cli-0f2df31c2ae9e08d','org','83999dcd-7f97-11f0-8de1-1ecf66f1aa85','{"id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","account_id":"5e1e525a-9545-4671-befe-641f15360c84","parent_org_id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","name":"Sink Org","disabled":0,"created_at_us":1795646626743422,"modified_at_us":1795646626743422}','{"id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","account_id":"5e1e525a-9545-4671-befe-641f15360c84","parent_org_id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","name":"Renamed Sink","disabled":0,"created_at_us":1795646626743422,"modified_at_us":1795646626835428}','ca0fb65213c7760d3318c7b6831ff6966c9db93c5bcbfd425688eac24fe11301');
INSERT INTO "change" VALUES(9,1795646626921818,'operator',NULL,NULL,NULL,'cli-6f1c93ecbe3aee85','org_connection','aee986e1-4fd2-4d50-94f9-033f7e669e74',NULL,'{"id":"aee986e1-4fd2-4d50-94f9-033f7e669e74","source_org_id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","sink_org_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","connection_types":"logs","created_by":"3ad549bf-eba0-11e9-a77a-0705486660d0","created_at_us":1795646626921818,"modified_at_us":1795646626921818}','2eb0b9fd39999de30a3927c0c4b9b9ea9b259ca9547a7348a5ee9ac08bea7899');
CREATE TABLE ledger (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    epoch    INTEGER NOT NULL CHECK (epoch > 0),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    digest   TEXT    NOT NULL CHECK (length(digest) = 64)
) STRICT;
INSERT INTO "ledger" VALUES(1,1,9,'2eb0b9fd39999de30a3927c0c4b9b9ea9b259ca9547a7348a5ee9ac08bea7899');
CREATE TABLE org (
    id             TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    account_id     TEXT    NOT NULL REFERENCES account (id),
    parent_org_id  TEXT    REFERENCES org (id),
    public_id      TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    disabled       INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at_us  INTEGER NOT NULL,
    modified_at_us INTEGER NOT NULL
) STRICT;
INSERT INTO "org" VALUES('4dee724d-00cc-11ea-a77b-570c9d03c6c5','5e1e525a-9545-4671-befe-641f15360c84',NULL,'fasjyydbcgwwc2uc','Source Org',0,1795646626743422,1795646626743422);
INSERT INTO "org" VALUES('83999dcd-7f97-11f0-8de1-1ecf66f1aa85','5e1e525a-9545-4671-befe-641f15360c84','4dee724d-00cc-11ea-a77b-570c9d03c6c5','83999dcd-7f97-11f0-8de1-1ecf66f1aa85','Renamed Sink',0,1795646626743422,1795646626835428);
CREATE TABLE org_connection (
    id               TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    source_org_id    TEXT    NOT NULL REFERENCES org (id),
    sink_org_id      TEXT    NOT NULL REFERENCES org (id),
    connection_types TEXT    NOT NULL CHECK (connection_types <> ''),
    created_by       TEXT    NOT NULL REFERENCES app_user (id),
    created_at_us    INTEGER NOT NULL,
    modified_at_us   INTEGER NOT NULL,
    UNIQUE (source_org_id, sink_org_id),
    CHECK (source_org_id <> sink_org_id)
) STRICT;
INSERT INTO "org_connection" VALUES('aee986e1-4fd2-4d50-94f9-033f7e669e74','4dee724d-00cc-11ea-a77b-570c9d03c6c5','83999dcd-7f97-11f0-8de1-1ecf66f1aa85','logs','3ad549bf-eba0-11e9-a77a-0705486660d0',1795646626921818,1795646626921818);
CREATE TABLE refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
INSERT INTO "refinery_schema_history" VALUES(1,'org_connections','2026-11-25T22:43:46.728154471Z','15498181608722030787');
CREATE TABLE role (
    id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    org_id        TEXT    NOT NULL REFERENCES org (id),
    name          TEXT    NOT NULL,
    permissions   TEXT    NOT NULL,
    created_at_us INTEGER NOT NULL,
    UNIQUE (org_id, name)
) STRICT;
COMMIT;

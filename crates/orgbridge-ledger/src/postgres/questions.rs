//! What a database is asked by somebody who wants to know what is wrong with it. Engines may lack any of it: nothing depends
//! on an answer.

/// What the server calls itself.
pub(super) const SERVER_VERSION: &str = "SHOW server_version";

/// What a commit waits for.
pub(super) const SYNCHRONOUS_COMMIT: &str = "SHOW synchronous_commit";

/// Settings that lose what was acknowledged where they are off, and what that means.
pub(super) const DURABILITY: [(&str, &str, &str); 3] = [
    ("fsync", "SHOW fsync", "a crash of the machine loses what was acknowledged, or all of it"),
    ("synchronous_commit", SYNCHRONOUS_COMMIT, "a crash loses what was acknowledged last"),
    (
        "full_page_writes",
        "SHOW full_page_writes",
        "a crash of the machine may leave pages that can't be read",
    ),
];

/// Which other servers a commit waits for.
pub(super) const STANDBYS: &str = "SHOW synchronous_standby_names";

/// The server's time in microseconds.
pub(super) const TIME: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// Asks for hints that nobody else sends.
pub(super) const LISTEN: &str = "LISTEN orgbridge_examined";

/// Sends one.
pub(super) const NOTIFY: &str = "NOTIFY orgbridge_examined";

//! The schema, and which versions of it this program can work with.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::storage_error;
use crate::OpenError;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// In the header of the file, where it reads `OrgB`: tells a ledger from any other SQLite database.
const APPLICATION_ID: i64 = 0x4f72_6742;

/// Marks a new file as a ledger.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Makes sure that the file is a ledger and that no newer program has altered it.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let foreign = |cause: String| OpenError::NotALedger { path: path.to_owned(), cause };
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(
        |error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => foreign(error.to_string()),
            _ => storage_error(path, &error),
        },
    )?;
    if id != APPLICATION_ID {
        return Err(foreign("it is a database of another program".to_owned()));
    }
    let found = version(connection).map_err(|error| storage_error(path, &error))?;
    let known = newest();
    if found > known { Err(OpenError::NewerSchema { found, known }) } else { Ok(()) }
}

/// Makes sure that no older program has written it either: what is moved row by row needs the columns of this one.
pub(super) fn require_newest(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = version(connection).map_err(|error| storage_error(path, &error))?;
    let known = newest();
    if found == known {
        return Ok(());
    }
    Err(OpenError::OlderSchema { address: path.display().to_string(), found, known })
}

/// Applies the migrations that the database lacks, each in a transaction.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let found = version(connection).map_err(|error| storage_error(path, &error))?;
    if found == newest() {
        return Ok(());
    }
    match embedded::migrations::runner().run(connection) {
        Ok(_) => Ok(()),
        // Another process may have been faster.
        Err(_) if version(connection).is_ok_and(|version| version == newest()) => Ok(()),
        Err(error) => Err(OpenError::Storage { path: path.to_owned(), cause: error.to_string() }),
    }
}

/// A number that changes with every alteration of the schema, whoever makes it.
pub(super) fn cookie(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))
}

/// The newest version that this program knows.
fn newest() -> u32 {
    let runner = embedded::migrations::runner();
    let versions = runner.get_migrations().iter().map(refinery::Migration::version);
    versions.max().and_then(|version| u32::try_from(version).ok()).unwrap_or(0)
}

/// The version that the database has; 0 for an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    let history: Option<String> = connection
        .query_row(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'refinery_schema_history'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if history.is_none() {
        return Ok(0);
    }
    connection
        .query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))
}

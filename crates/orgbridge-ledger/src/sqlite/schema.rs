//! The schema, and which versions of it this program can work with.

use std::path::Path;
use std::sync::LazyLock;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::{read_position, storage_error};
use crate::schema::{LEAST_SINCE, admit, newest_of, require};
use crate::{OpenError, Position, Unavailable};

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// In the header of the file, where it reads `OrgB`: tells a ledger from any other SQLite database.
const APPLICATION_ID: i64 = 0x4f72_6742;

/// Marks a new file as a ledger.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Makes sure that the file is a ledger which this program can work with, and says which version of the schema it has.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<u32, OpenError> {
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
    let failed = |error: rusqlite::Error| storage_error(path, &error);
    let found = version(connection).map_err(failed)?;
    if found >= LEAST_SINCE {
        let needed = connection.query_row("SELECT least_schema FROM ledger", [], |row| row.get(0));
        admit(needed.map_err(failed)?, newest())?;
    }
    Ok(found)
}

/// Makes sure that it has the version of this program.
pub(super) fn require_newest(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = version(connection).map_err(|error| storage_error(path, &error))?;
    require(path.display(), found, newest())
}

/// Where the ledger stands, unless a newer program has made it one that this program can't work with since it was opened.
pub(super) fn position_in(connection: &Connection) -> Result<Position, Unavailable> {
    let standing = "SELECT epoch, revision, digest, least_schema FROM ledger";
    let (position, needed) = connection
        .prepare_cached(standing)?
        .query_row([], |row| Ok((read_position(row)?, row.get::<_, u32>(3)?)))?;
    admit(needed, newest()).map_err(|_| Unavailable::NewerSchema)?;
    Ok(position)
}

/// Applies the migrations that the database lacks, each in a transaction.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let found = version(connection).map_err(|error| storage_error(path, &error))?;
    if found >= newest() {
        return Ok(());
    }
    match embedded::migrations::runner().run(connection) {
        Ok(_) => Ok(()),
        // Another process may have been faster.
        Err(_) if version(connection).is_ok_and(|version| version >= newest()) => Ok(()),
        Err(error) => Err(OpenError::Storage { path: path.to_owned(), cause: error.to_string() }),
    }
}

/// The newest version that this program knows.
pub(super) fn newest() -> u32 {
    static NEWEST: LazyLock<u32> = LazyLock::new(|| newest_of(&embedded::migrations::runner()));
    *NEWEST
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

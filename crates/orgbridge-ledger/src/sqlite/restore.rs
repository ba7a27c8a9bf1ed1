//! One database replaced by another, in one transaction.

use std::path::Path;

use orgbridge_domain::Timestamp;
use rusqlite::{Connection, params};

use super::{BUSY_TIMEOUT, Sqlite, insert_entry, position_in, read_entry, schema, set_position};
use crate::audit::RESTORED;
use crate::backup::{BackupError, Restored};
use crate::sql::{self, Table};
use crate::{Entry, Position};

impl Sqlite {
    /// Leaves one file with everything in it, as a copy of which `ATTACH` needs it.
    pub(crate) fn into_single_file(self) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "journal_mode", "DELETE")
    }

    /// Replaces everything by what the ledger in the file `source` keeps, and begins a new epoch.
    pub(crate) fn replace_by(
        &self,
        source: &Path,
        now: Timestamp,
        most_listed: u32,
    ) -> Result<Restored, BackupError> {
        let connection = &self.connection;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute("ATTACH DATABASE $1 AS backup", [source.to_string_lossy()])?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let restored = schema::require_newest(connection, &self.path)
            .map_err(BackupError::from)
            .and_then(|()| Ok(replace_in_transaction(connection, now, most_listed)?))
            .and_then(|restored| Ok(connection.execute_batch("COMMIT").map(|()| restored)?));
        if restored.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        connection.execute_batch("DETACH DATABASE backup")?;
        restored
    }
}

fn replace_in_transaction(
    connection: &Connection,
    now: Timestamp,
    most_listed: u32,
) -> rusqlite::Result<Restored> {
    let old = position_in(connection, "main")?;
    let kept = position_in(connection, "backup")?;
    let common: u64 = connection.query_row(
        "SELECT coalesce(max(revision), 0) FROM main.change JOIN backup.change USING (revision, digest)",
        [],
        |row| row.get(0),
    )?;
    // That a restoration of earlier is undone loses nothing.
    let lost = connection.query_row(sql::COUNT_OF_LOST, params![common, RESTORED], |row| row.get(0))?;
    let lost_entries = connection
        .prepare(&sql::lost())?
        .query_map(params![common, RESTORED, most_listed], read_entry)?
        .collect::<Result<Vec<_>, _>>()?;

    // The rows of one table refer to those of another; all of them are there again at the end.
    connection.pragma_update(None, "defer_foreign_keys", true)?;
    let tables: Vec<&str> = Table::all().iter().map(|table| table.name).chain(["trail"]).collect();
    for table in tables.iter().rev() {
        connection.execute(&format!("DELETE FROM main.{table}"), [])?;
    }
    for table in tables {
        let columns = columns_of(connection, table)?;
        connection.execute(
            &format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM backup.{table}"),
            [],
        )?;
    }

    let mut position = Position { epoch: old.epoch.max(kept.epoch).next(), ..kept };
    let entry = Entry::of_replacement("restore", old, position, now);
    position.revision = entry.revision;
    position.digest = entry.digest;
    insert_entry(connection, &entry)?;
    set_position(connection, position)?;
    Ok(Restored { position, lost, lost_entries })
}

/// The columns of a table, which the two databases may hold in different orders.
fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info($1)")?;
    let names = statement.query_map([table], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(names.join(", "))
}

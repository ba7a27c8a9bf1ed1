//! A whole ledger out of a file, and into one.

use std::path::Path;

use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::{
    Sqlite, digest, insert_entry, open_read_only, position_in, schema, set_position, storage_error, trail,
};
use crate::backup::BackupError;
use crate::record::Value;
use crate::sql::{self, Table};
use crate::transfer::{Cells, Destination, Origin, Take};
use crate::{ChainDigest, Entry, OpenError, Position, Revision, Unavailable};

/// A ledger in a file, of which everything is read at one point.
pub(crate) struct SqliteOrigin {
    connection: Connection,
    position: Position,
}

impl SqliteOrigin {
    /// Begins to read the ledger at `path`.
    pub(crate) fn begin(path: &Path) -> Result<Self, OpenError> {
        let origin = Self::look(path)?;
        schema::require_newest(&origin.connection, path)?;
        Ok(origin)
    }

    /// Begins to look at the ledger at `path`, whatever version it has.
    pub(super) fn look(path: &Path) -> Result<Self, OpenError> {
        let connection = open_read_only(path)?;
        let failed = |error: rusqlite::Error| storage_error(path, &error);
        connection.execute_batch("BEGIN").map_err(failed)?;
        let position = position_in(&connection, "main").map_err(failed)?;
        Ok(Self { connection, position })
    }
}

impl Origin for SqliteOrigin {
    fn position(&self) -> Position {
        self.position
    }

    fn indexed(&mut self) -> Result<Revision, Unavailable> {
        Ok(trail::indexed(&self.connection)?)
    }

    fn count(&mut self, table: &Table) -> Result<u64, Unavailable> {
        Ok(self.connection.query_row(&table.count(), [], |row| row.get(0))?)
    }

    fn each_row(&mut self, table: &Table, take: &mut Take<'_>) -> Result<(), BackupError> {
        let unread = |error: rusqlite::Error| BackupError::Unreadable(error.into());
        let mut statement = self.connection.prepare(&table.select()).map_err(unread)?;
        let mut rows = statement.query([]).map_err(unread)?;
        while let Some(row) = rows.next().map_err(unread)? {
            let cell = |place| row.get_ref(place).map_err(Unavailable::from).and_then(value_of);
            take((0..table.width).map(cell).collect::<Result<_, _>>()?)?;
        }
        Ok(())
    }

    fn digest_at(&mut self, revision: Revision) -> Result<Option<ChainDigest>, Unavailable> {
        let mut statement = self.connection.prepare_cached(sql::DIGEST_AT)?;
        Ok(statement.query_row([revision.get()], |row| digest(row, 0)).optional()?)
    }

    fn end(&mut self) -> Result<(), Unavailable> {
        Ok(self.connection.execute_batch("ROLLBACK")?)
    }
}

fn value_of(value: ValueRef<'_>) -> Result<Value<'static>, Unavailable> {
    let unread = |cause: String| Unavailable::Storage { cause };
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(_) => {
            let text = value.as_str().map_err(|error| unread(error.to_string()))?;
            Ok(Value::Text(text.to_owned().into()))
        }
        other => Err(unread(format!("{} where a text or a whole number belongs", other.data_type()))),
    }
}

/// A new ledger in a file of which nobody knows yet.
pub(crate) struct SqliteDestination(Sqlite);

impl SqliteDestination {
    /// Makes it at `path`.
    pub(crate) fn begin(path: &Path) -> Result<Self, OpenError> {
        let database = Sqlite::create(path)?;
        let begun = database.connection.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|error| storage_error(path, &error))?;
        Ok(Self(database))
    }

    /// Ends at `position`, with `entry` as the last of its log if there is one, and leaves one file that is on disk.
    pub(crate) fn finish(self, position: Position, entry: Option<&Entry>) -> Result<(), Unavailable> {
        let connection = &self.0.connection;
        if let Some(entry) = entry {
            insert_entry(connection, entry)?;
        }
        set_position(connection, position)?;
        connection.execute_batch("COMMIT")?;
        Ok(self.0.into_single_file()?)
    }

    fn insert(&mut self, statement: &str, rows: &[Cells]) -> Result<(), Unavailable> {
        let mut statement = self.0.connection.prepare_cached(statement)?;
        for row in rows {
            statement.execute(params_from_iter(row.iter().map(|value| value as &dyn ToSql)))?;
        }
        Ok(())
    }
}

impl Destination for SqliteDestination {
    fn put(&mut self, table: &Table, rows: Vec<Cells>) -> Result<(), Unavailable> {
        self.insert(&table.insert(1), &rows)
    }

    fn put_parents(&mut self, pairs: Vec<Cells>) -> Result<(), Unavailable> {
        self.insert(sql::SET_PARENT, &pairs)
    }

    fn put_indexed(&mut self, revision: Revision) -> Result<(), Unavailable> {
        self.0.connection.execute(sql::SET_INDEXED, params![revision.get()])?;
        Ok(())
    }
}

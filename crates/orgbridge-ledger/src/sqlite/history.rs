//! The history in a file, for those who only read it.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{load, open_read_only, position_in, read_entry, trail};
use crate::audit::Query;
use crate::history::History;
use crate::sql;
use crate::{Entry, OpenError, Position, Revision, Unavailable, View};

/// The history in a file of SQLite.
pub(crate) struct SqliteHistory(Connection);

impl SqliteHistory {
    /// Opens the database at `path`, after the same checks as for writing.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        open_read_only(path).map(Self)
    }
}

impl History for SqliteHistory {
    fn entries(&mut self, query: &Query) -> Result<Vec<Entry>, Unavailable> {
        let mut values = vec![Value::Integer(i64::try_from(query.after.get()).unwrap_or(i64::MAX))];
        let conditions = query.conditions();
        values.extend(conditions.iter().map(|(_, text)| Value::Text((*text).to_owned())));
        values.push(Value::Integer(query.most()));
        let columns: Vec<&str> = conditions.iter().map(|(column, _)| *column).collect();
        let mut statement = self.0.prepare(&sql::audit_query(&columns))?;
        let entries = statement.query_map(params_from_iter(values), read_entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    fn begin(&mut self) -> Result<Position, Unavailable> {
        self.0.execute_batch("BEGIN")?;
        Ok(position_in(&self.0, "main")?)
    }

    fn end(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
    }

    fn indexed(&mut self) -> Result<Option<Revision>, Unavailable> {
        Ok(if trail::has_trails(&self.0)? { Some(trail::indexed(&self.0)?) } else { None })
    }

    fn every_entry(&mut self, see: &mut dyn FnMut(Result<Entry, Revision>)) -> Result<(), Unavailable> {
        let mut statement = self.0.prepare(&sql::every_entry())?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match read_entry(row) {
                Ok(entry) => see(Ok(entry)),
                Err(_) => see(Err(Revision::new(row.get(0)?))),
            }
        }
        Ok(())
    }

    fn every_place(&mut self, see: &mut dyn FnMut(&str, i64, u64)) -> Result<(), Unavailable> {
        let mut statement = self.0.prepare(sql::EVERY_PLACE)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            see(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, row.get(1)?, row.get(2)?);
        }
        Ok(())
    }

    fn everything(&mut self) -> Result<View, Unavailable> {
        load::everything(&self.0)
    }
}

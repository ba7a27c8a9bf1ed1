//! Entities into tables.

use std::borrow::Cow;

use orgbridge_domain::Change;
use rusqlite::types::{ToSql, ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use crate::Unavailable;
use crate::record::{BadRecord, Source, Value};
use crate::sql::{RowStatement, RowStatements};

/// Makes `change` true in its table.
pub(super) fn write(
    statements: &RowStatements,
    connection: &Connection,
    change: &Change,
) -> Result<(), Unavailable> {
    let RowStatement { table, alteration: _, sql, values } = statements.of(change);
    let rows = connection.prepare_cached(&sql)?.execute(params_from_iter(&values))?;
    if rows == 1 {
        Ok(())
    } else {
        // Somebody has altered the tables behind the log's back.
        Err(Unavailable::Storage { cause: format!("{rows} rows of {table} have the id of one entity") })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Id(id) => ToSqlOutput::Owned(SqlValue::Text(id.as_hyphenated().to_string())),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl Source for Row<'_> {
    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>, BadRecord> {
        match self.get_ref(column).map_err(|error| BadRecord::at(column, error))? {
            ValueRef::Null => Ok(None),
            value => value
                .as_str()
                .map(|text| Some(Cow::Borrowed(text)))
                .map_err(|error| BadRecord::at(column, error)),
        }
    }

    fn integer(&self, column: usize) -> Result<i64, BadRecord> {
        self.get_ref(column)
            .map_err(|error| BadRecord::at(column, error))?
            .as_i64()
            .map_err(|error| BadRecord::at(column, error))
    }

    fn is_null(&self, column: usize) -> Result<bool, BadRecord> {
        let value = self.get_ref(column).map_err(|error| BadRecord::at(column, error))?;
        Ok(value == ValueRef::Null)
    }
}

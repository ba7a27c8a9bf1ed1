//! Tables into memory.

use rusqlite::{Connection, OptionalExtension};

use super::{position_in, schema};
use crate::load::{self, Hopper};
use crate::record::Record;
use crate::schema::{refuse_unread, unknown_to_us};
use crate::sql::{self, record_tables};
use crate::{Unavailable, View};

/// Reads everything. The caller has a transaction open, so that it is all of one point of history.
pub(super) fn everything(connection: &Connection) -> Result<View, Unavailable> {
    let position = position_in(connection, "main")?;
    let (found, known) = (schema::version(connection)?, schema::newest());
    if found > known {
        refuse_unknown_kinds(connection)?;
    }
    let state = load::state(|hopper| tables(connection, found, hopper));
    Ok(View { position, state: refuse_unread(state, found, known)? })
}

/// What a newer program keeps in tables that this one does not know may matter to every answer.
fn refuse_unknown_kinds(connection: &Connection) -> Result<(), Unavailable> {
    let unknown: Option<String> =
        connection.query_row(&sql::unknown_kind(), [], |row| row.get(0)).optional()?;
    unknown.map_or(Ok(()), |kind| Err(unknown_to_us(&kind)))
}

fn tables(connection: &Connection, version: u32, hopper: &Hopper) -> Result<(), Unavailable> {
    macro_rules! each {
        ($($record:ty),+) => { $(table::<$record>(connection, version, hopper)?;)+ };
    }
    record_tables!(each);
    Ok(())
}

fn table<R: Record + Send>(
    connection: &Connection,
    version: u32,
    hopper: &Hopper,
) -> Result<(), Unavailable> {
    // Whoever only reads finds a database as an earlier version left it. In any other a table that is gone is a fault.
    if version < R::SINCE {
        return Ok(());
    }
    let count = format!("SELECT count(*) FROM {}", R::TABLE);
    let mut table = hopper.table::<R>(connection.query_row(&count, [], |row| row.get(0))?);
    let sql = format!("SELECT {} FROM {}", columns::<R>(connection)?, R::TABLE);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        table.put(row)?;
    }
    table.finish();
    Ok(())
}

/// What to select. Whoever only reads finds the tables of earlier versions as those left them, and takes for a
/// column that they lack what its absence means.
fn columns<R: Record>(connection: &Connection) -> Result<String, Unavailable> {
    let mut statement = connection.prepare("SELECT count(*) FROM pragma_table_info($1) WHERE name = $2")?;
    let mut columns = Vec::new();
    for name in R::COLUMNS {
        let added = R::ADDED.iter().find(|(added, _)| added == name);
        let lacking = match added {
            Some((_, text))
                if statement
                    .query_row([R::TABLE, name], |row| row.get(0))
                    .map(|count: i64| count == 0)? =>
            {
                Some(*text)
            }
            _ => None,
        };
        columns.push(match lacking {
            None => (*name).to_owned(),
            Some(None) => "NULL".to_owned(),
            Some(Some(text)) => format!("'{text}'"),
        });
    }
    Ok(columns.join(", "))
}

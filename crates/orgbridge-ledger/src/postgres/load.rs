//! Tables into memory.

use std::collections::BTreeSet;

use super::link::Link;
use super::session::Request;
use super::trouble::Trouble;
use super::{row, schema, words};
use crate::load::{self, Hopper};
use crate::record::Record;
use crate::schema::{refuse_unread, unknown_to_us};
use crate::sql::{self, record_tables};
use crate::{Position, Unavailable, View};

/// Which columns there are, and the version of the schema that they belong to.
struct Tables {
    version: u32,
    columns: BTreeSet<(String, String)>,
}

/// Reads everything at `position`. The caller has a transaction open there.
pub(super) fn everything(link: &mut Link, position: Position) -> Result<View, Unavailable> {
    let unavailable = |trouble: Trouble| trouble.unavailable;
    let tables = Tables::of(link).map_err(unavailable)?;
    let (found, known) = (tables.version, schema::newest());
    if found > known {
        refuse_unknown_kinds(link)?;
    }
    let state = load::state(|hopper| {
        macro_rules! each {
            ($($record:ty),+) => { $(table::<$record>(link, &tables, hopper)?;)+ };
        }
        record_tables!(each);
        Ok(())
    });
    Ok(View { position, state: refuse_unread(state, found, known)? })
}

/// What a newer program keeps in tables that this one does not know may matter to every answer.
fn refuse_unknown_kinds(link: &mut Link) -> Result<(), Unavailable> {
    let unknown = link.ask(|session| async move {
        let found = session.rows(&Request::long(sql::unknown_kind())).await?;
        found.first().map(|kind| row::text(kind, 0)).transpose()
    });
    let unknown = unknown.map_err(|trouble| trouble.unavailable)?;
    unknown.map_or(Ok(()), |kind| Err(unknown_to_us(&kind)))
}

fn table<R: Record + Send>(link: &mut Link, tables: &Tables, hopper: &Hopper) -> Result<(), Unavailable> {
    let unavailable = |trouble: Trouble| trouble.unavailable;
    // Whoever only reads finds a database as an earlier version left it. In any other a table that is gone is a fault.
    if tables.version < R::SINCE {
        return Ok(());
    }
    let count = Request::long(words::count_of(R::TABLE));
    let count = link.ask(|session| async move { session.row(&count).await });
    let mut hopper = hopper.table::<R>(count.and_then(|count| row::number(&count, 0)).map_err(unavailable)?);
    let all = Request::long(words::all_of(R::TABLE, &tables.columns_of::<R>()));
    let mut rows = link.cursor(all).map_err(unavailable)?;
    while let Some(row) = rows.next().map_err(unavailable)? {
        hopper.put(&row)?;
    }
    hopper.finish();
    Ok(())
}

impl Tables {
    fn of(link: &mut Link) -> Result<Self, Trouble> {
        link.ask(|session| async move {
            let version = session.row(&Request::new(words::VERSION, [])).await?;
            let columns = session.rows(&Request::new(words::COLUMNS, [])).await?;
            let names = columns.iter().map(|column| Ok((row::text(column, 0)?, row::text(column, 1)?)));
            Ok(Self {
                version: schema::version_in(&version, 0)?,
                columns: names.collect::<Result<_, Trouble>>()?,
            })
        })
    }

    /// What to select. Whoever only reads finds the tables of earlier versions as those left them, and takes for a column
    /// that they lack what its absence means.
    fn columns_of<R: Record>(&self) -> String {
        let columns = R::COLUMNS.iter().map(|name| {
            let added = R::ADDED.iter().find(|(added, _)| added == name);
            let is_there = self.columns.contains(&(R::TABLE.to_owned(), (*name).to_owned()));
            match added {
                Some((_, text)) if !is_there => words::absent(*text),
                _ => (*name).to_owned(),
            }
        });
        columns.collect::<Vec<_>>().join(", ")
    }
}

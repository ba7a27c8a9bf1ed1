//! A whole ledger on its way from one database into another.
//!
//! It goes row by row, table by table, so that no more of it is in memory than a few thousand rows, and is read at one
//! point of its history while others go on writing. What it becomes is seen by nobody before it is whole: the other side
//! takes it in one transaction.

use crate::backup::BackupError;
use crate::record::Value;
use crate::sql::Table;
use crate::{ChainDigest, Position, Revision, Unavailable};

/// How many rows are handed over together.
const BUNDLE: usize = 4096;

/// The values of a row, in the order of its table's columns.
pub(crate) type Cells = Vec<Value<'static>>;

/// Takes a row, or says what is wrong with the other side.
pub(crate) type Take<'t> = dyn FnMut(Cells) -> Result<(), BackupError> + 't;

/// A ledger that is read, all of it at one point of its history.
pub(crate) trait Origin {
    /// Which point that is.
    fn position(&self) -> Position;

    /// Up to which revision the index of trails is filled.
    fn indexed(&mut self) -> Result<Revision, Unavailable>;

    /// How many rows a table has.
    fn count(&mut self, table: &Table) -> Result<u64, Unavailable>;

    /// Shows every row of a table.
    fn each_row(&mut self, table: &Table, take: &mut Take<'_>) -> Result<(), BackupError>;

    /// What vouches for the history up to a revision; `None` if it does not go so far.
    fn digest_at(&mut self, revision: Revision) -> Result<Option<ChainDigest>, Unavailable>;

    /// Ends the reading, and makes sure that everything was of that point.
    fn end(&mut self) -> Result<(), Unavailable>;
}

/// An empty ledger that is filled, in a transaction that is open.
pub(crate) trait Destination {
    /// Puts rows into a table.
    fn put(&mut self, table: &Table, rows: Vec<Cells>) -> Result<(), Unavailable>;

    /// Says under which other org each org stands: the ids of the one above and the one below.
    fn put_parents(&mut self, pairs: Vec<Cells>) -> Result<(), Unavailable>;

    /// Notes that the index of trails is filled up to a revision.
    fn put_indexed(&mut self, revision: Revision) -> Result<(), Unavailable>;
}

/// How far a ledger has come on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many rows are written.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// Has everything go over. What belongs together in the end is not committed here.
pub(crate) fn transfer(
    origin: &mut impl Origin,
    destination: &mut impl Destination,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), BackupError> {
    let tables = Table::all();
    let counts = tables.iter().map(|table| origin.count(table)).collect::<Result<Vec<_>, _>>()?;
    let (mut done, total) = (0, counts.iter().sum());
    progress(Progress { done, total });
    for table in &tables {
        // An org may come before the one above it, so which that is comes after all of them.
        let later = table.place_of("parent_org_id");
        in_bundles(
            origin,
            table,
            |mut row| {
                if let Some(parent) = later.and_then(|place| row.get_mut(place)) {
                    *parent = Value::Null;
                }
                Some(row)
            },
            |rows| {
                done += rows.len() as u64;
                destination.put(table, rows)?;
                progress(Progress { done, total });
                Ok(())
            },
        )?;
    }
    let stands_below = |row: Cells| -> Option<Cells> {
        (row.get(1) != Some(&Value::Null)).then(|| row.into_iter().rev().collect())
    };
    in_bundles(origin, &Table::parents(), stands_below, |pairs| destination.put_parents(pairs))?;
    let indexed = origin.indexed()?;
    destination.put_indexed(indexed).map_err(BackupError::NotWritten)
}

fn in_bundles(
    origin: &mut impl Origin,
    table: &Table,
    mut pick: impl FnMut(Cells) -> Option<Cells>,
    mut put: impl FnMut(Vec<Cells>) -> Result<(), Unavailable>,
) -> Result<(), BackupError> {
    let mut bundle = Vec::with_capacity(BUNDLE);
    origin.each_row(table, &mut |row| {
        bundle.extend(pick(row));
        if bundle.len() == BUNDLE {
            put(std::mem::replace(&mut bundle, Vec::with_capacity(BUNDLE)))
                .map_err(BackupError::NotWritten)?;
        }
        Ok(())
    })?;
    if bundle.is_empty() { Ok(()) } else { put(bundle).map_err(BackupError::NotWritten) }
}

/// Up to which revision two histories are one. Each digest vouches for all that came before it, so half of what is left
/// need not be looked at each time.
pub(crate) fn common(
    last: Revision,
    mut one: impl FnMut(Revision) -> Result<Option<ChainDigest>, Unavailable>,
    mut other: impl FnMut(Revision) -> Result<Option<ChainDigest>, Unavailable>,
) -> Result<Revision, Unavailable> {
    let (mut same, mut differs) = (0, last.get() + 1);
    while differs - same > 1 {
        let middle = same + (differs - same) / 2;
        let (left, right) = (one(Revision::new(middle))?, other(Revision::new(middle))?);
        if left.is_some() && left == right { same = middle } else { differs = middle }
    }
    Ok(Revision::new(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_histories_are_one_up_to_where_they_part() {
        let digest = |history: u8, parted: u64| {
            move |revision: Revision| {
                let is_common = revision.get() <= parted;
                Ok(Some(ChainDigest::from_bytes([if is_common { 0 } else { history }; 32])))
            }
        };
        for last in 0..20 {
            for parted in 0..=last {
                let common = common(Revision::new(last), digest(1, parted), digest(2, parted));
                assert_eq!(common, Ok(Revision::new(parted)));
            }
        }
    }
}

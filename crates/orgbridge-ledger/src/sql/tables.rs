//! The tables of a ledger, as their rows go from one database into another.

use super::{ATTEMPT_COLUMNS, ENTRY_COLUMNS, places, record_tables};
use crate::audit::RESTORED;
use crate::record::Record;

/// Says under which org $2 stands: $1 is the other.
pub(crate) const SET_PARENT: &str = "UPDATE org SET parent_org_id = $1 WHERE id = $2";

/// How many changes after revision $1 are of another kind than $2.
pub(crate) const COUNT_OF_LOST: &str = "SELECT count(*) FROM change WHERE revision > $1 AND entity <> $2";

/// What vouches for the history up to revision $1.
pub(crate) const DIGEST_AT: &str = "SELECT digest FROM change WHERE revision = $1";

/// The first $3 of those changes.
pub(crate) fn lost() -> String {
    format!(
        "SELECT {ENTRY_COLUMNS} FROM change WHERE revision > $1 AND entity <> $2 ORDER BY revision LIMIT $3"
    )
}

/// A kind of change that this program does not know, if the log has any.
pub(crate) fn unknown_kind() -> String {
    let mut known = vec![format!("'{RESTORED}'")];
    macro_rules! each {
        ($($record:ty),+) => { $(known.push(format!("'{}'", <$record>::TABLE));)+ };
    }
    record_tables!(each);
    format!("SELECT entity FROM change WHERE entity NOT IN ({}) LIMIT 1", known.join(", "))
}

/// A table, or some columns of one.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// What it is called.
    pub(crate) name: &'static str,
    /// How many columns it has.
    pub(crate) width: usize,
    columns: String,
}

impl Table {
    /// All that make up a ledger, those that others refer to first. `ledger` and `trail` are not among them: they have one
    /// row each, which says how far the others go.
    pub(crate) fn all() -> Vec<Self> {
        let mut tables = Vec::new();
        macro_rules! each {
            ($($record:ty),+) => {
                $(tables.push(Self::of(<$record>::TABLE, <$record>::COLUMNS.join(", ")));)+
            };
        }
        record_tables!(each);
        let of_key = "key_id, last_used_at_us";
        tables.extend([
            Self::of("api_key_use", of_key),
            Self::of("application_key_use", of_key),
            Self::of("change", ENTRY_COLUMNS),
            Self::of("change_of_org", "org_id, at_us, revision"),
            Self::of("refused_attempt", ATTEMPT_COLUMNS),
        ]);
        tables
    }

    /// Which org stands under which: an org may come before the one above it.
    pub(crate) fn parents() -> Self {
        Self::of("org", "id, parent_org_id")
    }

    fn of(name: &'static str, columns: impl Into<String>) -> Self {
        let columns = columns.into();
        Self { name, width: columns.split(", ").count(), columns }
    }

    /// The place of a column.
    pub(crate) fn place_of(&self, column: &str) -> Option<usize> {
        self.columns.split(", ").position(|name| name == column)
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> String {
        format!("SELECT count(*) FROM {}", self.name)
    }

    /// All of them.
    pub(crate) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.columns, self.name)
    }

    /// Puts in so many.
    pub(crate) fn insert(&self, rows: usize) -> String {
        format!("INSERT INTO {} ({}) VALUES {}", self.name, self.columns, places(rows, self.width))
    }
}

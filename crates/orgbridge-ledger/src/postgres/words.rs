//! What is said to a server that speaks as PostgreSQL does, beside what [every database](crate::sql) takes.
//!
//! PostgreSQL is not the only one: CockroachDB, YugabyteDB and Citus take this, too. A test looks for whatever they lack.

use std::collections::HashMap;
use std::sync::Arc;

use crate::record::Record;
use crate::sql::{self, Alteration, RowStatements, record_tables};

/// What is set on each connection, as far as the server knows of it.
///
/// Whoever waits for the lock looks up often, so that readers don't fall behind. A process that stands still in the midst
/// of a transaction, and says nothing any more, does not keep the lock from all others.
pub(super) const SETTINGS: [&str; 2] =
    ["SET lock_timeout = 100", "SET idle_in_transaction_session_timeout = 3000"];

/// Begins a transaction that writes. It locks the row of the ledger first, so it sees all that was committed before.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Begins a transaction that sees one point of history.
pub(super) const BEGIN_TO_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) const COMMIT: &str = "COMMIT";

pub(super) const ROLLBACK: &str = "ROLLBACK";

/// Where the ledger stands, whatever version it has.
pub(super) const POSITION: &str = "SELECT epoch, revision, digest FROM ledger";

/// Where the ledger stands, and which version of its schema a program has to know at the least.
pub(super) const STANDING: &str = "SELECT epoch, revision, digest, least_schema FROM ledger";

/// The same for whoever is going to move it.
pub(super) const LOCKED_STANDING: &str =
    "SELECT epoch, revision, digest, least_schema FROM ledger FOR UPDATE";

/// Which version of the schema a program has to know at the least.
pub(super) const LEAST_SCHEMA: &str = "SELECT least_schema FROM ledger";

/// Whether the server takes no writes, since it is the copy of another.
pub(super) const READ_ONLY: &str = "SHOW transaction_read_only";

/// The version of the schema.
pub(super) const VERSION: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// Which tables there are.
pub(super) const TABLES: &str =
    "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema";

/// Which columns they have.
pub(super) const COLUMNS: &str =
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema";

/// How many rows a table has.
pub(super) fn count_of(table: &str) -> String {
    format!("SELECT count(*) FROM {table}")
}

/// What stands in columns of a table.
pub(super) fn all_of(table: &str, columns: &str) -> String {
    format!("SELECT {columns} FROM {table}")
}

/// Stands for a column that an earlier version of the schema lacks.
pub(super) fn absent(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| format!("'{text}'"))
}

/// Removes tables, if they are there.
pub(super) fn drop_all<'t>(tables: impl Iterator<Item = &'t str>) -> String {
    let drops = tables.map(|table| format!("DROP TABLE IF EXISTS {table}"));
    drops.collect::<Vec<_>>().join("; ")
}

/// Takes seat $1 among those who serve: it is at turn $2, its lease lasts $3 microseconds, and its holder knows revision $5
/// of epoch $4.
pub(super) const ENTER: &str =
    "INSERT INTO replica (id, turn, lease_us, epoch, revision) VALUES ($1, $2, $3, $4, $5)";

/// Moves seat $3 to turn $4, if it is at the turn before that: its holder knows revision $2 of epoch $1.
pub(super) const RENEW: &str =
    "UPDATE replica SET turn = turn + 1, epoch = $1, revision = $2 WHERE id = $3 AND turn + 1 = $4";

/// All seats.
pub(super) const SEATS: &str = "SELECT id, turn, lease_us, epoch, revision FROM replica";

/// Takes seat $1 away, if it is at turn $2.
pub(super) const REMOVE: &str = "DELETE FROM replica WHERE id = $1 AND turn = $2";

/// Asks to be told of commits. Not every engine can; the poll alone is enough.
pub(super) const LISTEN: &str = "LISTEN orgbridge_committed";

/// Tells of a commit, by the name of whoever made it.
pub(super) fn notify(name: u64) -> String {
    format!("NOTIFY orgbridge_committed, '{name:016x}'")
}

/// The statements that alter the rows of entities.
///
/// All are sent before the first is answered. So a row that has to be there is counted by the statement itself, which
/// fails by dividing by nothing where it is not.
pub(super) fn row_statements() -> RowStatements {
    RowStatements::worded(|alteration, plain| match alteration {
        Alteration::Insert => plain,
        Alteration::Update | Alteration::Delete => guarded(&format!("{plain} RETURNING id"), 1),
    })
}

/// Fails by dividing by nothing unless `statement` returns so many rows.
fn guarded(statement: &str, rows: usize) -> String {
    format!("WITH kept AS ({statement}) SELECT 1 / CASE count(*) WHEN {rows} THEN 1 ELSE 0 END FROM kept")
}

/// Statements that change many rows of a table at once, in a few sizes.
pub(super) struct Updates(HashMap<&'static str, Vec<(usize, Arc<str>)>>);

impl Updates {
    /// How many rows a statement changes at the most.
    pub(super) const MOST: usize = 64;

    const SIZES: [usize; 6] = [Self::MOST, 32, 16, 8, 4, 2];

    /// Of every table that there are such statements for.
    pub(super) fn of_all() -> Self {
        let mut words = HashMap::new();
        macro_rules! each {
            ($($record:ty),+) => { $(words.insert(<$record>::TABLE, Self::of::<$record>());)+ };
        }
        record_tables!(each);
        Self(words)
    }

    fn of<R: Record>() -> Vec<(usize, Arc<str>)> {
        let words = |size| Some((size, Arc::from(guarded(&sql::update_of_many::<R>(size)?, size))));
        Self::SIZES.into_iter().filter_map(words).collect()
    }

    /// The greatest statement that changes no more than so many rows of a table, and how many it does change.
    pub(super) fn within(&self, table: &str, rows: usize) -> Option<(usize, Arc<str>)> {
        self.0.get(table)?.iter().find(|(size, _)| *size <= rows).cloned()
    }
}

/// How long, in milliseconds, whoever replaces everything waits until nobody reads it any more.
pub(super) const WAIT_FOR_READERS: &str = "SET LOCAL lock_timeout = 10000";

/// Empties tables. Deleting their rows one by one would look up what refers to each, and take hours.
pub(super) fn empty(tables: &[&str]) -> String {
    format!("TRUNCATE {}", tables.join(", "))
}

/// One statement that writes many rows, in a few sizes: the server makes something of each of them once.
pub(super) struct Insertion {
    width: usize,
    sizes: Vec<(usize, Arc<str>)>,
}

impl Insertion {
    /// Of audit entries.
    pub(super) fn of_entries() -> Self {
        Self::of(sql::ENTRY_WIDTH, sql::insert_entries)
    }

    /// Of places in the index of trails.
    pub(super) fn of_places() -> Self {
        Self::of(sql::PLACE_WIDTH, sql::insert_places)
    }

    /// Of rows of so many columns.
    pub(super) fn of(width: usize, words: impl Fn(usize) -> String) -> Self {
        let sizes = [256, 128, 64, 32, 16, 8, 4, 2, 1];
        Self { width, sizes: sizes.map(|size| (size, Arc::from(words(size)))).into() }
    }

    /// How values are to be parted, and what to say with each part.
    pub(super) fn parts<V>(&self, mut values: Vec<V>) -> Vec<(Arc<str>, Vec<V>)> {
        let mut parts = Vec::new();
        for (size, words) in &self.sizes {
            let length = size * self.width;
            while values.len() >= length {
                let rest = values.split_off(length);
                parts.push((Arc::clone(words), std::mem::replace(&mut values, rest)));
            }
        }
        parts
    }
}

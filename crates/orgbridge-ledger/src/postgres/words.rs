//! What is said to a server that speaks as PostgreSQL does, beside what [every database](crate::sql) takes.
//!
//! PostgreSQL is not the only one: CockroachDB, YugabyteDB and Citus take this, too. A test looks for whatever they lack.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;
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

/// How many of so many rows go into the next statement, of which none takes more than `most`.
///
/// The server makes something of each statement once, and takes longer to begin one than to alter a row. So every number
/// that a usual batch may have is a statement of its own, and of the greater numbers only few are.
fn next_size(rows: usize, most: usize) -> usize {
    const EACH: usize = 32;
    let rows = rows.min(most);
    if rows <= EACH { rows } else { 1 << rows.ilog2() }
}

/// Statements that change many rows of a table at once, each worded when it is first wanted.
pub(super) struct Updates {
    words: HashMap<&'static str, fn(usize) -> Option<String>>,
    worded: HashMap<(&'static str, usize), Arc<str>>,
}

impl Updates {
    /// How many rows a statement changes at the most.
    pub(super) const MOST: usize = 64;

    /// Of every table.
    pub(super) fn of_all() -> Self {
        let mut words = HashMap::new();
        macro_rules! each {
            ($($record:ty),+) => { $(words.insert(<$record>::TABLE, Self::words::<$record> as fn(_) -> _);)+ };
        }
        record_tables!(each);
        Self { words, worded: HashMap::new() }
    }

    fn words<R: Record>(rows: usize) -> Option<String> {
        sql::update_of_many::<R>(rows).map(|statement| guarded(&statement, rows))
    }

    /// The statement that changes the first of so many rows of a table, and how many it does change. `None` where each has
    /// to be changed by itself.
    pub(super) fn within(&mut self, table: &'static str, rows: usize) -> Option<(usize, Arc<str>)> {
        let size = next_size(rows, Self::MOST);
        if size < 2 {
            return None;
        }
        let words = match self.worded.entry((table, size)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.words.get(table)?(size)?.into()),
        };
        Some((size, Arc::clone(words)))
    }
}

/// How long, in milliseconds, whoever replaces everything waits until nobody reads it any more.
pub(super) const WAIT_FOR_READERS: &str = "SET LOCAL lock_timeout = 10000";

/// Empties tables. Deleting their rows one by one would look up what refers to each, and take hours.
pub(super) fn empty(tables: &[&str]) -> String {
    format!("TRUNCATE {}", tables.join(", "))
}

/// Statements that write many rows of one table, each worded when it is first wanted.
pub(super) struct Insertion {
    width: usize,
    words: Box<dyn Fn(usize) -> String + Send>,
    worded: HashMap<usize, Arc<str>>,
}

impl Insertion {
    /// How many rows a statement writes at the most.
    const MOST: usize = 256;

    /// Of audit entries.
    pub(super) fn of_entries() -> Self {
        Self::of(sql::ENTRY_WIDTH, sql::insert_entries)
    }

    /// Of places in the index of trails.
    pub(super) fn of_places() -> Self {
        Self::of(sql::PLACE_WIDTH, sql::insert_places)
    }

    /// Of rows of so many columns.
    pub(super) fn of(width: usize, words: impl Fn(usize) -> String + Send + 'static) -> Self {
        Self { width, words: Box::new(words), worded: HashMap::new() }
    }

    /// How values are to be parted, and what to say with each part.
    pub(super) fn parts<V>(&mut self, mut values: Vec<V>) -> Vec<(Arc<str>, Vec<V>)> {
        let mut parts = Vec::new();
        while values.len() >= self.width {
            let size = next_size(values.len() / self.width, Self::MOST);
            let words = self.worded.entry(size).or_insert_with(|| (self.words)(size).into());
            let rest = values.split_off(size * self.width);
            parts.push((Arc::clone(words), mem::replace(&mut values, rest)));
        }
        parts
    }
}

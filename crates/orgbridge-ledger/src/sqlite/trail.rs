//! The audit trails of orgs: what the writer writes for them, and how they are read beside it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use orgbridge_domain::Timestamp;
use rusqlite::{Connection, Params, Row, params};

use super::{FileIdentity, open_read_only, read_entry, schema};
use crate::index::{Concern, places_of};
use crate::sql;
use crate::trail::{Horizon, Stretch, Visit};
use crate::trail_reader::{self, Page, Readers, TrailSource, may_concern};
use crate::{Actor, Attempt, Entry, OpenError, Position, RefusedAttempt, Revision, Unavailable, View};

/// How many connections are kept open for the next reader.
const MAX_IDLE: usize = 4;

/// Whether the database has trails: whoever only reads may find the tables of an earlier version.
pub(super) fn has_trails(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'trail'";
    connection.query_row(sql, [], |row| row.get(0)).map(|count: i64| count > 0)
}

/// Up to which revision the index is filled.
pub(super) fn indexed(connection: &Connection) -> rusqlite::Result<Revision> {
    connection.prepare_cached(sql::INDEXED)?.query_row([], |row| Ok(Revision::new(row.get(0)?)))
}

/// Puts changes up to `through` into the index.
pub(super) fn index(
    connection: &Connection,
    concerns: &[Concern],
    through: Revision,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(&sql::insert_places(1))?;
    for (org, at, revision) in places_of(concerns) {
        insert.execute(params![org.to_string(), at, revision])?;
    }
    connection.prepare_cached(sql::SET_INDEXED)?.execute([through.get()]).map(drop)
}

/// Keeps an attempt as the last of its org, and forgets the oldest past the newest `most`.
pub(super) fn insert_attempt(
    connection: &Connection,
    refused: &RefusedAttempt,
    most: u32,
) -> rusqlite::Result<()> {
    let RefusedAttempt { at, unrecorded, attempt, number: _ } = refused;
    let org = attempt.org.to_string();
    connection.prepare_cached(sql::INSERT_ATTEMPT)?.execute(params![
        org,
        at.micros(),
        attempt.actor.user_id.as_deref().unwrap_or_default(),
        attempt.actor.credential.as_deref().unwrap_or_default(),
        attempt.request_id,
        attempt.action.as_str(),
        attempt.entity,
        attempt.entity_id,
        attempt.status,
        attempt.reason,
        unrecorded,
    ])?;
    connection.prepare_cached(sql::FORGET_ATTEMPTS)?.execute(params![org, most]).map(drop)
}

fn read_attempt(row: &Row<'_>) -> rusqlite::Result<RefusedAttempt> {
    let org: String = row.get(0)?;
    let action: String = row.get(6)?;
    let action = crate::Action::ALL.into_iter().find(|known| known.as_str() == action);
    let unread = |column| {
        move || rusqlite::Error::InvalidColumnType(column, String::new(), rusqlite::types::Type::Text)
    };
    Ok(RefusedAttempt {
        number: row.get(1)?,
        at: Timestamp::from_micros(row.get(2)?),
        unrecorded: row.get(11)?,
        attempt: Attempt {
            org: org.parse().map_err(|_| unread(0)())?,
            actor: Actor {
                kind: "user".to_owned(),
                org_id: Some(org),
                user_id: row.get(3)?,
                credential: row.get(4)?,
            },
            request_id: row.get(5)?,
            action: action.ok_or_else(unread(6))?,
            entity: row.get::<_, String>(7)?.into(),
            entity_id: row.get(8)?,
            status: row.get(9)?,
            reason: row.get(10)?,
        },
    })
}

/// Connections for those who read trails. They read beside the writer, and nobody waits for anybody.
pub(crate) struct SqliteReaders {
    path: PathBuf,
    place: Option<FileIdentity>,
    /// Connections that nobody reads by; `None` once the ledger is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl SqliteReaders {
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), place: FileIdentity::of(path), idle: Mutex::new(Some(Vec::new())) }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readers for SqliteReaders {
    fn read(&self, view: &View, stretch: &Stretch, visit: &mut Visit<'_>) -> Result<Horizon, Unavailable> {
        // As for the writer: what stands in the place of our database is not ours.
        if FileIdentity::of(&self.path) != self.place {
            return Err(Unavailable::Gone);
        }
        let idle = self.idle().as_mut().map(Vec::pop).ok_or(Unavailable::Closed)?;
        let connection = idle.map_or_else(|| open_read_only(&self.path).map_err(not_opened), Ok)?;
        connection.execute_batch("BEGIN")?;
        let read = trail_reader::read(&mut Snapshot(&connection), view, stretch, visit);
        connection.execute_batch("ROLLBACK")?;
        if let Some(idle) = &mut *self.idle()
            && idle.len() < MAX_IDLE
        {
            idle.push(connection);
        }
        read
    }

    /// It is one whole file when its last connection is closed, and that is to be the writer's.
    fn close(&self) {
        *self.idle() = None;
    }
}

fn not_opened(error: OpenError) -> Unavailable {
    match error {
        OpenError::NewerSchema { .. } => Unavailable::NewerSchema,
        OpenError::Missing(_) => Unavailable::Gone,
        other => Unavailable::Storage { cause: other.to_string() },
    }
}

/// A connection with a transaction open.
struct Snapshot<'c>(&'c Connection);

impl Snapshot<'_> {
    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Unavailable> {
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_map(params, read)?.collect::<Result<_, _>>()?)
    }
}

fn of_page(page: &Page<'_>) -> impl Params {
    let (at, number) = page.place;
    (page.org.to_owned(), page.from.micros(), page.to.micros(), at, number, page.last, page.most)
}

impl TrailSource for Snapshot<'_> {
    fn position(&mut self) -> Result<Position, Unavailable> {
        schema::position_in(self.0)
    }

    fn last_attempt(&mut self, org: &str) -> Result<u64, Unavailable> {
        Ok(self.0.prepare_cached(sql::LAST_ATTEMPT)?.query_row([org], |row| row.get(0))?)
    }

    fn indexed(&mut self) -> Result<Revision, Unavailable> {
        Ok(indexed(self.0)?)
    }

    fn entries_between(
        &mut self,
        after: Revision,
        last: Revision,
        org: &str,
        see: &mut dyn FnMut(Entry),
    ) -> Result<(), Unavailable> {
        let mut statement = self.0.prepare_cached(&sql::entries_between())?;
        let mut rows = statement.query([after.get(), last.get()])?;
        while let Some(row) = rows.next()? {
            let text = |column| {
                Ok::<_, Unavailable>(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?)
            };
            if may_concern(org, text(sql::ACTOR_ORG)?, [text(sql::ROW_BEFORE)?, text(sql::ROW_AFTER)?]) {
                see(read_entry(row)?);
            }
        }
        Ok(())
    }

    fn changes(&mut self, page: &Page<'_>) -> Result<Vec<Entry>, Unavailable> {
        self.all(&sql::changes_of_org(page.direction), of_page(page), read_entry)
    }

    fn refusals(&mut self, page: &Page<'_>) -> Result<Vec<RefusedAttempt>, Unavailable> {
        self.all(&sql::attempts_of_org(page.direction), of_page(page), read_attempt)
    }
}

//! The audit trails of orgs: what the writer writes for them, and how they are read beside it.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use orgbridge_domain::{Direction, Timestamp};
use rusqlite::{Connection, Row, Rows, Statement, params};

use super::{ENTRY_COLUMNS, FileIdentity, open_read_only, position_in, read_entry};
use crate::index::{Concern, STEP};
use crate::trail::{Event, Horizon, Kind, Mark, Stretch, Visit, Wanted};
use crate::{Actor, Attempt, Entry, OpenError, RefusedAttempt, Revision, Unavailable, View, record};

/// How many connections are kept open for the next reader.
const MAX_IDLE: usize = 4;

/// How much history may lie before the index. There is never near as much of it, except where the index can't be
/// written for long.
const MAX_UNINDEXED: u64 = 16 * STEP;

/// Whether the database has trails: whoever only reads may find the tables of an earlier version.
pub(crate) fn has_trails(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'trail'";
    connection.query_row(sql, [], |row| row.get(0)).map(|count: i64| count > 0)
}

/// Up to which revision the index is filled.
pub(crate) fn indexed(connection: &Connection) -> rusqlite::Result<Revision> {
    let sql = "SELECT indexed_revision FROM trail";
    connection.prepare_cached(sql)?.query_row([], |row| Ok(Revision::new(row.get(0)?)))
}

/// Puts changes up to `through` into the index, in its own order, so that each of its pages is written once.
pub(super) fn index(
    connection: &Connection,
    concerns: &[Concern],
    through: Revision,
) -> rusqlite::Result<()> {
    let each = concerns.iter().flat_map(|concern| {
        concern.orgs.iter().map(|org| (*org, concern.at.micros(), concern.revision.get()))
    });
    let mut rows: Vec<_> = each.collect();
    rows.sort_unstable_by_key(|(org, at, revision)| (org.uuid(), *at, *revision));
    let mut insert = connection
        .prepare_cached("INSERT INTO change_of_org (org_id, at_us, revision) VALUES ($1, $2, $3)")?;
    for (org, at, revision) in rows {
        insert.execute(params![org.to_string(), at, revision])?;
    }
    connection.prepare_cached("UPDATE trail SET indexed_revision = $1")?.execute([through.get()]).map(drop)
}

/// Shows each row of the index.
pub(crate) fn every_place(
    connection: &Connection,
    mut see: impl FnMut(&str, i64, u64),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT org_id, at_us, revision FROM change_of_org")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        see(row.get_ref(0)?.as_str()?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// Keeps an attempt as the last of its org, and forgets the oldest past the newest `most`.
pub(super) fn insert_attempt(
    connection: &Connection,
    refused: &RefusedAttempt,
    most: u32,
) -> rusqlite::Result<()> {
    let RefusedAttempt { at, unrecorded, attempt, number: _ } = refused;
    let org = attempt.org.to_string();
    let number = 1 + last_attempt(connection, &org)?;
    connection
        .prepare_cached(
            "INSERT INTO refused_attempt (org_id, number, at_us, actor_user_id, actor_credential, request_id, action, \
             entity, entity_id, status, reason, unrecorded) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )?
        .execute(params![
            org,
            number,
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
    connection
        .prepare_cached("DELETE FROM refused_attempt WHERE org_id = $1 AND number <= $2")?
        .execute(params![org, number.saturating_sub(u64::from(most))])
        .map(drop)
}

fn last_attempt(connection: &Connection, org: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(max(number), 0) FROM refused_attempt WHERE org_id = $1";
    connection.prepare_cached(sql)?.query_row([org], |row| row.get(0))
}

const ATTEMPT_COLUMNS: &str = "org_id, number, at_us, actor_user_id, actor_credential, request_id, action, entity, \
     entity_id, status, reason, unrecorded";

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
pub(crate) struct Readers {
    path: PathBuf,
    place: Option<FileIdentity>,
    /// Connections that nobody reads by; `None` once the ledger is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), place: FileIdentity::of(path), idle: Mutex::new(Some(Vec::new())) }
    }

    /// Shows `visit` what a stretch holds, as far as `view` knows of it.
    pub(crate) fn read(
        &self,
        view: &View,
        stretch: &Stretch,
        visit: &mut Visit<'_>,
    ) -> Result<Horizon, Unavailable> {
        // As for the writer: what stands in the place of our database is not ours.
        if FileIdentity::of(&self.path) != self.place {
            return Err(Unavailable::Gone);
        }
        let idle = self.idle().as_mut().map(Vec::pop).ok_or(Unavailable::Closed)?;
        let connection = idle.map_or_else(|| open_read_only(&self.path).map_err(not_opened), Ok)?;
        connection.execute_batch("BEGIN")?;
        let read = read(&connection, view, stretch, visit);
        connection.execute_batch("ROLLBACK")?;
        if let Some(idle) = &mut *self.idle()
            && idle.len() < MAX_IDLE
        {
            idle.push(connection);
        }
        read
    }

    /// Lets go of the database. It is one whole file when its last connection is closed, and that is to be the writer's.
    pub(crate) fn close(&self) {
        *self.idle() = None;
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_opened(error: OpenError) -> Unavailable {
    match error {
        OpenError::NewerSchema { .. } => Unavailable::NewerSchema,
        OpenError::Missing(_) => Unavailable::Gone,
        other => Unavailable::Storage { cause: other.to_string() },
    }
}

/// What events are read from.
struct Source<'s> {
    rows: Rows<'s>,
    read: fn(&Row<'_>) -> rusqlite::Result<(Mark, Event)>,
}

impl Source<'_> {
    fn next(&mut self) -> Result<Option<(Mark, Event)>, Unavailable> {
        Ok(self.rows.next()?.map(self.read).transpose()?)
    }
}

fn read(
    connection: &Connection,
    view: &View,
    stretch: &Stretch,
    visit: &mut Visit<'_>,
) -> Result<Horizon, Unavailable> {
    let org = stretch.org.to_string();
    if position_in(connection, "main")?.epoch != view.position.epoch {
        // The writer will know of the other history in a moment.
        return Err(Unavailable::Stale);
    }
    let horizon = match stretch.horizon {
        Some(horizon) => horizon,
        None => Horizon {
            epoch: view.position.epoch,
            revision: view.position.revision,
            refusal: last_attempt(connection, &org)?,
        },
    };
    let indexed = indexed(connection)?;

    let mut statements: Vec<(Statement<'_>, Kind, u64)> = Vec::new();
    let mut unindexed = Vec::new();
    if stretch.changes == Wanted::Yes {
        unindexed = self::unindexed(connection, view, stretch, (indexed, horizon.revision))?;
        let columns = ENTRY_COLUMNS.split(", ").map(|column| format!("change.{column}"));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let from = "change_of_org AS place JOIN change ON change.revision = place.revision";
        let sql = select(&columns, from, "revision", stretch.direction);
        statements.push((connection.prepare(&sql)?, Kind::Change, horizon.revision.min(indexed).get()));
    }
    if stretch.refusals == Wanted::Yes {
        let sql = select(ATTEMPT_COLUMNS, "refused_attempt AS place", "number", stretch.direction);
        statements.push((connection.prepare(&sql)?, Kind::Refusal, horizon.refusal));
    }
    let mut sources = Vec::new();
    for (statement, kind, last) in &mut statements {
        let (first, bound) = bounds(stretch, *kind);
        let (from, to) = (stretch.from.micros(), stretch.to.micros());
        let rows = statement.query(params![org, from, to, first, bound, *last])?;
        let read = match kind {
            Kind::Change => |row: &Row<'_>| read_entry(row).map(of_change),
            Kind::Refusal => |row: &Row<'_>| read_attempt(row).map(of_refusal),
        };
        sources.push(Source { rows, read });
    }
    merge(stretch.direction, unindexed, sources, visit)?;
    Ok(horizon)
}

/// What selects the events of an org in order: $1 is the org, $2 and $3 are the first and last moment, ($4, $5) is the
/// place from which to read on, and $6 the greatest number.
fn select(columns: &str, from: &str, number: &str, direction: Direction) -> String {
    let (beyond, order) = match direction {
        Direction::Ascending => (">", "ASC"),
        Direction::Descending => ("<", "DESC"),
    };
    format!(
        "SELECT {columns} FROM {from} WHERE place.org_id = $1 AND place.at_us BETWEEN $2 AND $3 \
         AND (place.at_us, place.{number}) {beyond} ($4, $5) AND place.{number} <= $6 \
         ORDER BY place.at_us {order}, place.{number} {order}"
    )
}

/// The place from which to read on among the events of one kind.
fn bounds(stretch: &Stretch, kind: Kind) -> (i64, i64) {
    const BEFORE_ALL: i64 = -1;
    const BEHIND_ALL: i64 = i64::MAX;
    match (stretch.after, stretch.direction) {
        (None, Direction::Ascending) => (stretch.from.micros(), BEFORE_ALL),
        (None, Direction::Descending) => (stretch.to.micros(), BEHIND_ALL),
        (Some(mark), _) => {
            let number = match kind.cmp(&mark.kind) {
                Ordering::Less => BEHIND_ALL,
                Ordering::Equal => i64::try_from(mark.number).unwrap_or(BEHIND_ALL),
                Ordering::Greater => BEFORE_ALL,
            };
            (mark.at.micros(), number)
        }
    }
}

fn of_change(entry: Entry) -> (Mark, Event) {
    (Mark { at: entry.at, kind: Kind::Change, number: entry.revision.get() }, Event::Change(entry))
}

fn of_refusal(refused: RefusedAttempt) -> (Mark, Event) {
    (Mark { at: refused.at, kind: Kind::Refusal, number: refused.number }, Event::Refusal(refused))
}

/// The changes that concern the org and are not in the index yet, in order.
fn unindexed(
    connection: &Connection,
    view: &View,
    stretch: &Stretch,
    (indexed, last): (Revision, Revision),
) -> Result<Vec<(Mark, Event)>, Unavailable> {
    if last.get().saturating_sub(indexed.get()) > MAX_UNINDEXED {
        return Err(Unavailable::Unindexed);
    }
    let org = stretch.org.to_string();
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM change WHERE revision > $1 AND revision <= $2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([indexed.get(), last.get()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !may_concern(row, &org)? {
            continue;
        }
        let entry = read_entry(row)?;
        if concern_of(&entry, view).orgs.contains(&stretch.org) {
            found.push(of_change(entry));
        }
    }
    let is_ahead = |mark: &Mark| match (stretch.after, stretch.direction) {
        (None, _) => true,
        (Some(after), Direction::Ascending) => *mark > after,
        (Some(after), Direction::Descending) => *mark < after,
    };
    found.retain(|(mark, _)| (stretch.from..=stretch.to).contains(&mark.at) && is_ahead(mark));
    found.sort_unstable_by_key(|(mark, _)| *mark);
    if stretch.direction == Direction::Descending {
        found.reverse();
    }
    Ok(found)
}

/// Whether an entry names the org, or no org at all, as a key that names its owner. Most don't, and are read no further.
fn may_concern(row: &Row<'_>, org: &str) -> rusqlite::Result<bool> {
    // In `ENTRY_COLUMNS`.
    const ACTOR_ORG: usize = 3;
    const BEFORE: usize = 9;
    const AFTER: usize = 10;
    if row.get_ref(ACTOR_ORG)?.as_str_or_null()? == Some(org) {
        return Ok(true);
    }
    for column in [BEFORE, AFTER] {
        let text = row.get_ref(column)?.as_str_or_null()?;
        if text.is_some_and(|text| text.contains(org) || !text.contains("org_id\"")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whom an entry that was read back concerns. One that can't be read concerns nobody; verifying the log reports it.
pub(crate) fn concern_of(entry: &Entry, view: &View) -> Concern {
    match record::change_from_json(&entry.entity, entry.before.as_deref(), entry.after.as_deref()) {
        Some(Ok(change)) => Concern::of(entry.revision, entry.at, &change, entry.actor.org(), &view.state),
        _ => Concern::of_nobody(entry.revision, entry.at),
    }
}

/// Shows the events of all sources in one order, until there are no more or `visit` has seen enough.
fn merge(
    direction: Direction,
    unindexed: Vec<(Mark, Event)>,
    mut sources: Vec<Source<'_>>,
    visit: &mut Visit<'_>,
) -> Result<(), Unavailable> {
    let mut unindexed = unindexed.into_iter();
    let mut heads = Vec::new();
    for source in &mut sources {
        heads.push(source.next()?);
    }
    heads.push(unindexed.next());
    loop {
        let marks =
            heads.iter().enumerate().filter_map(|(at, head)| head.as_ref().map(|(mark, _)| (*mark, at)));
        let first = match direction {
            Direction::Ascending => marks.min(),
            Direction::Descending => marks.max(),
        };
        let Some((_, at)) = first else { return Ok(()) };
        let next = match sources.get_mut(at) {
            Some(source) => source.next()?,
            None => unindexed.next(),
        };
        let Some((mark, event)) = heads.get_mut(at).and_then(|head| std::mem::replace(head, next)) else {
            return Ok(());
        };
        if visit(mark, event).is_break() {
            return Ok(());
        }
    }
}

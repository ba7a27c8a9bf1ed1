//! The audit trails of orgs: what the writer writes for them, and how they are read beside it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_postgres::Row;

use super::driver::Driver;
use super::link::Link;
use super::row::{self, Param};
use super::session::Request;
use super::trouble::Trouble;
use super::{PostgresAddress, schema, words};
use crate::record::Source;
use crate::trail::{Horizon, Stretch, Visit};
use crate::trail_reader::{self, Page, Readers, TrailSource, may_concern};
use crate::{Entry, Position, RefusedAttempt, Revision, Unavailable, View, sql};

/// How many connections are kept open for the next reader.
const MAX_IDLE: usize = 4;

/// What keeps an attempt as the last of its org, and forgets the oldest past the newest `most`.
pub(super) fn keep_attempt(refused: &RefusedAttempt, most: u32) -> [Request; 2] {
    let RefusedAttempt { at, unrecorded, attempt, number: _ } = refused;
    let org = attempt.org.to_string();
    let insert = [
        org.as_str().into(),
        at.micros().into(),
        attempt.actor.user_id.as_deref().unwrap_or_default().into(),
        attempt.actor.credential.as_deref().unwrap_or_default().into(),
        attempt.request_id.as_str().into(),
        attempt.action.as_str().into(),
        (*attempt.entity).into(),
        attempt.entity_id.as_deref().into(),
        i64::from(attempt.status).into(),
        attempt.reason.as_str().into(),
        (*unrecorded).into(),
    ];
    let forget = [org.into(), i64::from(most).into()];
    [Request::new(sql::INSERT_ATTEMPT, insert), Request::new(sql::FORGET_ATTEMPTS, forget)]
}

/// Connections for those who read trails. They read beside the writer, and nobody waits for anybody.
pub(crate) struct PostgresReaders {
    /// Connections that nobody reads by, and how others are made; `None` once the ledger is closed.
    idle: Mutex<Option<Idle>>,
}

struct Idle {
    driver: Arc<Driver>,
    address: Arc<PostgresAddress>,
    links: Vec<Link>,
}

impl PostgresReaders {
    pub(super) fn new(driver: Arc<Driver>, address: Arc<PostgresAddress>) -> Self {
        Self { idle: Mutex::new(Some(Idle { driver, address, links: Vec::new() })) }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readers for PostgresReaders {
    fn read(&self, view: &View, stretch: &Stretch, visit: &mut Visit<'_>) -> Result<Horizon, Unavailable> {
        let link = self.idle().as_mut().map(|idle| {
            let new = || Link::new(Arc::clone(&idle.driver), Arc::clone(&idle.address));
            idle.links.pop().unwrap_or_else(new)
        });
        let mut link = link.ok_or(Unavailable::Closed)?;
        let read = Snapshot::begin(&mut link)
            .and_then(|mut snapshot| trail_reader::read(&mut snapshot, view, stretch, visit));
        link.end();
        if let Some(idle) = &mut *self.idle()
            && idle.links.len() < MAX_IDLE
        {
            idle.links.push(link);
        }
        read
    }

    fn close(&self) {
        *self.idle() = None;
    }
}

/// A connection with a transaction open.
struct Snapshot<'l> {
    link: &'l mut Link,
    position: Position,
}

impl<'l> Snapshot<'l> {
    fn begin(link: &'l mut Link) -> Result<Self, Unavailable> {
        let begun = link.begin(words::BEGIN_TO_READ, &Request::new(words::STANDING, []));
        let position = begun.and_then(|found| schema::position_in(&found));
        let position = position.map_err(|trouble| trouble.unavailable)?;
        Ok(Self { link, position })
    }

    fn all<T: Send + 'static>(
        &mut self,
        request: Request,
        read: fn(&Row) -> Result<T, Trouble>,
    ) -> Result<Vec<T>, Unavailable> {
        let all = self.link.ask(|session| async move {
            session.rows(&request).await?.iter().map(read).collect::<Result<Vec<_>, _>>()
        });
        all.map_err(|trouble| trouble.unavailable)
    }

    fn number(&mut self, request: Request) -> Result<u64, Unavailable> {
        let numbers = self.all(request, |found| row::count(found, 0))?;
        numbers
            .into_iter()
            .next()
            .ok_or_else(|| Unavailable::Storage { cause: "a row is missing".to_owned() })
    }
}

fn of_page(page: &Page<'_>) -> [Param; 7] {
    let (at, number) = page.place;
    [
        page.org.into(),
        page.from.micros().into(),
        page.to.micros().into(),
        at.into(),
        number.into(),
        page.last.into(),
        i64::from(page.most).into(),
    ]
}

impl TrailSource for Snapshot<'_> {
    fn position(&mut self) -> Result<Position, Unavailable> {
        Ok(self.position)
    }

    fn last_attempt(&mut self, org: &str) -> Result<u64, Unavailable> {
        self.number(Request::new(sql::LAST_ATTEMPT, [org.into()]))
    }

    fn indexed(&mut self) -> Result<Revision, Unavailable> {
        self.number(Request::new(sql::INDEXED, [])).map(Revision::new)
    }

    fn entries_between(
        &mut self,
        after: Revision,
        last: Revision,
        org: &str,
        see: &mut dyn FnMut(Entry),
    ) -> Result<(), Unavailable> {
        let request = Request::new(sql::entries_between(), [after.get().into(), last.get().into()]);
        let unavailable = |trouble: Trouble| trouble.unavailable;
        let mut rows = self.link.cursor(request).map_err(unavailable)?;
        while let Some(found) = rows.next().map_err(unavailable)? {
            let text = |column| {
                Source::text(&found, column)
                    .map_err(|problem| Unavailable::Storage { cause: problem.to_string() })
            };
            let (actor, before, after) =
                (text(sql::ACTOR_ORG)?, text(sql::ROW_BEFORE)?, text(sql::ROW_AFTER)?);
            if may_concern(org, actor.as_deref(), [before.as_deref(), after.as_deref()]) {
                see(row::entry(&found).map_err(unavailable)?);
            }
        }
        Ok(())
    }

    fn changes(&mut self, page: &Page<'_>) -> Result<Vec<Entry>, Unavailable> {
        self.all(Request::new(sql::changes_of_org(page.direction), of_page(page)), row::entry)
    }

    fn refusals(&mut self, page: &Page<'_>) -> Result<Vec<RefusedAttempt>, Unavailable> {
        self.all(Request::new(sql::attempts_of_org(page.direction), of_page(page)), row::attempt)
    }
}

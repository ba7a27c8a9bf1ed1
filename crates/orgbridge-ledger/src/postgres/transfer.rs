//! A whole ledger out of a database, and into one.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::driver::Driver;
use super::link::Link;
use super::row::{self, Param};
use super::session::Request;
use super::trouble::Trouble;
use super::words::{self, Insertion};
use super::{Postgres, PostgresAddress, PostgresHistory, schema};
use crate::audit::{self, Finding, RESTORED};
use crate::backup::BackupError;
use crate::sql::{self, Table};
use crate::storage::Storage;
use crate::transfer::{Cells, Destination, Origin, Take};
use crate::{ChainDigest, Entry, OpenError, Position, Revision, Unavailable};

/// How long to wait until those who are committing are through.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// A ledger in a database, of which everything is read at one point.
pub(crate) struct PostgresOrigin {
    link: Link,
    position: Position,
}

impl PostgresOrigin {
    /// Begins to read the ledger at `address`. A copy that takes no writes serves as well.
    pub(crate) fn begin(address: &PostgresAddress) -> Result<Self, OpenError> {
        let driver = Driver::start().map_err(|error| OpenError::NoThread(error.to_string()))?;
        let mut link = Link::new(Arc::new(driver), Arc::new(address.clone()));
        schema::check(&mut link)?;
        let mut origin = Self::look(link)?;
        schema::require_newest(&mut origin.link)?;
        Ok(origin)
    }

    /// Begins to look at the ledger of a connection, whatever version it has.
    pub(super) fn look(mut link: Link) -> Result<Self, OpenError> {
        let begun = link.begin(words::BEGIN_TO_READ, &Request::new(words::POSITION, []));
        let position = begun.and_then(|found| row::position(&found));
        let position = position.map_err(|trouble| schema::not_opened(link.address(), &trouble))?;
        Ok(Self { link, position })
    }
}

impl Origin for PostgresOrigin {
    fn position(&self) -> Position {
        self.position
    }

    fn indexed(&mut self) -> Result<Revision, Unavailable> {
        number(&mut self.link, Request::long(sql::INDEXED)).map(Revision::new)
    }

    fn count(&mut self, table: &Table) -> Result<u64, Unavailable> {
        number(&mut self.link, Request::long(table.count()))
    }

    fn each_row(&mut self, table: &Table, take: &mut Take<'_>) -> Result<(), BackupError> {
        let unread = |trouble: Trouble| BackupError::Unreadable(trouble.unavailable);
        let mut rows = self.link.cursor(Request::long(table.select())).map_err(unread)?;
        while let Some(found) = rows.next().map_err(unread)? {
            let cells = (0..table.width).map(|place| row::value(&found, place)).collect::<Result<_, _>>();
            take(cells.map_err(unread)?)?;
        }
        Ok(())
    }

    fn digest_at(&mut self, revision: Revision) -> Result<Option<ChainDigest>, Unavailable> {
        digest_at(&mut self.link, revision)
    }

    fn end(&mut self) -> Result<(), Unavailable> {
        self.link.end();
        schema::refuse_if_replaced(&self.link, self.position)
    }
}

fn number(link: &mut Link, request: Request) -> Result<u64, Unavailable> {
    let number = link.ask(|session| async move { row::count(&session.row(&request).await?, 0) });
    number.map_err(|trouble| trouble.unavailable)
}

fn digest_at(link: &mut Link, revision: Revision) -> Result<Option<ChainDigest>, Unavailable> {
    let request = Request { params: vec![revision.get().into()], ..Request::long(sql::DIGEST_AT) };
    let digests = link.ask(|session| async move {
        session.rows(&request).await?.iter().map(|found| row::digest(found, 0)).collect::<Result<Vec<_>, _>>()
    });
    Ok(digests.map_err(|trouble| trouble.unavailable)?.pop())
}

/// A ledger that is written anew, in one transaction.
pub(crate) struct PostgresDestination {
    database: Postgres,
    insertions: HashMap<&'static str, Insertion>,
    /// Where it stood before.
    stood_at: Position,
}

impl PostgresDestination {
    /// Begins, when nobody commits any more. Nobody does from then on.
    pub(crate) fn begin(mut database: Postgres) -> Result<Self, BackupError> {
        let waiting_since = Instant::now();
        let stood_at = loop {
            match database.begin() {
                Err(Unavailable::Locked) if waiting_since.elapsed() < LOCK_PATIENCE => {
                    thread::sleep(super::PAUSE);
                }
                begun => break begun.map_err(BackupError::NotWritten)?,
            }
        };
        schema::require_newest(&mut database.link)?;
        Ok(Self { database, insertions: HashMap::new(), stood_at })
    }

    /// Where the ledger stood before.
    pub(crate) const fn stood_at(&self) -> Position {
        self.stood_at
    }

    /// What vouches for its history up to a revision.
    pub(crate) fn digest_at(&mut self, revision: Revision) -> Result<Option<ChainDigest>, Unavailable> {
        digest_at(&mut self.database.link, revision)
    }

    /// How many changes it holds after `common`, and the first `most` of them.
    pub(crate) fn lost_after(
        &mut self,
        common: Revision,
        most: u32,
    ) -> Result<(u64, Vec<Entry>), Unavailable> {
        let wanted: [Param; 2] = [common.get().into(), RESTORED.into()];
        let count = Request { params: wanted.to_vec(), ..Request::long(sql::COUNT_OF_LOST) };
        let count = number(&mut self.database.link, count)?;
        let params = wanted.into_iter().chain([i64::from(most).into()]).collect();
        let entries = Request { params, ..Request::long(sql::lost()) };
        let entries = self.database.link.ask(|session| async move {
            session.rows(&entries).await?.iter().map(row::entry).collect::<Result<Vec<_>, _>>()
        });
        Ok((count, entries.map_err(|trouble| trouble.unavailable)?))
    }

    /// Empties it. Those who are reading are waited for; those who want to read wait until the end.
    pub(crate) fn empty(&mut self) -> Result<(), Unavailable> {
        let tables = Table::all();
        let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
        self.run(vec![Request::long(words::WAIT_FOR_READERS), Request::long(words::empty(&names))])
    }

    /// Compares all that was written with its log, as if it were at `position`.
    pub(crate) fn verify(
        &mut self,
        position: Position,
        entry: Option<&Entry>,
    ) -> Result<Vec<Finding>, Unavailable> {
        if let Some(entry) = entry {
            self.run(vec![Request::new(sql::insert_entries(1), row::of_entry(entry))])?;
        }
        let link = &mut self.database.link;
        let other = Link::new(Arc::clone(link.driver()), Arc::clone(link.address()));
        let mut history = PostgresHistory::within(mem::replace(link, other), schema::newest(), position);
        let verdict = audit::verify_at(position, &mut history, None);
        self.database.link = history.into_link();
        Ok(verdict?.findings)
    }

    /// Makes it what everybody sees, at `position`. Returns the database, for whoever has to wait for others.
    pub(crate) fn commit(mut self, position: Position) -> Result<Postgres, Unavailable> {
        // It may be written for long what was given in long.
        let ending = vec![Request::new(sql::MOVE, row::of_position(position)), Request::long(words::COMMIT)];
        let committed = self.database.link.ask(|session| async move { session.run_all(&ending).await });
        self.database.began_at = None;
        self.database.link.end();
        match committed {
            Ok(()) => {}
            Err(trouble) if trouble.is_lost() => self.database.find_out(trouble, position)?,
            Err(trouble) => return Err(trouble.unavailable),
        }
        self.database.hint();
        Ok(self.database)
    }

    fn run(&mut self, requests: Vec<Request>) -> Result<(), Unavailable> {
        let run = self.database.link.ask(|session| async move { session.run_all(&requests).await });
        run.map_err(|trouble| trouble.unavailable)
    }
}

impl Destination for PostgresDestination {
    fn put(&mut self, table: &Table, rows: Vec<Cells>) -> Result<(), Unavailable> {
        let insertion = self.insertions.entry(table.name).or_insert_with(|| {
            let table = table.clone();
            Insertion::of(table.width, move |rows| table.insert(rows))
        });
        let params: Vec<Param> = rows.into_iter().flatten().map(Param::from).collect();
        let parts = insertion.parts(params).into_iter();
        let requests = parts.map(|(words, params)| Request { params, ..Request::long(words) }).collect();
        self.run(requests)
    }

    fn put_parents(&mut self, pairs: Vec<Cells>) -> Result<(), Unavailable> {
        let params = pairs.into_iter().map(|pair| pair.into_iter().map(Param::from).collect::<Vec<_>>());
        self.run(params.map(|params| Request { params, ..Request::long(sql::SET_PARENT) }).collect())
    }

    fn put_indexed(&mut self, revision: Revision) -> Result<(), Unavailable> {
        self.run(vec![Request::new(sql::SET_INDEXED, [revision.get().into()])])
    }
}

//! A ledger in a database of PostgreSQL, or of another server that speaks as it does.
//!
//! Nothing is waited for that need not be: a transaction begins and reads where the ledger stands in one round trip, and all
//! that it writes goes out together with its end. So a batch costs two round trips, however many commands it holds; where
//! another follows at once, which begins with its commit, that one costs one.
//!
//! Whatever the server does not answer within [`SILENCE`](session::SILENCE) is given up with its connection, and the next
//! call makes another. Where that happens to a commit, the history itself is asked whether it was kept.

mod address;
mod alterations;
mod connect;
mod driver;
mod examination;
mod fleet;
mod hints;
mod history;
mod link;
mod load;
mod questions;
mod row;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod trail;
mod transfer;
mod trouble;
mod uses;
mod words;

pub(crate) use address::is_meant_by;
pub use address::{NotAnAddress, PostgresAddress};
pub(crate) use examination::examine;
pub(crate) use history::PostgresHistory;
pub(crate) use trail::PostgresReaders;
pub(crate) use transfer::{PostgresDestination, PostgresOrigin};

use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_domain::{Change, Timestamp};

use self::alterations::Alterations;
use self::driver::Driver;
use self::hints::Hints;
use self::link::{Link, Next};
use self::row::Param;
use self::session::{Answer, Request};
use self::trouble::Trouble;
use self::words::Insertion;
use crate::clock::Moment;
use crate::fleet::RollCall;
use crate::index::{Concern, places_of};
use crate::last_use::Use;
use crate::sql;
use crate::storage::{Fleet, Storage, Wake};
use crate::{Entry, OpenError, Position, RefusedAttempt, Revision, Unavailable, View};

/// How many statements wait for the end of their transaction, at the most. More are sent earlier, so that a great
/// transaction does not have to fit into memory.
const MAX_QUEUED: usize = 4096;

/// How often to look whether another process has written, where no hint says so before.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// For how long each transaction may begin with the commit of the one before. Then the lock is free for as long as the way
/// there and back takes: whoever else waits for it, such as a command, hardly comes to it in between. Several times less
/// than the server lets them wait.
const MAX_ROW: Duration = Duration::from_millis(10);

/// How long it is tried to find out whether a commit was kept.
const UNCERTAINTY: Duration = Duration::from_secs(5);

/// How long to wait in between.
const PAUSE: Duration = Duration::from_millis(50);

/// The database of a ledger, opened for writing.
pub(crate) struct Postgres {
    link: Link,
    hints: Hints,
    of_entries: Insertion,
    of_places: Insertion,
    /// Where the ledger stood when the transaction began that is open.
    began_at: Option<Position>,
    /// On which connection it was last read where the ledger stands.
    looked_on: u64,
    queue: Queue,
    /// Whether another transaction follows the one that is open.
    is_followed: bool,
    /// When the latest transaction began that did not begin with the commit of another.
    row_began: Instant,
}

/// What a transaction has not sent yet.
struct Queue {
    alterations: Alterations,
    /// The values of audit entries, one after the other.
    entries: Vec<Param>,
    /// What else there is.
    requests: Vec<Request>,
}

impl Queue {
    fn empty() -> Self {
        Self { alterations: Alterations::none(), entries: Vec::new(), requests: Vec::new() }
    }

    fn clear(&mut self) {
        self.alterations.clear();
        self.entries.clear();
        self.requests.clear();
    }
}

impl Postgres {
    /// Makes a ledger in an empty database.
    pub(crate) fn create(address: &PostgresAddress) -> Result<Self, OpenError> {
        let mut link = link_to(address)?;
        schema::create(&mut link)?;
        Self::open_through(link)
    }

    /// Opens a ledger and brings its schema up to date.
    pub(crate) fn open(address: &PostgresAddress) -> Result<Self, OpenError> {
        Self::open_through(link_to(address)?)
    }

    fn open_through(mut link: Link) -> Result<Self, OpenError> {
        schema::check_and_migrate(&mut link)?;
        let hints = Hints::new(Arc::clone(link.driver()), Arc::clone(link.address()));
        let mut database = Self {
            link,
            hints,
            of_entries: Insertion::of_entries(),
            of_places: Insertion::of_places(),
            began_at: None,
            looked_on: 0,
            queue: Queue::empty(),
            is_followed: false,
            row_began: Instant::now(),
        };
        // A copy that takes no writes is found out here.
        database.stand().map_err(|trouble| schema::not_opened(database.link.address(), &trouble))?;
        Ok(database)
    }

    /// Those who read trails of it.
    pub(crate) fn readers(&self) -> PostgresReaders {
        PostgresReaders::new(Arc::clone(self.link.driver()), Arc::clone(self.link.address()))
    }

    /// Where the ledger stands, by a server that takes writes: no other knows what was committed last.
    fn stand(&mut self) -> Result<Position, Trouble> {
        let (read_only, position) = self.link.ask_again(|session| async move {
            let (read_only, position) =
                (Request::new(words::READ_ONLY, []), Request::new(words::STANDING, []));
            session.ask_both(&read_only, &position).await
        })?;
        refuse_read_only(read_only)?;
        self.looked_on = self.link.number();
        schema::position_in(&position)
    }

    fn begin_by(&mut self, words: &'static str, position: &'static str) -> Result<Position, Unavailable> {
        self.queue.clear();
        self.is_followed = false;
        let begun = self.link.begin(words, &Request::new(position, []));
        if !self.link.is_early() {
            self.row_began = Instant::now();
        }
        match begun.and_then(|found| schema::position_in(&found)) {
            Ok(position) => {
                self.began_at = Some(position);
                Ok(position)
            }
            Err(trouble) => {
                self.link.end();
                Err(trouble.unavailable)
            }
        }
    }

    /// The statements that have not been sent yet.
    fn take_queue(&mut self) -> Vec<Request> {
        let mut requests = self.queue.alterations.take();
        let parts = self.of_entries.parts(mem::take(&mut self.queue.entries));
        requests.extend(parts.into_iter().map(|(words, values)| Request::new(words, values)));
        requests.append(&mut self.queue.requests);
        requests
    }

    /// Has them run, before anything else is asked in the transaction.
    fn flush(&mut self) -> Result<(), Unavailable> {
        let requests = self.take_queue();
        if requests.is_empty() {
            return Ok(());
        }
        let run = self.link.ask(|session| async move { session.run_all(&requests).await });
        run.map_err(|trouble| trouble.unavailable)
    }

    /// Commits what moves the ledger to `position`, and then asks a question.
    fn commit_and_ask(
        &mut self,
        position: Position,
        question: Option<Request>,
    ) -> Result<Answer, Unavailable> {
        let began_at = self.began_at.take();
        let mut requests = self.take_queue();
        let moves = began_at != Some(position);
        if moves {
            requests.push(Request::new(sql::MOVE, row::of_position(position)));
        }
        let next = self.next_in_a_row();
        match self.link.commit(requests, question, next) {
            Ok(answer) => Ok(answer),
            Err(trouble) if trouble.is_lost() && moves => self.find_out(trouble, position).map(|()| None),
            Err(trouble) => Err(trouble.unavailable),
        }
    }

    /// How the next transaction begins, if it is to begin at once.
    fn next_in_a_row(&mut self) -> Option<Next> {
        let goes_on = mem::take(&mut self.is_followed) && self.row_began.elapsed() < MAX_ROW;
        goes_on.then(|| Next { words: words::BEGIN, first: Request::new(words::LOCKED_STANDING, []) })
    }

    /// Finds out whether the commit to `position` was kept, of which nothing is known since the connection was lost.
    fn find_out(&mut self, trouble: Trouble, position: Position) -> Result<(), Unavailable> {
        let began = Instant::now();
        loop {
            match self.is_kept(position) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(trouble.unavailable),
                Err(_) if began.elapsed() < UNCERTAINTY => thread::sleep(PAUSE),
                Err(_) => return Err(Unavailable::Uncertain),
            }
        }
    }

    /// Whether the history passes through `position`. Whoever can write the ledger's row after a transaction that was going
    /// to write it knows that it is over.
    fn is_kept(&mut self, position: Position) -> Result<bool, Unavailable> {
        self.begin_by(words::BEGIN, words::LOCKED_STANDING)?;
        self.began_at = None;
        let at = Request::new(sql::DIGEST_AT, [position.revision.get().into()]);
        let found = self.link.ask(|session| async move { session.rows(&at).await });
        let ended = self.link.commit(vec![Request::new(sql::PROBE, [])], None, None);
        let digests = found
            .and_then(|rows| rows.iter().map(|found| row::text(found, 0)).collect::<Result<Vec<_>, _>>());
        ended
            .and(digests)
            .map(|digests| digests.contains(&position.digest.to_string()))
            .map_err(|trouble| trouble.unavailable)
    }
}

/// A way to a database that has not been tried yet.
fn link_to(address: &PostgresAddress) -> Result<Link, OpenError> {
    let driver = Driver::start().map_err(|error| OpenError::NoThread(error.to_string()))?;
    Ok(Link::new(Arc::new(driver), Arc::new(address.clone())))
}

/// Whether there are tables in a database.
pub(crate) fn is_taken(address: &PostgresAddress) -> Result<bool, OpenError> {
    schema::is_taken(&mut link_to(address)?)
}

/// Removes a ledger that came to nothing.
pub(crate) fn remove(address: &PostgresAddress) {
    let removed = link_to(address).and_then(|mut link| {
        schema::remove(&mut link).map_err(|trouble| schema::not_opened(address, &trouble))
    });
    if let Err(error) = removed {
        tracing::warn!(%error, "the tables of a ledger were left behind");
    }
}

/// What a server says of itself that knows of it. One that does not is no copy.
fn refuse_read_only(said: Result<Vec<tokio_postgres::Row>, Trouble>) -> Result<(), Trouble> {
    match said {
        Ok(rows) => match rows.first().map(|said| row::text(said, 0)) {
            Some(Ok(said)) if said == "on" => Err(Trouble::of(Unavailable::ReadOnly)),
            _ => Ok(()),
        },
        Err(trouble) if trouble.is_lost() => Err(trouble),
        Err(_) => Ok(()),
    }
}

impl Storage for Postgres {
    fn begin(&mut self) -> Result<Position, Unavailable> {
        self.begin_by(words::BEGIN, words::LOCKED_STANDING)
    }

    fn begin_to_read(&mut self) -> Result<Position, Unavailable> {
        // First: in a transaction that only reads every server says that it takes no writes.
        self.stand().map_err(|trouble| trouble.unavailable)?;
        let position = self.begin_by(words::BEGIN_TO_READ, words::STANDING)?;
        if self.link.number() == self.looked_on {
            return Ok(position);
        }
        self.rollback();
        Err(Trouble::lost("it was lost while the ledger was looked at").unavailable)
    }

    fn write(&mut self, entry: &Entry, change: &Change) -> Result<(), Unavailable> {
        self.queue.alterations.add(change);
        self.queue.entries.extend(row::of_entry(entry));
        if self.queue.alterations.count() < MAX_QUEUED { Ok(()) } else { self.flush() }
    }

    fn expect_another(&mut self) {
        self.is_followed = true;
    }

    fn commit(&mut self, position: Position) -> Result<(), Unavailable> {
        self.commit_and_ask(position, None).map(drop)
    }

    fn commit_and_call(&mut self, position: Position) -> Result<Option<RollCall>, Unavailable> {
        let asked = Moment::now();
        let answer = self.commit_and_ask(position, Some(Request::new(words::SEATS, [])))?;
        let seats = answer.map(|rows| rows?.iter().map(fleet::seat_in).collect::<Result<Vec<_>, _>>());
        match seats {
            Some(Ok(seats)) => {
                Ok(Some(RollCall { seats, asked, answered: Moment::now(), after: Some(position) }))
            }
            // They are asked for once more, and then it is reported.
            Some(Err(_)) | None => Ok(None),
        }
    }

    fn rollback(&mut self) {
        self.queue.clear();
        if self.began_at.take().is_some() {
            self.link.end();
        }
    }

    fn end_unchanged(&mut self) -> Result<(), Unavailable> {
        self.queue.clear();
        self.began_at = None;
        self.link.end_unchanged().map_err(|trouble| trouble.unavailable)
    }

    fn position(&mut self) -> Result<Position, Unavailable> {
        self.stand().map_err(|trouble| trouble.unavailable)
    }

    fn entries_after(&mut self, revision: Revision, most: u64) -> Result<Vec<Entry>, Unavailable> {
        self.flush()?;
        let request = Request::new(sql::entries_after(), [revision.get().into(), most.into()]);
        let entries = self.link.ask(|session| async move {
            session.rows(&request).await?.iter().map(row::entry).collect::<Result<Vec<_>, _>>()
        });
        entries.map_err(|trouble| trouble.unavailable)
    }

    fn indexed(&mut self) -> Result<Revision, Unavailable> {
        let indexed = self.link.ask(|session| async move {
            row::count(&session.row(&Request::new(sql::INDEXED, [])).await?, 0)
        });
        indexed.map(Revision::new).map_err(|trouble| trouble.unavailable)
    }

    fn index(&mut self, concerns: &[Concern], through: Revision) -> Result<(), Unavailable> {
        let places = places_of(concerns).into_iter();
        let values =
            places.flat_map(|(org, at, revision)| [org.to_string().into(), at.into(), revision.into()]);
        let parts = self.of_places.parts(values.collect());
        self.queue.requests.extend(parts.into_iter().map(|(words, values)| Request::new(words, values)));
        self.queue.requests.push(Request::new(sql::SET_INDEXED, [through.get().into()]));
        self.flush()
    }

    fn keep_attempt(&mut self, refused: &RefusedAttempt, most: u32) -> Result<(), Unavailable> {
        self.queue.requests.extend(trail::keep_attempt(refused, most));
        Ok(())
    }

    fn load(&mut self) -> Result<View, Unavailable> {
        if let Some(position) = self.began_at {
            self.flush()?;
            let view = load::everything(&mut self.link, position)?;
            return schema::refuse_if_replaced(&self.link, position).map(|()| view);
        }
        loop {
            let position = self.begin_to_read()?;
            let view = load::everything(&mut self.link, position);
            self.rollback();
            match schema::refuse_if_replaced(&self.link, position) {
                Err(Unavailable::Locked) => {}
                checked => return checked.and(view),
            }
        }
    }

    fn keep_uses(&mut self, uses: &[Use]) -> Result<(), Unavailable> {
        let position = self.begin()?;
        self.queue.requests.extend(uses.iter().map(uses::note));
        self.commit(position)
    }

    fn uses_since(&mut self, since: Timestamp) -> Result<Vec<Use>, Unavailable> {
        let uses = self.link.ask_again(|session| async move { uses::read(&session, since).await });
        uses.map_err(|trouble| trouble.unavailable)
    }

    fn probe(&mut self) -> Result<(), Unavailable> {
        let probed =
            self.link.ask(|session| async move { session.execute(&Request::new(sql::PROBE, [])).await });
        probed.map(drop).map_err(|trouble| trouble.unavailable)
    }

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL
    }

    fn on_hint(&mut self, wake: Wake) {
        self.hints.listen(wake);
    }

    fn hint(&mut self) {
        self.hints.send();
    }

    fn fleet(&mut self) -> Option<&mut dyn Fleet> {
        Some(self)
    }
}

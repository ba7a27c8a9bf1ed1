//! The ledger as everyone sees it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use orgbridge_domain::{Decided, Principal, Refusal, Session, State, Timestamp};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Notify, oneshot};

use crate::asked_looks::AskedLooks;
use crate::attempt::Attempts;
use crate::clock::Moment;
use crate::fleet::MAX_LEASE;
use crate::fleet_keeper::FleetKeeper;
use crate::postgres::Postgres;
use crate::sqlite::{Sqlite, SqliteReaders};
use crate::storage::Storage;
use crate::trail::{Horizon, Stretch, Visit};
use crate::trail_keeper::TrailKeeper;
use crate::trail_reader::Readers;
use crate::use_keeper::UseKeeper;
use crate::writer::{Command, Desk, Freshness, Message, Pending, Served, Shared, Writer};
use crate::{
    Attempt, AttemptLimits, Clock, CommitError, DatabaseAddress, KeyId, LastUses, Noted, OpenError, Position,
    Replicas, RequestId, Revision, SystemClock, Unavailable,
};

/// How old the knowledge may be that anything is decided by, where nothing else is said.
pub const MAX_STALENESS: Duration = Duration::from_secs(2);

/// How old the knowledge may be that anything is decided by: from one second to a minute. It is also how long the others
/// wait for a process that they hear nothing of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxStaleness(Duration);

impl MaxStaleness {
    /// So many seconds, if that is neither too short nor too long.
    pub fn from_secs(seconds: u64) -> Option<Self> {
        let time = Duration::from_secs(seconds);
        (Duration::from_secs(1)..=MAX_LEASE).contains(&time).then_some(Self(time))
    }

    /// How long that is.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Default for MaxStaleness {
    fn default() -> Self {
        Self(MAX_STALENESS)
    }
}

/// What a process does with a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attendance {
    /// It answers by what it knows for as long as it runs. Whoever takes something away waits until it knows of it.
    Serves,
    /// It does one thing and goes. It waits for others, and nobody waits for it.
    Visits,
}

/// Everything that is kept, and where in history that is.
#[derive(Debug, Clone)]
pub struct View {
    /// Where in history it is.
    pub position: Position,
    /// What is kept.
    pub state: State,
}

/// A durable history of changes, and the state that they add up to. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    readers: Arc<dyn Readers>,
    desk: Desk,
    /// Shared with whoever hints that there is something new, and gone with the last ledger.
    inbox: Arc<Sender<Message>>,
    max_staleness: Duration,
    clock: Arc<dyn Clock>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What a ledger is given besides its database.
#[derive(Clone)]
pub struct LedgerOptions {
    /// Where the times of changes come from.
    pub clock: Arc<dyn Clock>,
    /// Who is told of commits.
    pub observer: Arc<dyn CommitObserver>,
    /// How often it is kept when keys were last used, and looked at what others have kept of that.
    pub use_interval: Duration,
    /// How many refused attempts are kept.
    pub attempts: AttemptLimits,
    /// Whether others are to wait for this process.
    pub attendance: Attendance,
    /// How old the knowledge may be that anything is decided by.
    pub max_staleness: MaxStaleness,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            observer: Arc::new(NobodyWatches),
            use_interval: Duration::from_secs(60),
            attempts: AttemptLimits::default(),
            attendance: Attendance::Visits,
            max_staleness: MaxStaleness::default(),
        }
    }
}

/// Is told of what the writer does, on whichever thread it does it: it must be quick.
pub trait CommitObserver: Send + Sync + 'static {
    /// `commands` waited together and became `changes` durable changes, `took` after the transaction began.
    fn committed(&self, commands: usize, changes: usize, took: Duration);

    /// The ledger has begun to be unable to keep changes.
    fn failed(&self, trouble: &Unavailable);

    /// The database does not hold the history that was known: it was restored, or it is a copy that lacks the last
    /// commits. So many entities are not as they were known.
    fn found_another_history(&self, differing: usize);
}

struct NobodyWatches;

impl CommitObserver for NobodyWatches {
    fn committed(&self, _commands: usize, _changes: usize, _took: Duration) {}

    fn failed(&self, _trouble: &Unavailable) {}

    fn found_another_history(&self, _differing: usize) {}
}

impl Ledger {
    /// Makes an empty ledger where no database is yet.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is one, and whatever keeps it from being made.
    pub fn create(address: &DatabaseAddress, options: LedgerOptions) -> Result<Self, OpenError> {
        match address {
            DatabaseAddress::Sqlite(path) => {
                Self::start(Sqlite::create(path)?, Arc::new(SqliteReaders::of(path)), options)
            }
            DatabaseAddress::Postgres(address) => {
                let database = Postgres::create(address)?;
                let readers = Arc::new(database.readers());
                Self::start(database, readers, options)
            }
        }
    }

    /// Opens a ledger, bringing its schema up to date, and reads everything that it keeps.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the database.
    pub fn open(address: &DatabaseAddress, options: LedgerOptions) -> Result<Self, OpenError> {
        match address {
            DatabaseAddress::Sqlite(path) => {
                Self::start(Sqlite::open(path)?, Arc::new(SqliteReaders::of(path)), options)
            }
            DatabaseAddress::Postgres(address) => {
                let database = Postgres::open(address)?;
                let readers = Arc::new(database.readers());
                Self::start(database, readers, options)
            }
        }
    }

    fn start(
        mut storage: impl Storage,
        readers: Arc<dyn Readers>,
        options: LedgerOptions,
    ) -> Result<Self, OpenError> {
        let corrupt = |trouble| match trouble {
            Unavailable::Storage { cause } => OpenError::Corrupt(cause),
            Unavailable::NewerSchema => OpenError::NewerContents,
            other => OpenError::Unavailable(other),
        };
        let LedgerOptions { clock, observer, use_interval, attempts, attendance, max_staleness } = options;
        let max_staleness = max_staleness.duration();
        let mut fleet = FleetKeeper::new(attendance, max_staleness);
        fleet.enter(&mut storage).map_err(corrupt)?;
        let view = storage.load().map_err(corrupt)?;
        let uses = LastUses::default();
        uses.take_in(storage.uses_since(Timestamp::MIN).map_err(corrupt)?);
        let position = view.position;
        let shared = Arc::new(Shared {
            under_way: AtomicUsize::new(0),
            latest: ArcSwap::from_pointee(view),
            published: Notify::new(),
            uses,
            trouble: ArcSwapOption::empty(),
            freshness: Freshness::never(),
            asked_looks: AskedLooks::none(),
            attempts: Attempts::new(attempts),
            replicas: ArcSwap::from_pointee(Replicas::ALONE),
        });
        let (inbox, messages) = channel();
        let inbox = Arc::new(inbox);
        let hinted = Arc::downgrade(&inbox);
        storage.on_hint(Box::new(move || {
            if let Some(inbox) = hinted.upgrade() {
                // Without a writer there is nobody who could look.
                let _ = inbox.send(Message::Look);
            }
        }));
        let uses = UseKeeper::new(use_interval, clock.now());
        let mut writer = Writer {
            storage,
            shared: Arc::clone(&shared),
            clock: Arc::clone(&clock),
            observer,
            uses,
            trails: TrailKeeper::nothing_before(position),
            fleet,
            troubled_at: Instant::now(),
        };
        writer.look().map_err(corrupt)?;
        writer.index_everything();
        let desk = Desk::of(writer);
        let writer = thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn({
                let desk = desk.clone();
                move || desk.run(&messages)
            })
            .map_err(|error| OpenError::NoThread(error.to_string()))?;
        let writer = Arc::new(Mutex::new(Some(writer)));
        Ok(Self { shared, readers, desk, inbox, max_staleness, clock, writer })
    }

    /// The latest state that is known. Costs no lock, and stays as it is for as long as it is held.
    ///
    /// It may be old: whoever decides by it asks for a [fresh one](Self::fresh_view).
    pub fn view(&self) -> Arc<View> {
        self.shared.latest.load_full()
    }

    /// The latest state, seen to be the latest within [`LedgerOptions::max_staleness`] on a clock that nobody sets.
    ///
    /// # Errors
    /// [`Unavailable::Stale`] if the database could not be read since: nobody knows what was revoked in it.
    pub fn fresh_view(&self) -> Result<Arc<View>, Unavailable> {
        // The age first: a view that is published after this look is only fresher.
        if self.shared.freshness.age() > self.max_staleness {
            Err(Unavailable::Stale)
        } else {
            Ok(self.view())
        }
    }

    /// Waits until [`Self::view`] shows `revision`, for as long as `patience` lasts. Whoever waits holds nothing, and where
    /// nobody waits it costs nothing.
    ///
    /// # Errors
    /// [`Unavailable::Behind`] if it is not known here by then.
    pub async fn wait_until(&self, revision: Revision, patience: Duration) -> Result<(), Unavailable> {
        let shown = async {
            loop {
                // Before the look: what is published after it is not missed.
                let published = self.shared.published.notified();
                if self.view().position.revision >= revision {
                    return;
                }
                published.await;
            }
        };
        let known = || self.view().position.revision;
        tokio::time::timeout(patience, shown)
            .await
            .map_err(|_| Unavailable::Behind { asked: revision, known: known() })
    }

    /// Waits until [`Self::view`] shows whatever was committed by anybody before this call, as long as anything may be
    /// decided by old knowledge. However many call, the database is looked at for them a hundred times a second at the most.
    ///
    /// # Errors
    /// [`Unavailable::Stale`] if the database could not be read by then, [`Unavailable::Closed`] if nobody reads it any
    /// more.
    pub async fn catch_up(&self) -> Result<(), Unavailable> {
        let called = Moment::now();
        let caught_up = async {
            if let Some(turn) = self.shared.asked_looks.turn(called) {
                tokio::time::sleep(turn.since(called)).await;
                self.inbox.send(Message::Look).map_err(|_| Unavailable::Closed)?;
            }
            self.shared.freshness.wait_for_later_than(called).await;
            Ok(())
        };
        tokio::time::timeout(self.max_staleness, caught_up).await.unwrap_or(Err(Unavailable::Stale))
    }

    /// Notes that these keys are being used. No request waits for that to be durable: a crash forgets the uses of the
    /// last minute.
    pub fn note_use(&self, keys: impl IntoIterator<Item = KeyId>) {
        let now = self.clock.now();
        keys.into_iter().for_each(|key| self.shared.uses.note(key, now));
    }

    /// When keys were last used.
    pub fn last_uses(&self) -> &LastUses {
        &self.shared.uses
    }

    /// Runs `rule` for `principal` on the state that its commit will see, and makes what it decides durable.
    ///
    /// Returns when the change is on disk and every later [`Self::view`] shows it. The rule may be run more
    /// than once, and must therefore have no effects of its own.
    ///
    /// # Errors
    /// [`CommitError::Refused`] if the rule refuses, [`CommitError::Unavailable`] if it can't be kept. Nothing was changed
    /// then, unless [`Unavailable::Uncertain`] or [`Unavailable::Closed`] says that nobody knows.
    pub async fn commit<T, F>(
        &self,
        principal: Principal,
        request_id: RequestId,
        rule: F,
    ) -> Result<T, CommitError>
    where
        T: Send + 'static,
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.give(Box::new(Pending { principal, request_id, rule, reply, outcome: None }))?;
        answer.await.map_err(|_| Unavailable::Closed)?
    }

    /// Gives a command to the writer, or, where nobody else is under way, commits it here and now.
    fn give(&self, mut command: Box<dyn Command>) -> Result<(), Unavailable> {
        let alone = self.shared.under_way.fetch_add(1, Ordering::Relaxed) == 0;
        if alone && may_block() {
            match tokio::task::block_in_place(|| self.desk.serve_here(command)) {
                Ok(Served::Answered) => return Ok(()),
                Ok(Served::Waits) => {
                    // A writer that is gone has answered all who waited.
                    let _ = self.inbox.send(Message::Look);
                    return Ok(());
                }
                Err(back) => command = back,
            }
        }
        self.inbox.send(Message::Run(command)).map_err(|_| Unavailable::Closed)
    }

    /// Shows `visit` what a stretch of an org's audit trail holds, as far as `view` knows of it, and says up to where
    /// that was. It reads beside the writer, and blocks while it does.
    ///
    /// # Errors
    /// What storage could not do.
    pub fn read_trail(
        &self,
        view: &View,
        stretch: &Stretch,
        visit: &mut Visit<'_>,
    ) -> Result<Horizon, Unavailable> {
        self.readers.read(view, stretch, visit)
    }

    /// Has an attempt that was refused kept soon, unless its org has too many of them. It waits for nothing.
    pub fn note_refusal(&self, attempt: Attempt) -> Noted {
        self.shared.attempts.offer(attempt, self.clock.now())
    }

    /// Who serves this ledger, as it was known with the last look.
    pub fn live_replicas(&self) -> Replicas {
        **self.shared.replicas.load()
    }

    /// How old the knowledge may be that anything is decided by.
    pub const fn max_staleness(&self) -> Duration {
        self.max_staleness
    }

    /// The time, by the clock that changes are dated with.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the ledger can keep changes now.
    ///
    /// # Errors
    /// Why it can't.
    pub fn health(&self) -> Result<(), Unavailable> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(Unavailable::Closed);
        }
        match self.shared.trouble.load().as_deref() {
            None => Ok(()),
            Some(trouble) => Err(trouble.clone()),
        }
    }

    /// Commits what is waiting, and ends the writer. Later commands are answered with
    /// [`Unavailable::Closed`]. Blocks until all is done.
    pub fn close(&self) {
        self.readers.close();
        // A writer that is gone already has nothing left to do.
        let _ = self.inbox.send(Message::Close);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the ledger's writer panicked");
        }
    }
}

/// Whether the runtime can do without this thread for the time of a commit.
fn may_block() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ledger").field("position", &self.view().position).finish_non_exhaustive()
    }
}

//! The one writer of a process.
//!
//! Commands that wait are gathered into a batch and committed together: one `fsync` for many. A batch runs
//! on a copy of the state that is thrown away if it can't be committed, so nobody ever sees, or is answered
//! from, what did not become durable.
//!
//! The writer sits at a [`Desk`]. Its own thread serves there whatever comes through the inbox. A caller who
//! finds nobody under way may sit down instead and commit on their own thread, which spares a lone call two
//! hand-overs between threads: they cost as much as the rest of its way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use orgbridge_domain::{Change, Decided, OrgId, Principal, Refusal, Session, State, Timestamp};
use smallvec::SmallVec;
use tokio::sync::{Notify, oneshot};

use crate::attempt::Attempts;
use crate::index::Concern;
use crate::storage::Storage;
use crate::trail_keeper::TrailKeeper;
use crate::use_keeper::UseKeeper;
use crate::{
    Clock, CommitError, CommitObserver, Entry, LastUses, Position, RequestId, Unavailable, View,
    entry::Actor, record,
};

/// How many commands are committed together at the most: few enough to keep a batch within milliseconds.
const MAX_BATCH: usize = 1024;

/// How often the writer looks whether another process has written, when it has nothing to write itself.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long a batch waits for another process that is committing.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How many entries of others are followed one by one. Past that, reading everything anew takes less.
const MAX_CATCH_UP: u64 = 20_000;

/// What the writer is told.
pub(crate) enum Message {
    /// Decide and keep.
    Run(Box<dyn Command>),
    /// Finish what came before this, and end.
    Close,
}

/// A rule that waits to be run, and somebody who waits for its answer.
pub(crate) trait Command: Send {
    /// Runs the rule. Its answer is kept until [`Command::answer`]; the changes that make it true are returned.
    fn decide(&mut self, state: &State, now: Timestamp) -> SmallVec<[Change; 1]>;

    /// Who asked, and by which request.
    fn origin(&self) -> (Principal, &RequestId);

    /// Gives the answer, now that it is durable, or says why it isn't.
    fn answer(self: Box<Self>, kept: Result<(), Unavailable>);
}

/// A [`Command`] with its types, which the writer need not know.
pub(crate) struct Pending<T, F> {
    pub(crate) principal: Principal,
    pub(crate) request_id: RequestId,
    pub(crate) rule: F,
    pub(crate) reply: oneshot::Sender<Result<T, CommitError>>,
    pub(crate) outcome: Option<Result<T, CommitError>>,
}

impl<T, F> Command for Pending<T, F>
where
    T: Send,
    F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send,
{
    fn decide(&mut self, state: &State, now: Timestamp) -> SmallVec<[Change; 1]> {
        let session = Session::new(state, self.principal, now);
        let (outcome, changes) = match catch_unwind(AssertUnwindSafe(|| (self.rule)(&session, now))) {
            Ok(Ok(Decided { value, changes })) => (Ok(value), changes),
            Ok(Err(refusal)) => (Err(refusal.into()), SmallVec::new()),
            Err(_) => (Err(Unavailable::RulePanicked.into()), SmallVec::new()),
        };
        self.outcome = Some(outcome);
        changes
    }

    fn origin(&self) -> (Principal, &RequestId) {
        (self.principal, &self.request_id)
    }

    fn answer(self: Box<Self>, kept: Result<(), Unavailable>) {
        let answer = match (kept, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Unavailable::Closed.into()),
            (Err(unavailable), _) => Err(unavailable.into()),
        };
        // Whoever asked may have gone away; what was decided stays decided.
        let _ = self.reply.send(answer);
    }
}

/// What the writer shares with everyone who reads.
pub(crate) struct Shared {
    /// How many commands were given and are not yet kept or refused.
    pub(crate) under_way: AtomicUsize,
    /// The latest committed state.
    pub(crate) latest: ArcSwap<View>,
    /// Tells those who wait for a revision that there is a later one.
    pub(crate) published: Notify,
    /// When keys were last used.
    pub(crate) uses: LastUses,
    /// Why the ledger can't keep changes now, if it can't.
    pub(crate) trouble: ArcSwapOption<Unavailable>,
    /// When the latest state was last seen to be the latest.
    pub(crate) freshness: Freshness,
    /// Refused attempts that wait to be kept.
    pub(crate) attempts: Attempts,
}

/// When something was last seen to be so, on the monotonic clock.
pub(crate) struct Freshness {
    began: Instant,
    seen_micros: AtomicU64,
}

impl Freshness {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), seen_micros: AtomicU64::new(0) }
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn renew(&self) {
        self.seen_micros.store(self.micros(), Ordering::Release);
    }

    /// How long ago it was seen.
    pub(crate) fn age(&self) -> Duration {
        Duration::from_micros(self.micros().saturating_sub(self.seen_micros.load(Ordering::Acquire)))
    }
}

/// Where the writer sits. It is empty once the ledger is closed, and while the writer works, so that one that panics is
/// dropped: its transaction is rolled back, others can write, and nobody trusts it again.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Mutex<Option<Box<dyn Serve>>>>);

/// A [`Writer`], whatever its storage.
pub(crate) trait Serve: Send {
    /// Commits a batch and answers it, which empties it.
    fn serve(&mut self, batch: &mut Vec<Box<dyn Command>>);

    /// Follows what other processes wrote, and finds out whether trouble is over.
    fn look_around(&mut self);

    /// Does what nobody waits for, as far as it is due: keeps uses of keys and refused attempts, and fills the index of
    /// trails.
    fn keep_house(&mut self);

    /// The same for the last time: nothing that is known of uses and attempts is left behind.
    fn keep_house_at_last(&mut self);
}

impl Desk {
    pub(crate) fn of(writer: impl Serve + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(writer)))))
    }

    /// Serves `inbox` until it is told to close or nobody is left who could tell it anything. Then it leaves
    /// the desk empty: the database is closed with its writer.
    pub(crate) fn run(&self, inbox: &Receiver<Message>) {
        let mut batch: Vec<Box<dyn Command>> = Vec::new();
        let mut open = true;
        while open {
            let first = inbox.recv_timeout(POLL_INTERVAL);
            let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(mut writer) = desk.take() else {
                tracing::error!("the ledger's writer panicked, and nothing is kept any more");
                return;
            };
            match first {
                Ok(Message::Run(command)) => batch.push(command),
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => open = false,
                Err(RecvTimeoutError::Timeout) => writer.look_around(),
            }
            // Only now: more came while somebody else sat here.
            while open && !batch.is_empty() && batch.len() < MAX_BATCH {
                match inbox.try_recv() {
                    Ok(Message::Run(command)) => batch.push(command),
                    Ok(Message::Close) => open = false,
                    Err(_) => break,
                }
            }
            if !batch.is_empty() {
                writer.serve(&mut batch);
            }
            if open {
                writer.keep_house();
            } else {
                writer.keep_house_at_last();
            }
            *desk = open.then_some(writer);
        }
    }

    /// Commits one command by itself and answers it, if nobody sits here. Otherwise it is given back.
    pub(crate) fn serve_here(&self, command: Box<dyn Command>) -> Result<(), Box<dyn Command>> {
        let Ok(mut desk) = self.0.try_lock() else { return Err(command) };
        let Some(mut writer) = desk.take() else { return Err(command) };
        writer.serve(&mut vec![command]);
        *desk = Some(writer);
        Ok(())
    }
}

/// The writer's own side.
pub(crate) struct Writer<S> {
    pub(crate) storage: S,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn CommitObserver>,
    pub(crate) uses: UseKeeper,
    pub(crate) trails: TrailKeeper,
}

impl<S: Storage> Serve for Writer<S> {
    /// A change that the database won't take although the rule allowed it must not take its neighbours with
    /// it, so the members of such a batch are tried again one by one.
    fn serve(&mut self, batch: &mut Vec<Box<dyn Command>>) {
        let kept = self.commit(batch);
        if batch.len() > 1 && matches!(kept, Err(Unavailable::Storage { .. })) {
            for command in batch.drain(..) {
                let mut alone = [command];
                let kept = self.commit(&mut alone);
                self.note(kept.clone());
                let [command] = alone;
                self.answer(command, kept);
            }
            return;
        }
        self.note(kept.clone());
        for command in batch.drain(..) {
            self.answer(command, kept.clone());
        }
    }

    /// In this order: where nothing can be written, what can be read is still to be known.
    fn look_around(&mut self) {
        let mut seen = self.follow();
        if seen.is_ok() && self.shared.trouble.load().is_some() {
            seen = self.storage.probe();
        }
        self.note(seen);
    }

    fn keep_house(&mut self) {
        self.uses.keep_if_due(&mut self.storage, &self.shared, &*self.clock);
        self.trails.keep_if_due(&mut self.storage, &self.shared);
    }

    fn keep_house_at_last(&mut self) {
        self.uses.keep_all(&mut self.storage, &self.shared);
        self.trails.keep_all_attempts(&mut self.storage, &self.shared);
    }
}

impl<S: Storage> Writer<S> {
    fn answer(&self, command: Box<dyn Command>, kept: Result<(), Unavailable>) {
        // First: whoever is answered may ask again at once.
        self.shared.under_way.fetch_sub(1, Ordering::Relaxed);
        command.answer(kept);
    }

    /// Runs the rules of `batch` one after the other on what the transaction sees, and commits what they
    /// decided.
    fn commit(&mut self, batch: &mut [Box<dyn Command>]) -> Result<(), Unavailable> {
        let began = Instant::now();
        let mut result = self.write_and_commit(batch);
        while matches!(result, Err(Unavailable::Locked)) && began.elapsed() < LOCK_PATIENCE {
            self.storage.rollback();
            // Readers must not fall behind while somebody else holds the lock.
            self.follow()?;
            result = self.write_and_commit(batch);
        }
        match result {
            Ok(0) => {}
            Ok(changes) => self.observer.committed(batch.len(), changes, began.elapsed()),
            Err(_) => self.storage.rollback(),
        }
        result.map(drop)
    }

    fn write_and_commit(&mut self, batch: &mut [Box<dyn Command>]) -> Result<usize, Unavailable> {
        let position = self.storage.begin()?;
        self.trails.begin();
        let mut next = self.view_at(position)?;
        let now = self.clock.now();
        let before = next.position.revision;
        for command in batch {
            let changes = command.decide(&next.state, now);
            let (principal, request_id) = command.origin();
            for change in &changes {
                let entry = entry_of(change, next.position, principal, request_id, now);
                self.storage.write(&entry, change)?;
                next.state.apply(change);
                next.position.revision = entry.revision;
                next.position.digest = entry.digest;
                let concern = Concern::of(entry.revision, now, change, org_of(principal), &next.state);
                self.trails.see(concern);
            }
        }
        let changes = next.position.revision.get() - before.get();
        if changes == 0 {
            self.storage.rollback();
        } else {
            self.storage.commit(next.position)?;
        }
        self.publish(next);
        Ok(usize::try_from(changes).unwrap_or(usize::MAX))
    }

    /// Makes the latest state that of the database.
    fn follow(&mut self) -> Result<(), Unavailable> {
        let position = self.storage.position()?;
        if position == self.shared.latest.load().position {
            self.shared.freshness.renew();
            return Ok(());
        }
        // In a transaction, so that what is read belongs to one point of history.
        let position = self.storage.begin_to_read()?;
        self.trails.begin();
        let followed = self.view_at(position);
        self.storage.rollback();
        self.publish(followed?);
        Ok(())
    }

    /// A copy of the latest state, moved on to `position`. A transaction is open.
    fn view_at(&mut self, position: Position) -> Result<View, Unavailable> {
        let known = self.shared.latest.load_full();
        if known.position == position {
            return Ok(View::clone(&known));
        }
        let ahead = position.revision.get().checked_sub(known.position.revision.get());
        if known.position.epoch == position.epoch
            && ahead.is_some_and(|ahead| (1..=MAX_CATCH_UP).contains(&ahead))
        {
            let mut view = View::clone(&known);
            if self.catch_up(&mut view)? && view.position == position {
                return Ok(view);
            }
        }
        tracing::warn!(
            known_epoch = known.position.epoch.get(),
            known_revision = known.position.revision.get(),
            epoch = position.epoch.get(),
            revision = position.revision.get(),
            "the database is far from what is known, or holds another history; everything is read anew"
        );
        self.trails.begin();
        self.storage.load()
    }

    /// Applies the entries that others appended; `false` if they don't continue what is known.
    fn catch_up(&mut self, view: &mut View) -> Result<bool, Unavailable> {
        for entry in self.storage.entries_after(view.position.revision, MAX_CATCH_UP)? {
            let follows = entry.revision == view.position.revision.next()
                && entry.digest == entry.digest_after(view.position.digest);
            let change =
                record::change_from_json(&entry.entity, entry.before.as_deref(), entry.after.as_deref());
            match change {
                Some(Ok(change)) if follows => {
                    view.state.apply(&change);
                    let actor = entry.actor.org();
                    self.trails.see(Concern::of(entry.revision, entry.at, &change, actor, &view.state));
                }
                _ => return Ok(false),
            }
            view.position.revision = entry.revision;
            view.position.digest = entry.digest;
        }
        Ok(true)
    }

    fn publish(&mut self, view: View) {
        self.trails.advance(view.position);
        self.shared.latest.store(Arc::new(view));
        self.shared.freshness.renew();
        self.shared.published.notify_waiters();
    }

    /// Puts into the index of trails whatever is not in it, before anybody is served. What can't be written now will be
    /// later.
    pub(crate) fn index_everything(&mut self) {
        while self.trails.index_if_due(&mut self.storage, &self.shared) {}
    }

    /// Remembers whether the ledger works, and reports when that changes.
    fn note(&self, kept: Result<(), Unavailable>) {
        let before = self.shared.trouble.load();
        match kept {
            Ok(()) if before.is_some() => {
                self.shared.trouble.store(None);
                tracing::info!("the ledger keeps changes again");
            }
            Err(trouble) if before.as_deref() != Some(&trouble) => {
                tracing::error!(cause = trouble.cause(), "{trouble}");
                self.observer.failed(&trouble);
                self.shared.trouble.store(Some(Arc::new(trouble)));
            }
            _ => {}
        }
    }
}

/// The org in which somebody acts, unless it is the operator.
const fn org_of(principal: Principal) -> Option<OrgId> {
    match principal {
        Principal::User { org, .. } => Some(org),
        Principal::Operator => None,
    }
}

/// The audit entry of a change that follows `position`.
fn entry_of(
    change: &Change,
    position: Position,
    principal: Principal,
    request_id: &RequestId,
    now: Timestamp,
) -> Entry {
    let record::Described { table, id, before, after } = record::describe(change);
    let mut entry = Entry {
        revision: position.revision.next(),
        at: now,
        actor: Actor::from(principal),
        request_id: request_id.to_string(),
        entity: table.to_owned(),
        entity_id: id.to_string(),
        before,
        after,
        digest: position.digest,
    };
    entry.digest = entry.digest_after(position.digest);
    entry
}

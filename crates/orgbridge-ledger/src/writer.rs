//! The one writer of a process.
//!
//! Commands that wait are gathered into a batch and committed together: one `fsync` for many. A batch runs
//! on a copy of the state that is thrown away if it can't be committed, so nobody ever sees, or is answered
//! from, what did not become durable.
//!
//! The writer sits at a [`Desk`]. Its own thread serves there whatever comes through the inbox. A caller who
//! finds nobody under way may sit down instead and commit on their own thread, which spares a lone call two
//! hand-overs between threads: they cost as much as the rest of its way.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use orgbridge_domain::{Change, Decided, OrgId, Principal, Refusal, Session, State, Timestamp};
use smallvec::SmallVec;
use tokio::sync::{Notify, oneshot};

use crate::asked_looks::AskedLooks;
use crate::attempt::Attempts;
use crate::audit::RESTORED;
use crate::clock::Moment;
use crate::difference::{Difference, Kind, differences};
use crate::fleet_keeper::{FleetKeeper, Looked, WAIT_INTERVAL};
use crate::index::Concern;
use crate::storage::Storage;
use crate::trail_keeper::TrailKeeper;
use crate::use_keeper::UseKeeper;
use crate::{
    Clock, CommitError, CommitObserver, Entry, LastUses, Position, Replicas, RequestId, Revision,
    Unavailable, View, entry::Actor, record,
};

/// How many commands are committed together at the most: few enough to keep a batch within milliseconds.
const MAX_BATCH: usize = 1024;

/// Up to how many commands are committed together whatever was before: to part so few spares nobody anything.
const SMALL_BATCH: usize = 8;

/// How long a batch waits for another process that is committing.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How long the ledger is in trouble at the least: a disk that is full takes a little now and then.
const TROUBLE_LASTS: Duration = Duration::from_millis(250);

/// How often the writer looks again where the others may have given it up meanwhile.
const MAX_LOOKS: usize = 3;

/// How many of the entities that came to differ are named one by one, where the database holds another history.
const MAX_LOSSES_LISTED: usize = 1000;

/// How many entries of others are followed one by one. Past that, reading everything anew takes less.
const MAX_REPLAY: u64 = 20_000;

/// What the writer is told.
pub(crate) enum Message {
    /// Decide and keep.
    Run(Box<dyn Command>),
    /// Look: another process may have written, or somebody waits for the others.
    Look,
    /// Finish what came before this, and end.
    Close,
}

/// A rule that waits to be run, and somebody who waits for its answer.
pub(crate) trait Command: Send {
    /// Runs the rule. Its answer is kept until [`Command::answer`]; the changes that make it true are returned, or
    /// `None` if it refused.
    fn decide(&mut self, state: &State, now: Timestamp) -> Option<SmallVec<[Change; 1]>>;

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
    fn decide(&mut self, state: &State, now: Timestamp) -> Option<SmallVec<[Change; 1]>> {
        let session = Session::new(state, self.principal, now);
        let (outcome, changes) = match catch_unwind(AssertUnwindSafe(|| (self.rule)(&session, now))) {
            Ok(Ok(Decided { value, changes })) => (Ok(value), Some(changes)),
            Ok(Err(refusal)) => (Err(refusal.into()), None),
            Err(_) => (Err(Unavailable::RulePanicked.into()), None),
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
    /// Since when the latest state is known to be the latest.
    pub(crate) freshness: Freshness,
    /// When the writer looks for those who catch up.
    pub(crate) asked_looks: AskedLooks,
    /// Refused attempts that wait to be kept.
    pub(crate) attempts: Attempts,
    /// Who serves the ledger, as it was known with the last look.
    pub(crate) replicas: ArcSwap<Replicas>,
}

/// When the last look began that found the latest state to be the latest, and may be gone by.
pub(crate) struct Freshness {
    /// In microseconds.
    seen: AtomicU64,
    /// Tells those who wait for a look.
    renewed: Notify,
}

impl Freshness {
    /// Nothing is known to be fresh.
    pub(crate) const fn never() -> Self {
        Self { seen: AtomicU64::new(0), renewed: Notify::const_new() }
    }

    /// The state was the latest at `moment`, or later.
    pub(crate) fn renew(&self, moment: Moment) {
        self.seen.fetch_max(moment.micros(), Ordering::AcqRel);
        self.renewed.notify_waiters();
    }

    /// Waits until a look has ended well that began after `moment`.
    pub(crate) async fn wait_for_later_than(&self, moment: Moment) {
        loop {
            // Before the look at it: what comes after that is not missed.
            let renewed = self.renewed.notified();
            if self.seen.load(Ordering::Acquire) > moment.micros() {
                return;
            }
            renewed.await;
        }
    }

    /// What is known is to be gone by no more.
    pub(crate) fn forget(&self) {
        self.seen.store(Moment::NEVER.micros(), Ordering::Release);
    }

    /// Whether nothing is.
    pub(crate) fn is_never(&self) -> bool {
        self.seen.load(Ordering::Acquire) == Moment::NEVER.micros()
    }

    /// How long ago that was.
    pub(crate) fn age(&self) -> Duration {
        // In this order: a later look makes it only fresher.
        let seen = Moment::at(Duration::from_micros(self.seen.load(Ordering::Acquire)));
        if seen == Moment::NEVER { Duration::MAX } else { Moment::now().since(seen) }
    }
}

/// Where the writer sits. It is empty once the ledger is closed, and while the writer works, so that one that panics is
/// dropped: its transaction is rolled back, others can write, and nobody trusts it again.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Mutex<Option<Box<dyn Serve>>>>);

/// A [`Writer`], whatever its storage.
pub(crate) trait Serve: Send {
    /// Commits a batch and answers it, which empties it.
    fn serve(&mut self, batch: &mut Vec<Given>);

    /// How long to wait at the most before the next look around.
    fn patience(&self) -> Duration;

    /// Follows what other processes wrote, and finds out whether trouble is over.
    fn look_around(&mut self);

    /// Whether somebody waits until the others know what was taken away.
    fn is_waited_for(&self) -> bool;

    /// How soon to see to them, if anybody does.
    fn urgency(&self) -> Option<Duration>;

    /// Answers those who have waited long enough.
    fn release(&mut self);

    /// Does what nobody waits for, as far as it is due: keeps uses of keys and refused attempts, and fills the index of
    /// trails.
    fn keep_house(&mut self);

    /// The same for the last time: nothing that is known of uses and attempts is left behind, and nobody waits any
    /// more.
    fn leave(&mut self);
}

/// A command, and what is known of it.
pub(crate) struct Given {
    command: Box<dyn Command>,
    /// Whether it is answered only when everybody knows the state that it leads to: it takes something away, or it says
    /// that nothing was left to change, or that what was to be changed is not there, which may be so because somebody else
    /// has just taken it away.
    is_told_when_known: bool,
}

impl From<Box<dyn Command>> for Given {
    fn from(command: Box<dyn Command>) -> Self {
        Self { command, is_told_when_known: false }
    }
}

impl Desk {
    pub(crate) fn of(writer: impl Serve + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(writer)))))
    }

    /// Serves `inbox` until it is told to close or nobody is left who could tell it anything. Then it leaves
    /// the desk empty: the database is closed with its writer.
    pub(crate) fn run(&self, inbox: &Receiver<Message>) {
        let (mut waiting, mut batch) = (VecDeque::<Given>::new(), Vec::new());
        let (mut open, mut served) = (true, 0);
        let (mut patience, mut looked_at) = (Duration::ZERO, Instant::now());
        loop {
            let mut next = inbox.recv_timeout(patience).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            });
            let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(mut writer) = desk.take() else {
                tracing::error!("the ledger's writer panicked, and nothing is kept any more");
                return;
            };
            let mut look = false;
            loop {
                match next {
                    Ok(Message::Run(command)) => waiting.push_back(command.into()),
                    Ok(Message::Look) => look = true,
                    Ok(Message::Close) | Err(TryRecvError::Disconnected) => open = false,
                    Err(TryRecvError::Empty) => break,
                }
                if !open || waiting.len() >= MAX_BATCH {
                    break;
                }
                // More came while somebody else sat here.
                next = inbox.try_recv();
            }
            served = if open { next_batch(waiting.len(), served) } else { waiting.len() };
            if served > 0 {
                batch.extend(waiting.drain(..served));
                writer.serve(&mut batch);
            }
            if !open {
                writer.leave();
                return;
            }
            if look || looked_at.elapsed() >= writer.patience() {
                writer.look_around();
                looked_at = Instant::now();
            } else {
                writer.release();
            }
            writer.keep_house();
            patience = writer.patience().saturating_sub(looked_at.elapsed());
            patience = writer.urgency().map_or(patience, |urgency| patience.min(urgency));
            if !waiting.is_empty() {
                patience = Duration::ZERO;
            }
            *desk = Some(writer);
        }
    }

    /// Commits one command by itself and answers it, if nobody sits here. Otherwise it is given back.
    pub(crate) fn serve_here(&self, command: Box<dyn Command>) -> Result<Served, Box<dyn Command>> {
        let Ok(mut desk) = self.0.try_lock() else { return Err(command) };
        let Some(mut writer) = desk.take() else { return Err(command) };
        writer.serve(&mut vec![command.into()]);
        let served = if writer.is_waited_for() { Served::Waits } else { Served::Answered };
        *desk = Some(writer);
        Ok(served)
    }
}

/// How many of those who wait are served together, after so many were served before.
///
/// Clients who are answered together come again together. Whoever of them is first would be served alone, all others after
/// that at once, and so on: they would wait for each other in turns, and what lies between an answer and the next request
/// would stand still while a batch is committed. Half of both goes on at the same time as the other half, in as many
/// commits.
fn next_batch(waiting: usize, served: usize) -> usize {
    let half = (waiting + served).div_ceil(2);
    waiting.min(half.max(SMALL_BATCH))
}

/// What became of a command that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// Its caller has the answer.
    Answered,
    /// It, or another, waits until the others know of it: somebody has to look after it.
    Waits,
}

/// The writer's own side.
pub(crate) struct Writer<S> {
    pub(crate) storage: S,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn CommitObserver>,
    pub(crate) uses: UseKeeper,
    pub(crate) trails: TrailKeeper,
    pub(crate) fleet: FleetKeeper,
    /// When the trouble began that there is, if there is any.
    pub(crate) troubled_at: Instant,
}

/// Also where it panics: whatever it held of the database is free then for others, who do not wait for this process.
impl<S> Drop for Writer<S> {
    fn drop(&mut self) {
        self.shared.freshness.forget();
    }
}

impl<S: Storage> Serve for Writer<S> {
    /// A change that the database won't take although the rule allowed it must not take its neighbours with
    /// it, so the members of such a batch are tried again one by one.
    fn serve(&mut self, batch: &mut Vec<Given>) {
        let kept = self.commit(batch);
        if batch.len() > 1 && matches!(kept, Err(Unavailable::Storage { .. })) {
            let mut last = Ok(());
            for given in batch.drain(..) {
                let mut alone = [given];
                // Whatever else is wrong is wrong for all of them, and to find it out takes time.
                if matches!(last, Ok(()) | Err(Unavailable::Storage { .. })) {
                    last = self.commit(&mut alone);
                    self.note(last.clone());
                }
                self.answer(alone, &last);
            }
        } else {
            self.note(kept.clone());
            self.answer(batch.drain(..), &kept);
        }
        self.release();
    }

    fn patience(&self) -> Duration {
        let is_urgent = self.shared.freshness.is_never() && self.shared.trouble.load().is_none();
        if is_urgent { WAIT_INTERVAL } else { self.storage.poll_interval() }
    }

    /// In this order: where nothing can be written, what can be read is still to be known.
    fn look_around(&mut self) {
        let mut seen = self.look();
        if seen.is_ok() && self.shared.trouble.load().is_some() {
            if self.troubled_at.elapsed() < TROUBLE_LASTS {
                return self.release();
            }
            seen = self.storage.probe();
        }
        self.note(seen);
        self.release();
    }

    fn is_waited_for(&self) -> bool {
        self.fleet.is_waited_for()
    }

    fn urgency(&self) -> Option<Duration> {
        self.fleet.urgency()
    }

    fn release(&mut self) {
        self.fleet.release_if_known(&mut self.storage);
    }

    fn keep_house(&mut self) {
        self.uses.keep_if_due(&mut self.storage, &self.shared, &*self.clock);
        self.trails.keep_if_due(&mut self.storage, &self.shared);
    }

    fn leave(&mut self) {
        self.fleet.leave(&mut self.storage, &self.shared);
        self.uses.keep_all(&mut self.storage, &self.shared);
        self.trails.keep_all_attempts(&mut self.storage, &self.shared);
    }
}

impl<S: Storage> Writer<S> {
    /// Answers what was kept or not: at once, or when everybody knows of it.
    fn answer(&mut self, batch: impl IntoIterator<Item = Given>, kept: &Result<(), Unavailable>) {
        let (since, position) = (Moment::now(), self.shared.latest.load().position);
        for Given { command, is_told_when_known } in batch {
            // First: whoever is answered may ask again at once.
            self.shared.under_way.fetch_sub(1, Ordering::Relaxed);
            if kept.is_ok() && is_told_when_known {
                self.fleet.answer_when_known(&mut self.storage, command, position, since);
            } else {
                command.answer(kept.clone());
            }
        }
    }

    /// Makes the latest state that of the database, and says so to the others.
    pub(crate) fn look(&mut self) -> Result<(), Unavailable> {
        for _ in 0..MAX_LOOKS {
            let began = Moment::now();
            self.follow()?;
            if self.fleet.end_look(&mut self.storage, &self.shared, began)? == Looked::InTime {
                break;
            }
        }
        Ok(())
    }

    /// Runs the rules of `batch` one after the other on what the transaction sees, and commits what they
    /// decided.
    fn commit(&mut self, batch: &mut [Given]) -> Result<(), Unavailable> {
        let began = Instant::now();
        let mut result = self.write_and_commit(batch);
        while matches!(result, Err(Unavailable::Locked)) && began.elapsed() < LOCK_PATIENCE {
            self.storage.rollback();
            // Readers must not fall behind while somebody else holds the lock.
            self.look()?;
            result = self.write_and_commit(batch);
        }
        match result {
            Ok(0) => {}
            Ok(changes) => {
                self.fleet.hint(&mut self.storage);
                self.observer.committed(batch.len(), changes, began.elapsed());
            }
            Err(_) => self.storage.rollback(),
        }
        result.map(drop)
    }

    fn write_and_commit(&mut self, batch: &mut [Given]) -> Result<usize, Unavailable> {
        let looked_at = Moment::now();
        let position = self.storage.begin()?;
        self.trails.begin();
        let mut next = self.view_at(position)?;
        let now = self.clock.now();
        let before = next.position.revision;
        for Given { command, is_told_when_known } in &mut *batch {
            let changes = command.decide(&next.state, now);
            *is_told_when_known = changes.as_deref().is_none_or(is_to_be_known);
            let (principal, request_id) = command.origin();
            for change in changes.iter().flatten() {
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
        if changes > 0 && self.goes_on_after(batch.len()) {
            self.storage.expect_another();
        }
        if changes == 0 {
            // What was refused, too, was refused by the latest state.
            self.storage.end_unchanged()?;
        } else if batch.iter().any(|given| given.is_told_when_known) {
            if let Some(call) = self.storage.commit_and_call(next.position)? {
                self.fleet.see_seats(&mut self.storage, call);
            }
        } else {
            self.storage.commit(next.position)?;
        }
        self.publish(next);
        self.fleet.see_as_visitor(&self.shared, looked_at);
        Ok(usize::try_from(changes).unwrap_or(usize::MAX))
    }

    /// Whether there are more commands than the `served` ones, for which no other process is kept waiting.
    fn goes_on_after(&self, served: usize) -> bool {
        let more_wait = self.shared.under_way.load(Ordering::Relaxed) > served;
        more_wait && self.fleet.is_alone() && !self.fleet.is_waited_for()
    }

    /// Makes the latest state that of the database.
    fn follow(&mut self) -> Result<(), Unavailable> {
        let position = self.storage.position()?;
        if position == self.shared.latest.load().position {
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
            && ahead.is_some_and(|ahead| (1..=MAX_REPLAY).contains(&ahead))
        {
            let mut view = View::clone(&known);
            if self.replay(&mut view)? && view.position == position {
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
        // Until it is read, nobody goes by what may have come to nothing.
        self.shared.freshness.forget();
        let loaded = self.storage.load()?;
        // It may be as long as what was known, and another history.
        self.trails.begin_anew(loaded.position);
        if !self.holds(&known)? {
            // The seats of those who go by what was may have been lost with it.
            self.fleet.distrust_seats();
            self.report_loss(&known, &loaded);
        }
        Ok(loaded)
    }

    /// Whether the database passed through what is known: it has only gone far from there.
    fn holds(&mut self, known: &View) -> Result<bool, Unavailable> {
        let Some(before) = known.position.revision.get().checked_sub(1) else { return Ok(true) };
        let entries = self.storage.entries_after(Revision::new(before), 1)?;
        Ok(entries.first().is_some_and(|entry| entry.digest == known.position.digest))
    }

    /// Tells the operator what was known and is not so any more. What somebody had taken away may be back.
    fn report_loss(&self, known: &View, loaded: &View) {
        let mut differing = 0;
        differences(&known.state, &loaded.state, |Difference { table, id, kind }| {
            differing += 1;
            if differing <= MAX_LOSSES_LISTED {
                let what = match kind {
                    Kind::Missing => "is gone",
                    Kind::Altered => "is not as it was",
                    Kind::Added => "is back, or new",
                };
                tracing::error!(table, id, "in the history that the database holds now, this {what}");
            }
        });
        tracing::error!(
            known_revision = known.position.revision.get(),
            revision = loaded.position.revision.get(),
            differing,
            "the database does not hold what was known, and was acknowledged: it was restored, or a copy took its \
             place that lacks the last changes; compare it with the one before"
        );
        self.observer.found_another_history(differing);
    }

    /// Applies the entries that others appended; `false` if they don't continue what is known. The chain vouches that a program
    /// wrote those that do: one that is not understood is refused, since nobody can say what follows from it.
    fn replay(&mut self, view: &mut View) -> Result<bool, Unavailable> {
        for entry in self.storage.entries_after(view.position.revision, MAX_REPLAY)? {
            let follows = entry.revision == view.position.revision.next()
                && entry.digest == entry.digest_after(view.position.digest);
            match record::change_of(&entry, &view.state) {
                Some(Ok(change)) if follows => {
                    view.state.apply(&change);
                    let actor = entry.actor.org();
                    self.trails.see(Concern::of(entry.revision, entry.at, &change, actor, &view.state));
                }
                None | Some(Err(_)) if follows && entry.entity != RESTORED => {
                    return Err(Unavailable::NewerSchema);
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
        self.shared.published.notify_waiters();
    }

    /// Puts into the index of trails whatever is not in it, before anybody is served. What can't be written now will be
    /// later.
    pub(crate) fn index_everything(&mut self) {
        while self.trails.index_if_due(&mut self.storage, &self.shared) {}
    }

    /// Remembers whether the ledger works, and reports when that changes.
    fn note(&mut self, kept: Result<(), Unavailable>) {
        let before = self.shared.trouble.load();
        match kept {
            Ok(()) if before.is_some() => {
                self.shared.trouble.store(None);
                tracing::info!("the ledger keeps changes again");
            }
            Err(trouble) if before.as_deref() != Some(&trouble) => {
                tracing::error!(cause = trouble.cause(), "{trouble}");
                self.observer.failed(&trouble);
                self.troubled_at = Instant::now();
                self.shared.trouble.store(Some(Arc::new(trouble)));
            }
            _ => {}
        }
    }
}

/// Whether whoever is told of these changes, or that there are none, is told only when everybody knows.
fn is_to_be_known(changes: &[Change]) -> bool {
    changes.is_empty() || changes.iter().any(Change::takes_away)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_served_together() {
        for waiting in 0..=SMALL_BATCH {
            for served in [0, 1, 32] {
                assert_eq!(next_batch(waiting, served), waiting);
            }
        }
    }

    #[test]
    fn whoever_waits_is_served_in_two_batches_at_the_most() {
        for (waiting, served) in (1..100).flat_map(|waiting| (0..100).map(move |served| (waiting, served))) {
            let first = next_batch(waiting, served);
            assert!((1..=waiting).contains(&first), "{waiting} after {served}");
            assert_eq!(next_batch(waiting - first, first), waiting - first, "{waiting} after {served}");
        }
    }

    #[test]
    fn clients_who_come_again_when_they_are_answered_are_served_in_halves() {
        let (mut waiting, mut served) = (31, 1);
        for _ in 0..2 {
            let next = next_batch(waiting, served);
            // Those who were served before have come again meanwhile.
            (waiting, served) = (waiting - next + served, next);
        }
        assert_eq!((waiting, served), (16, 16));
    }
}

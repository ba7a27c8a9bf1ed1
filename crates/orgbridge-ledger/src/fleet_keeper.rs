//! Keeps the seat of this process, and lets those wait who have taken something away.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Moment;
use crate::fleet::{Barrier, Look, ReplicaId, Roll, RollCall, Tenure, at_the_most};
use crate::ledger::{Attendance, MAX_STALENESS};
use crate::storage::{Fleet, Storage};
use crate::writer::{Command, Shared};
use crate::{Position, Replicas, Unavailable};

/// How often the seats are read while somebody waits, where nobody hints that there is something new.
pub(crate) const WAIT_INTERVAL: Duration = Duration::from_millis(10);

/// Whether what a look found may be gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// It may.
    InTime,
    /// The others may have given this process up meanwhile: it has to look once more.
    TooLate,
}

/// What the writer knows of the other processes.
pub(crate) struct FleetKeeper {
    attendance: Attendance,
    lease: Duration,
    tenure: Tenure,
    roll: Roll,
    barrier: Barrier<Box<dyn Command>>,
    /// What the others were last told that this process has applied.
    told: Option<Position>,
    /// Until when seats may be missing of those who still answer.
    distrusted: Moment,
    /// Where the seats were last read.
    place: Option<u64>,
    /// The seats could not be read when somebody waited for it.
    is_blind: bool,
}

impl FleetKeeper {
    pub(crate) fn new(attendance: Attendance, lease: Duration) -> Self {
        Self {
            attendance,
            lease,
            tenure: Tenure::new(lease),
            roll: Roll::default(),
            barrier: Barrier::default(),
            told: None,
            distrusted: Moment::NEVER,
            place: None,
            is_blind: false,
        }
    }

    /// Takes a seat before anything is read that is to be gone by.
    pub(crate) fn enter(&mut self, storage: &mut impl Storage) -> Result<(), Unavailable> {
        match (self.attendance, storage.fleet()) {
            (Attendance::Serves, Some(fleet)) => self.take_seat(fleet),
            _ => Ok(()),
        }
    }

    /// Ends a look that began at `began`, and has made the latest state that of the database.
    pub(crate) fn end_look(
        &mut self,
        storage: &mut impl Storage,
        shared: &Shared,
        began: Moment,
    ) -> Result<Looked, Unavailable> {
        let position = shared.latest.load().position;
        let Some(fleet) = storage.fleet() else {
            shared.freshness.renew(began);
            return Ok(Looked::InTime);
        };
        let counts_from = match self.attendance {
            Attendance::Serves => self.renew_seat(fleet, shared, began, position)?,
            Attendance::Visits => Some(began),
        };
        let looked = counts_from.map_or(Looked::TooLate, |began| {
            shared.freshness.renew(began);
            Looked::InTime
        });
        self.read_seats(fleet)?;
        shared.replicas.store(Arc::new(self.replicas()));
        self.release();
        if self.attendance == Attendance::Serves && self.told.replace(position) != Some(position) {
            // Somebody may wait for it.
            self.hint(storage);
        }
        Ok(looked)
    }

    /// A commit that began at `looked_at` has found out what is the latest, too. That is enough for whom nobody waits for.
    pub(crate) fn see_as_visitor(&self, shared: &Shared, looked_at: Moment) {
        if self.attendance == Attendance::Visits {
            shared.freshness.renew(looked_at);
        }
    }

    /// The seats were read with a commit.
    pub(crate) fn see_seats(&mut self, storage: &mut impl Storage, call: RollCall) {
        if let Some(place) = storage.fleet().map(|fleet| fleet.place()) {
            self.take_in(call, place);
        }
    }

    /// Answers a command whose changes are kept since `since`, when everybody knows the ledger as it was at `position`.
    pub(crate) fn answer_when_known(
        &mut self,
        storage: &mut impl Storage,
        command: Box<dyn Command>,
        position: Position,
        since: Moment,
    ) {
        if storage.fleet().is_none() || is_switched_off() {
            command.answer(Ok(()));
        } else {
            self.barrier.wait(position, since, command);
        }
    }

    /// Hints to the others that something was committed, where there were any at the last look.
    pub(crate) fn hint(&self, storage: &mut impl Storage) {
        if !self.is_alone() {
            storage.hint();
        }
    }

    /// Whether there were no others at the last look.
    pub(crate) fn is_alone(&self) -> bool {
        self.roll.live().next().is_none()
    }

    /// Whether somebody waits for the others.
    pub(crate) const fn is_waited_for(&self) -> bool {
        !self.barrier.is_empty()
    }

    /// How soon to look at the seats again, where somebody waits; where they can't be read, that is not so urgent.
    pub(crate) fn urgency(&self) -> Option<Duration> {
        (self.is_waited_for() && !self.is_blind).then_some(WAIT_INTERVAL)
    }

    /// The database holds other seats than it did: whoever has lost theirs may answer for a lease, and nobody would know.
    pub(crate) fn distrust_seats(&mut self) {
        let longest = self.roll.live().map(|seat| seat.lease).fold(self.lease, Duration::max);
        self.distrusted = self.distrusted.max(Moment::now() + at_the_most(longest));
    }

    /// Answers those whose wait is over. The database is asked only where somebody waits for more than is known.
    pub(crate) fn release_if_known(&mut self, storage: &mut impl Storage) {
        self.release();
        if self.barrier.is_empty() {
            return;
        }
        if let Some(fleet) = storage.fleet() {
            let read = self.read_seats(fleet);
            self.is_blind = read.is_err();
            if let Err(trouble) = read {
                tracing::debug!(cause = trouble.cause(), "the seats of the others can't be read: {trouble}");
            }
        }
        self.release();
    }

    /// Gives up the seat, and answers those who wait when it is time. Nothing may be gone by any more.
    pub(crate) fn leave(&mut self, storage: &mut impl Storage, shared: &Shared) {
        shared.freshness.forget();
        if let (Some(held), Some(fleet)) = (self.tenure.held(), storage.fleet())
            && let Err(trouble) = fleet.remove(&held.seat)
        {
            tracing::warn!(cause = trouble.cause(), "the others wait for this process once more: {trouble}");
        }
        self.tenure.lose();
        storage.hint();
        self.release_if_known(storage);
        while !self.barrier.is_empty() {
            thread::sleep(WAIT_INTERVAL);
            self.release_if_known(storage);
        }
    }

    /// Who serves the ledger, as the seats say that were last read.
    fn replicas(&self) -> Replicas {
        let Some(own) = self.tenure.held().map(|held| held.seat.replica) else { return Replicas::ALONE };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let before = self.roll.live().filter(|seat| seat.replica < own);
        Replicas {
            seat: own.get(),
            rank: number(before.count()),
            count: number(self.roll.live().count()).saturating_add(1),
        }
    }

    fn release(&mut self) {
        for command in self.barrier.release(&self.roll, self.lease, self.distrusted, Moment::now()) {
            command.answer(Ok(()));
        }
    }

    /// Renews the seat, and takes another where it is gone. Returns from when on the lease counts, if it does.
    fn renew_seat(
        &mut self,
        fleet: &mut dyn Fleet,
        shared: &Shared,
        began: Moment,
        position: Position,
    ) -> Result<Option<Moment>, Unavailable> {
        let Some(held) = self.tenure.held().copied() else {
            self.take_seat(fleet)?;
            return Ok(None);
        };
        let asked = Moment::now();
        if fleet.renew(&held.seat.renewed_at(position))? {
            return Ok(self.tenure.renew(Look { began, position, asked, answered: Moment::now() }));
        }
        tracing::warn!("the others had given this process up, or an answer was lost; it takes another seat");
        // Nobody waits for it now, and where its seat was lost, others may have lost theirs.
        shared.freshness.forget();
        self.distrust_seats();
        self.take_seat(fleet)?;
        Ok(None)
    }

    fn take_seat(&mut self, fleet: &mut dyn Fleet) -> Result<(), Unavailable> {
        self.tenure.lose();
        let seat = self.tenure.seat_of(ReplicaId::new(Uuid::new_v4()));
        let asked = Moment::now();
        fleet.enter(&seat)?;
        self.tenure.take(seat, asked, Moment::now());
        Ok(())
    }

    fn read_seats(&mut self, fleet: &mut dyn Fleet) -> Result<(), Unavailable> {
        let asked = Moment::now();
        let seats = fleet.seats()?;
        self.take_in(RollCall { seats, asked, answered: Moment::now(), after: None }, fleet.place());
        let silent: Vec<_> = self.roll.silent().copied().collect();
        silent.iter().try_for_each(|seat| fleet.remove(seat))
    }

    fn take_in(&mut self, call: RollCall, place: u64) {
        if self.place.replace(place).is_some_and(|before| before != place) {
            // Those who came last may have left no trace there.
            self.distrust_seats();
        }
        let own = self.tenure.held().map(|held| held.seat.replica);
        self.roll.take_in(call, own);
    }
}

/// Waits until nobody goes by what the ledger was before `position`, which was known to be committed at `since`.
pub(crate) fn wait_until_known(fleet: &mut dyn Fleet, position: Position, since: Moment) {
    let (mut roll, mut barrier) = (Roll::default(), Barrier::default());
    barrier.wait(position, since, ());
    loop {
        let asked = Moment::now();
        match fleet.seats() {
            Ok(seats) => {
                roll.take_in(RollCall { seats, asked, answered: Moment::now(), after: None }, None);
            }
            Err(trouble) => {
                tracing::debug!(cause = trouble.cause(), "the seats of the others can't be read: {trouble}");
            }
        }
        if !barrier.release(&roll, MAX_STALENESS, Moment::NEVER, Moment::now()).is_empty() {
            return;
        }
        thread::sleep(WAIT_INTERVAL);
    }
}

/// Whether nobody is waited for, which only runs that are to find that out may want.
#[cfg(feature = "chaos")]
fn is_switched_off() -> bool {
    std::env::var_os("ORGBRIDGE_CHAOS_WITHOUT_BARRIER").is_some_and(|value| value == "1")
}

#[cfg(not(feature = "chaos"))]
const fn is_switched_off() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use orgbridge_domain::{
        Decided, Draft, Principal, Refusal, Session, Site, Timestamp, account, org, org_connection,
    };
    use tempfile::TempDir;

    use super::*;
    use crate::fleet::Seat;
    use crate::ledger::MaxStaleness;
    use crate::sqlite::Seats;
    use crate::{CommitError, DatabaseAddress, Ledger, LedgerOptions};

    const LEASE: Duration = Duration::from_secs(1);

    fn serve(folder: &TempDir) -> Ledger {
        let address = DatabaseAddress::Sqlite(folder.path().join("ledger.db"));
        let options = LedgerOptions {
            attendance: Attendance::Serves,
            max_staleness: MaxStaleness::from_secs(LEASE.as_secs()).unwrap(),
            ..LedgerOptions::default()
        };
        let ledger = Ledger::create(&address, options).unwrap();
        took(&ledger, |session, now| {
            let mut draft = Draft::new(session);
            let account = Uuid::from_u128(1).to_string().parse().unwrap();
            draft.run(|session| {
                account::create(&session.deployment()?, account, "Example Account".parse().unwrap(), now)
            })?;
            let new = org::NewOrg {
                id: Uuid::from_u128(2).to_string().parse().unwrap(),
                account,
                site: Site::DEFAULT,
                public_id: None,
                name: "Example Org".parse().unwrap(),
            };
            draft.run(|session| org::create(&session.deployment()?, new, now))?;
            Ok(draft.finish(()))
        });
        ledger
    }

    /// Commits, and says how long that took.
    fn took<F>(ledger: &Ledger, rule: F) -> Duration
    where
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<()>, Refusal> + Send + 'static,
    {
        let began = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(ledger.commit(Principal::Operator, "a-test".parse().unwrap(), rule)).unwrap();
        began.elapsed()
    }

    /// Switches the org on or off.
    fn set_disabled(ledger: &Ledger, disabled: bool) -> Duration {
        took(ledger, move |session, now| {
            let id = Uuid::from_u128(2).to_string().parse().unwrap();
            let Decided { changes, .. } = org::set_disabled(&session.authorize_in(id)?, disabled, now)?;
            Ok(Decided { value: (), changes })
        })
    }

    /// Has somebody else switch the org off, and returns when that is to be seen here, while they still wait for others.
    fn begin_to_disable(ledger: &Ledger) -> thread::JoinHandle<Duration> {
        let waiting = {
            let ledger = ledger.clone();
            thread::spawn(move || set_disabled(&ledger, true))
        };
        while !ledger.view().state.orgs().all(|org| org.disabled) {
            thread::sleep(Duration::from_millis(5));
        }
        waiting
    }

    fn silent_process(folder: &TempDir) -> Seats {
        let mut seats = Seats::of(&folder.path().join("ledger.db"));
        seats.enter(&Seat::taken_by(ReplicaId::new(Uuid::from_u128(9)), LEASE)).unwrap();
        seats
    }

    #[test]
    fn whoever_takes_away_waits_a_lease_for_one_that_says_nothing_and_whoever_gives_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        let silent = silent_process(&folder);
        let waited = set_disabled(&ledger, true);
        assert!(waited >= LEASE, "{waited:?}");
        assert!(set_disabled(&ledger, false) < LEASE / 2);
        // It is known by now that nothing is heard of it.
        assert!(set_disabled(&ledger, true) < LEASE / 2);
        drop(silent);
        ledger.close();
    }

    #[test]
    fn whoever_is_told_that_nothing_was_left_to_take_away_waits_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        let _silent = silent_process(&folder);
        let first = begin_to_disable(&ledger);
        let second = set_disabled(&ledger, true);
        assert!(second >= LEASE / 2, "{second:?}");
        assert!(first.join().unwrap() >= LEASE);
        ledger.close();
    }

    #[test]
    fn whoever_is_told_that_it_is_not_there_waits_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        let _silent = silent_process(&folder);
        let first = begin_to_disable(&ledger);
        let began = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let refused =
            runtime.block_on(ledger.commit(Principal::Operator, "a-test".parse().unwrap(), |session, _| {
                let grant = session.authorize_in(Uuid::from_u128(2).to_string().parse().unwrap())?;
                org_connection::delete(&grant, Uuid::from_u128(5).to_string().parse().unwrap())
            }));
        assert!(matches!(refused, Err(CommitError::Refused(Refusal::NoConnection { .. }))), "{refused:?}");
        assert!(began.elapsed() >= LEASE / 2, "{:?}", began.elapsed());
        assert!(first.join().unwrap() >= LEASE);
        ledger.close();
    }

    #[cfg(unix)]
    #[test]
    fn whoever_comes_by_a_link_meets_those_who_serve_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(folder.path().join("ledger.db"), &link).unwrap();
        let visitor = Ledger::open(&DatabaseAddress::Sqlite(link), LedgerOptions::default()).unwrap();
        let _silent = silent_process(&folder);
        assert!(set_disabled(&visitor, true) >= LEASE);
        assert!(ledger.fresh_view().unwrap().state.orgs().all(|org| org.disabled));
        visitor.close();
        ledger.close();
    }

    #[test]
    fn whoever_has_lost_the_seat_trusts_no_roll_for_a_lease() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        // As in a database that a copy has taken the place of: the seats of others may be gone as well.
        std::fs::remove_dir_all(folder.path().join("ledger.db-seats")).unwrap();
        thread::sleep(LEASE / 4);
        assert!(set_disabled(&ledger, true) >= LEASE / 2);
        assert!(ledger.fresh_view().is_ok());
        ledger.close();
    }

    #[test]
    fn whoever_is_dead_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        drop(silent_process(&folder));
        assert!(set_disabled(&ledger, true) < LEASE / 2);
        ledger.close();
    }

    #[test]
    fn a_ledger_that_is_closed_answers_those_who_wait_and_is_gone_by_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = serve(&folder);
        let _silent = silent_process(&folder);
        let waiting = {
            let ledger = ledger.clone();
            thread::spawn(move || set_disabled(&ledger, true))
        };
        thread::sleep(LEASE / 10);
        ledger.close();
        assert!(waiting.join().unwrap() >= LEASE);
        assert_eq!(ledger.fresh_view().unwrap_err(), Unavailable::Stale);
    }
}

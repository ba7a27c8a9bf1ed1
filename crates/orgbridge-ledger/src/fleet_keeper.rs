//! Keeps the seat of this process, and lets those wait who have taken something away.

use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Moment;
use crate::fleet::{Barrier, Look, ReplicaId, Roll, Tenure};
use crate::ledger::Attendance;
use crate::storage::{Fleet, Storage};
use crate::writer::{Command, Shared};
use crate::{Position, Unavailable};

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
            Attendance::Serves => self.renew_seat(fleet, began, position)?,
            Attendance::Visits => Some(began),
        };
        let looked = counts_from.map_or(Looked::TooLate, |began| {
            shared.freshness.renew(began);
            Looked::InTime
        });
        self.read_seats(fleet)?;
        self.release();
        if self.attendance == Attendance::Serves && self.told.replace(position) != Some(position) {
            // Somebody may wait for it.
            storage.hint();
        }
        Ok(looked)
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

    /// Whether somebody waits for the others.
    pub(crate) const fn is_waited_for(&self) -> bool {
        !self.barrier.is_empty()
    }

    /// Answers those whose wait is over. The database is asked only where somebody waits.
    pub(crate) fn release_if_known(&mut self, storage: &mut impl Storage) {
        if self.barrier.is_empty() {
            return;
        }
        if let Some(fleet) = storage.fleet()
            && let Err(trouble) = self.read_seats(fleet)
        {
            tracing::debug!(cause = trouble.cause(), "the seats of the others can't be read: {trouble}");
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

    fn release(&mut self) {
        for command in self.barrier.release(&self.roll, self.lease, Moment::now()) {
            command.answer(Ok(()));
        }
    }

    /// Renews the seat, and takes another where it is gone. Returns from when on the lease counts, if it does.
    fn renew_seat(
        &mut self,
        fleet: &mut dyn Fleet,
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
        tracing::warn!("the others had given this process up; it takes another seat");
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
        let own = self.tenure.held().map(|held| held.seat.replica);
        self.roll.call(seats, own, asked, Moment::now());
        let silent: Vec<_> = self.roll.silent().copied().collect();
        silent.iter().try_for_each(|seat| fleet.remove(seat))
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

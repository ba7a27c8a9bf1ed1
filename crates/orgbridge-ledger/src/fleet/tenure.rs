//! Until when a process may answer by what it knows.

use std::time::Duration;

use super::{ReplicaId, Seat};
use crate::Position;
use crate::clock::Moment;

/// What a process knows of its own seat.
#[derive(Debug)]
pub(crate) struct Tenure {
    lease: Duration,
    held: Option<Held>,
}

/// A seat that somebody has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) seat: Seat,
    /// When it was asked that it be as it is.
    since: Moment,
    /// From when on looks count.
    counts_from: Moment,
}

/// A look at the ledger, with the renewal that followed it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Before the position was read.
    pub(crate) began: Moment,
    /// What is applied since.
    pub(crate) position: Position,
    /// When the renewal was asked for.
    pub(crate) asked: Moment,
    /// When it was known to be done.
    pub(crate) answered: Moment,
}

impl Tenure {
    /// Of a process that has no seat yet.
    pub(crate) const fn new(lease: Duration) -> Self {
        Self { lease, held: None }
    }

    /// The seat, if there is one.
    pub(crate) const fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// The seat to take.
    pub(crate) const fn seat_of(&self, replica: ReplicaId) -> Seat {
        Seat::taken_by(replica, self.lease)
    }

    /// The seat was taken: asked for at `asked`, and there at `answered`. Looks count from then on.
    pub(crate) fn take(&mut self, seat: Seat, asked: Moment, answered: Moment) {
        self.held = Some(Held { seat, since: asked, counts_from: answered });
    }

    /// The seat was renewed. Returns from when on a lease is counted in which the process may answer; `None` where it has
    /// to look once more, because others may have taken it for silent.
    pub(crate) fn renew(&mut self, look: Look) -> Option<Moment> {
        let held = self.held.as_mut()?;
        if look.answered > held.since + self.lease {
            held.counts_from = look.answered;
        }
        held.seat = held.seat.renewed_at(look.position);
        held.since = look.asked;
        (look.began >= held.counts_from).then_some(look.began)
    }

    /// The seat is gone, or it is not known how it stands.
    pub(crate) const fn lose(&mut self) {
        self.held = None;
    }
}

//! What a process says of itself to the others.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::{Epoch, Position, Revision};

/// Names a seat. A process takes another one whenever it comes back to the ledger, so that nothing that was said of the
/// old one is taken for the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReplicaId(Uuid);

impl ReplicaId {
    pub(crate) const fn new(id: Uuid) -> Self {
        Self(id)
    }

    pub(crate) const fn get(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// The seat of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Whose it is.
    pub(crate) replica: ReplicaId,
    /// How often it was renewed.
    pub(crate) turn: u64,
    /// How long it answers by what it knows.
    pub(crate) lease: Duration,
    /// Which history it has applied.
    pub(crate) epoch: Epoch,
    /// Up to where.
    pub(crate) revision: Revision,
}

impl Seat {
    /// One that says nothing yet.
    pub(crate) const fn taken_by(replica: ReplicaId, lease: Duration) -> Self {
        Self { replica, turn: 0, lease, epoch: Epoch::FIRST, revision: Revision::new(0) }
    }

    /// The same after another turn.
    pub(crate) const fn renewed_at(self, position: Position) -> Self {
        let Position { epoch, revision, digest: _ } = position;
        Self { turn: self.turn + 1, epoch, revision, ..self }
    }

    /// Whether whoever sits here knows the ledger as it was at `position`.
    pub(crate) fn has_applied(&self, position: Position) -> bool {
        position.is_reached_at(self.epoch, self.revision)
    }
}

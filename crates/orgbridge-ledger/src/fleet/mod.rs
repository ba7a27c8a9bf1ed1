//! The processes that serve one database, and how nobody goes by an old state once it was taken away.
//!
//! Each of them has a [`Seat`] beside the ledger that says what it has applied. Every so often it takes a look: it reads
//! where the ledger stands, applies what is new, and renews its seat. It answers for a lease from the moment at which
//! the last such look began, and no longer ([`Tenure`]). Whoever has committed something that takes away reads the seats
//! ([`Roll`]), and answers its caller when everybody has applied it or a lease has passed ([`Barrier`]).
//!
//! Why that is enough. Let a change be committed, and let its process know so at the moment A. Some process P goes by
//! an older state; then the look that lets it answer began before the change was committed, so before A.
//! - It stops a lease after that look began: before A and a lease. Whoever has waited that long need not know of P.
//! - Whoever waits less has read the seats after A, or at least after the commit: where both are asked of one connection, in
//!   this order, nobody has to wait in between. P's seat was there when its look began, and nobody removes one that was
//!   renewed within a lease, so it was read, and it says that P has applied less than the change.
//! - Unless P's seat was taken for silent: read with the same turn, a lease apart. P counts a renewal only if it is
//!   answered within a lease of sending the one before, so what it renews later than that lets it answer nothing by
//!   itself: it has to look once more, and that look finds the change.
//!
//! Moments are compared only with moments of the same process. All that is asked of the clocks of two processes is that
//! they go about equally fast: an eighth is added to each lease that somebody else's clock measures.

mod barrier;
mod roll;
mod seat;
#[cfg(test)]
mod simulation;
mod tenure;

pub(crate) use barrier::Barrier;
pub(crate) use roll::{Roll, RollCall};
pub(crate) use seat::{ReplicaId, Seat};
pub(crate) use tenure::{Look, Tenure};

use std::time::Duration;

/// The longest lease that a process may take: how long whoever can't read the seats waits.
pub(crate) const MAX_LEASE: Duration = Duration::from_secs(60);

/// A lease as somebody else's clock measures it, which may go faster.
pub(crate) fn at_the_most(lease: Duration) -> Duration {
    lease + lease / 8
}

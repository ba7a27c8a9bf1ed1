//! Who waits until nobody goes by an old state any more.

use std::time::Duration;

use super::{MAX_LEASE, Roll, at_the_most};
use crate::Position;
use crate::clock::Moment;

/// Those who wait, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Barrier<W> {
    waiting: Vec<Waiting<W>>,
}

#[derive(Debug)]
struct Waiting<W> {
    /// What everybody is to know.
    position: Position,
    /// When that was known to be committed.
    since: Moment,
    who: W,
}

impl<W> Default for Barrier<W> {
    fn default() -> Self {
        Self { waiting: Vec::new() }
    }
}

impl<W> Barrier<W> {
    /// Lets `who` wait until everybody knows the ledger as it was at `position`, which was known to be committed at
    /// `since`.
    pub(crate) fn wait(&mut self, position: Position, since: Moment, who: W) {
        self.waiting.push(Waiting { position, since, who });
    }

    /// Whether nobody waits.
    pub(crate) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes out those whose wait is over at `now`. `own_lease` is how long this process answers, and until `distrusted`
    /// nobody is sure that all seats are there.
    pub(crate) fn release(
        &mut self,
        roll: &Roll,
        own_lease: Duration,
        distrusted: Moment,
        now: Moment,
    ) -> Vec<W> {
        let is_over = |waiting: &mut Waiting<W>| {
            let seats_are_known = roll.was_called_after(waiting.position, waiting.since);
            let longest = if seats_are_known {
                roll.live().map(|seat| seat.lease).fold(own_lease, Duration::max)
            } else {
                MAX_LEASE
            };
            let all_know = seats_are_known && roll.have_all_applied(waiting.position);
            now >= distrusted && (all_know || now >= waiting.since + at_the_most(longest))
        };
        self.waiting.extract_if(.., is_over).map(|waiting| waiting.who).collect()
    }
}

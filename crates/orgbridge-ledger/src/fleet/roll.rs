//! Who else is there.

use std::collections::HashMap;

use super::{ReplicaId, Seat, at_the_most};
use crate::Position;
use crate::clock::Moment;

/// All the seats there are, as they were read once.
#[derive(Debug, Clone)]
pub(crate) struct RollCall {
    pub(crate) seats: Vec<Seat>,
    /// Before they were asked for.
    pub(crate) asked: Moment,
    /// When they were known.
    pub(crate) answered: Moment,
    /// A position whose commit they were read after, by the same connection: it may have been asked for before it was known
    /// to be committed.
    pub(crate) after: Option<Position>,
}

/// The seats of the others, as they were last read.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    asked: Option<Moment>,
    after: Option<Position>,
    seats: HashMap<ReplicaId, Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    seat: Seat,
    /// When it was first known with this turn.
    since: Moment,
    /// It was not renewed for so long that whoever sat here answers nothing any more.
    is_silent: bool,
}

impl Roll {
    /// Takes in all the seats there are. `own` is none of the others.
    pub(crate) fn take_in(&mut self, call: RollCall, own: Option<ReplicaId>) {
        let RollCall { seats, asked, answered, after } = call;
        let before = std::mem::take(&mut self.seats);
        (self.asked, self.after) = (Some(asked), after);
        for seat in seats.into_iter().filter(|seat| Some(seat.replica) != own) {
            let known = match before.get(&seat.replica) {
                Some(known) if known.seat.turn == seat.turn => {
                    let is_silent = asked >= known.since + at_the_most(seat.lease);
                    Known { is_silent, ..*known }
                }
                _ => Known { seat, since: answered, is_silent: false },
            };
            self.seats.insert(seat.replica, known);
        }
    }

    /// Whether the seats were read after the ledger was moved to `position`, which was known at `since`.
    pub(crate) fn was_called_after(&self, position: Position, since: Moment) -> bool {
        let is_later = |after: Position| position.is_reached_at(after.epoch, after.revision);
        self.asked.is_some_and(|asked| asked >= since) || self.after.is_some_and(is_later)
    }

    /// Those who may still answer.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values().filter(|known| !known.is_silent).map(|known| &known.seat)
    }

    /// Those who answer nothing any more.
    pub(crate) fn silent(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values().filter(|known| known.is_silent).map(|known| &known.seat)
    }

    /// Whether all who may still answer know the ledger as it was at `position`.
    pub(crate) fn have_all_applied(&self, position: Position) -> bool {
        self.live().all(|seat| seat.has_applied(position))
    }
}

//! Who else is there.

use std::collections::HashMap;

use super::{ReplicaId, Seat, at_the_most};
use crate::Position;
use crate::clock::Moment;

/// The seats of the others, as they were last read.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    read: Option<Moment>,
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
    /// Takes in all the seats there are, asked for at `asked` and known at `answered`. `own` is none of the others.
    pub(crate) fn call(&mut self, seats: Vec<Seat>, own: Option<ReplicaId>, asked: Moment, answered: Moment) {
        let before = std::mem::take(&mut self.seats);
        self.read = Some(asked);
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

    /// When the seats were last asked for.
    pub(crate) const fn read_at(&self) -> Option<Moment> {
        self.read
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

//! The seats of those who serve: one short statement for each call.

use std::time::Duration;

use super::session::Request;
use super::trouble::Trouble;
use super::{Postgres, row, words};
use crate::fleet::{ReplicaId, Seat};
use crate::storage::Fleet;
use crate::{Epoch, Revision, Unavailable};

impl Postgres {
    fn say(&mut self, request: Request) -> Result<u64, Unavailable> {
        let said = self.link.ask(|session| async move { session.execute(&request).await });
        said.map_err(|trouble| trouble.unavailable)
    }
}

impl Fleet for Postgres {
    fn enter(&mut self, seat: &Seat) -> Result<(), Unavailable> {
        let Seat { replica, turn, lease, epoch, revision } = seat;
        let lease = u64::try_from(lease.as_micros()).unwrap_or(u64::MAX);
        let params = [
            replica.to_string().into(),
            (*turn).into(),
            lease.into(),
            epoch.get().into(),
            revision.get().into(),
        ];
        self.say(Request::new(words::ENTER, params)).map(drop)
    }

    fn renew(&mut self, seat: &Seat) -> Result<bool, Unavailable> {
        // Another connection may lead to a server that took this one's place and lacks what was looked at.
        self.link.settle();
        if !self.link.is_still(self.looked_on) {
            return Err(Trouble::lost("it was lost after the ledger was looked at").unavailable);
        }
        let Seat { replica, turn, lease: _, epoch, revision } = seat;
        let params = [epoch.get().into(), revision.get().into(), replica.to_string().into(), (*turn).into()];
        self.say(Request::new(words::RENEW, params)).map(|rows| rows > 0)
    }

    fn seats(&mut self) -> Result<Vec<Seat>, Unavailable> {
        let seats = self.link.ask_again(|session| async move {
            session.rows(&Request::new(words::SEATS, [])).await?.iter().map(seat_in).collect()
        });
        seats.map_err(|trouble| trouble.unavailable)
    }

    fn remove(&mut self, seat: &Seat) -> Result<(), Unavailable> {
        let params = [seat.replica.to_string().into(), seat.turn.into()];
        self.say(Request::new(words::REMOVE, params)).map(drop)
    }

    fn place(&self) -> u64 {
        self.link.number()
    }
}

/// Reads a seat.
pub(super) fn seat_in(row: &tokio_postgres::Row) -> Result<Seat, Trouble> {
    Ok(Seat {
        replica: ReplicaId::new(row::uuid(row, 0)?),
        turn: row::count(row, 1)?,
        lease: Duration::from_micros(row::count(row, 2)?),
        epoch: Epoch::new(row::count(row, 3)?),
        revision: Revision::new(row::count(row, 4)?),
    })
}

//! When the writer looks for those who catch up.
//!
//! A look may cost the database a commit, since the seat is renewed with it, and strangers can ask for one. So those who
//! call within a short time share one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Moment;

/// How much time lies between two looks that are asked for, at the least.
const BETWEEN: Duration = Duration::from_millis(10);

/// The last look that was asked for, or is going to be.
pub(crate) struct AskedLooks(Mutex<Moment>);

impl AskedLooks {
    /// Nobody has asked yet.
    pub(crate) const fn none() -> Self {
        Self(Mutex::new(Moment::NEVER))
    }

    /// When whoever calls at `called` has to ask for a look; `None` if somebody else is going to ask for one that serves as
    /// well. If those go away before that, the next look that the writer takes by itself does.
    pub(crate) fn turn(&self, called: Moment) -> Option<Moment> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *last > called {
            return None;
        }
        *last = called.max(*last + BETWEEN);
        Some(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::at(Duration::from_millis(millis))
    }

    #[test]
    fn a_lone_caller_asks_at_once() {
        let looks = AskedLooks::none();
        for called in [at(1_000), at(1_010), at(5_000)] {
            assert_eq!(looks.turn(called), Some(called));
        }
    }

    #[test]
    fn however_many_ask_the_database_is_looked_at_now_and_then() {
        let looks = AskedLooks::none();
        let mut turns = Vec::new();
        for millis in 1_000..2_000 {
            for _ in 0..10 {
                turns.extend(looks.turn(at(millis)));
            }
            let next = *turns.last().expect("a turn");
            assert!(
                next >= at(millis) && next <= at(millis) + BETWEEN,
                "who calls at {millis} waits until {next:?}"
            );
        }
        assert!(turns.is_sorted_by(|one, next| next.since(*one) >= BETWEEN), "{turns:?}");
    }
}

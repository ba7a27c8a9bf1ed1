//! What each of several replicas may take out of a limit, so that all together never take more.
//!
//! Each counts in windows of its own and takes `ceil((limit - rank) / count)` requests into each: over the ranks from 0
//! to `count - 1` that adds up to the limit, and where the limit is smaller than their number, the first ranks serve. A
//! share only falls where the rank or the number grows.
//!
//! Why the sum of all windows that are open at one moment stays within the limit while replicas come and go:
//! - **Nobody is overlooked.** A replica answers only while it knows of everybody who took a seat more than a *lag* ago.
//!   Whoever sits down newly takes nothing until a lag and a period have passed: by then all windows are closed that
//!   somebody opened who did not count them, and whoever opens another counts them.
//! - **Nobody grows too early.** A share is that of the greatest rank and the greatest number of the last period. So it
//!   falls at once, and rises only when the windows of those who are gone have closed.
//! - **Nobody comes back unnoticed.** Whoever was taken for gone has another seat afterwards, and begins as a newcomer;
//!   so does whoever has not looked for longer than a lag.
//!
//! Whoever finds itself alone begins with the whole: what was spent by those who are gone is forgotten, as by a server
//! that is started anew.
//!
//! An operator may *plan* for a number of replicas. Then a limit is divided among as many at the least, and as long as
//! no more are there, a newcomer begins at once with what one of them is sure to have: its part without what is left
//! over in dividing. What those have spent who are gone is forgotten then. The sum over those who are there stays within
//! the limit.

#[cfg(test)]
mod simulation;

use std::num::NonZeroU32;
use std::time::Duration;

use orgbridge_ledger::Replicas;
use uuid::Uuid;

use super::Quota;

/// How many requests a replica may take into one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// So many.
    Of(u32),
    /// None before so much time has passed.
    NotBefore(Duration),
}

/// What a replica knew of the others from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    since: Duration,
    rank: u32,
    count: u32,
}

/// How the limits are divided, as one replica knows it.
#[derive(Debug)]
pub(super) struct Division {
    planned: u32,
    lag: Duration,
    longest_period: Duration,
    seat: Option<Uuid>,
    looked_at: Duration,
    /// What it knows, behind what it knew, as far back as a window can be open.
    known: Vec<Known>,
    sat_down_at: Duration,
    /// Whether it takes nothing while it is a newcomer.
    waits: bool,
}

impl Division {
    /// Among `planned` replicas at the least, each of which knows of the others after `lag`.
    pub(super) const fn new(planned: NonZeroU32, lag: Duration, longest_period: Duration) -> Self {
        Self {
            planned: planned.get(),
            lag,
            longest_period,
            seat: None,
            looked_at: Duration::ZERO,
            known: Vec::new(),
            sat_down_at: Duration::ZERO,
            waits: false,
        }
    }

    /// Takes in who is there now.
    pub(super) fn look(&mut self, replicas: Replicas, now: Duration) {
        let Replicas { seat, rank, count } = replicas;
        let has_overslept = now.saturating_sub(self.looked_at) > self.lag;
        if self.seat != Some(seat) || has_overslept {
            self.sit_down(seat, now);
        }
        self.looked_at = now;
        if count <= self.planned {
            let has_waited = std::mem::replace(&mut self.waits, false);
            let has_just_come = now < self.sat_down_at + self.lag;
            if has_waited && has_just_come && count == 1 {
                self.known.clear();
            }
        }
        self.learn(Known { since: now, rank, count });
        self.forget_before(now.saturating_sub(self.longest_period));
    }

    /// Begins as a newcomer.
    fn sit_down(&mut self, seat: Uuid, now: Duration) {
        self.seat = Some(seat);
        self.sat_down_at = now;
        self.waits = true;
    }

    fn learn(&mut self, known: Known) {
        let is_new =
            self.known.last().is_none_or(|last| (last.rank, last.count) != (known.rank, known.count));
        if is_new {
            self.known.push(known);
        }
    }

    fn forget_before(&mut self, moment: Duration) {
        let over = self.known.windows(2).take_while(|pair| pair[1].since < moment).count();
        self.known.drain(..over);
    }

    /// What it may take into a window of `quota` now.
    pub(super) fn share(&self, quota: Quota, now: Duration) -> Share {
        let period = quota.period();
        let newcomer_for = self.newcomer_for(period, now);
        if self.waits && !newcomer_for.is_zero() {
            return Share::NotBefore(newcomer_for);
        }
        let (mut rank, count) = self.greatest_since(now.saturating_sub(period));
        if !newcomer_for.is_zero() {
            rank = rank.max(self.planned - 1);
        }
        match quota.requests.get().saturating_sub(rank).div_ceil(count.max(self.planned)) {
            0 => Share::NotBefore(period),
            share => Share::Of(share),
        }
    }

    /// The greatest rank and the greatest number that were known at `moment` or later.
    fn greatest_since(&self, moment: Duration) -> (u32, u32) {
        let over = self.known.windows(2).take_while(|pair| pair[1].since < moment).count();
        let of_then = self.known[over..].iter();
        of_then.fold((0, 1), |(rank, count), known| (rank.max(known.rank), count.max(known.count)))
    }

    /// How long the newcomer still has to wait for the last of its shares.
    pub(super) fn waits(&self, now: Duration) -> Option<Duration> {
        let wait = self.newcomer_for(self.longest_period, now);
        (self.waits && !wait.is_zero()).then_some(wait)
    }

    /// For how long it has had its seat.
    pub(super) const fn sat_for(&self, now: Duration) -> Duration {
        now.saturating_sub(self.sat_down_at)
    }

    /// For how long there may still be windows of `period` that were opened by somebody who did not count it.
    fn newcomer_for(&self, period: Duration, now: Duration) -> Duration {
        (self.sat_down_at + self.lag + period).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(3);
    const PERIOD: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn division(planned: u32) -> Division {
        Division::new(NonZeroU32::new(planned).unwrap(), LAG, PERIOD)
    }

    fn replicas(rank: u32, count: u32) -> Replicas {
        Replicas { seat: Uuid::from_u128(1), rank, count }
    }

    fn share(division: &Division, requests: u32, now: Duration) -> Share {
        division.share(Quota::new(requests, 10).unwrap(), now)
    }

    /// Looks each second, as somebody who is awake, for the whole of a time.
    fn look_on(division: &mut Division, replicas: Replicas, seconds: std::ops::RangeInclusive<u64>) {
        for second in seconds {
            division.look(replicas, at(second));
        }
    }

    #[test]
    fn whoever_is_alone_takes_the_whole_at_once() {
        let mut division = division(1);
        division.look(Replicas::ALONE, at(100));
        assert_eq!(share(&division, 7, at(100)), Share::Of(7));
        assert_eq!(division.waits(at(100)), None);
    }

    #[test]
    fn the_shares_of_all_ranks_add_up_to_the_limit() {
        for (requests, count) in [(1, 1), (1, 3), (2, 3), (3, 3), (7, 3), (600, 7), (u32::MAX, 4)] {
            let shares = (0..count).map(|rank| {
                let mut division = division(count);
                look_on(&mut division, replicas(rank, count), 100..=120);
                match share(&division, requests, at(120)) {
                    Share::Of(share) => u64::from(share),
                    Share::NotBefore(_) => 0,
                }
            });
            assert_eq!(shares.sum::<u64>(), u64::from(requests), "{requests} among {count}");
        }
    }

    #[test]
    fn a_newcomer_among_others_takes_nothing_for_a_lag_and_a_period() {
        let mut division = division(1);
        look_on(&mut division, replicas(1, 2), 100..=112);
        assert_eq!(share(&division, 8, at(112)), Share::NotBefore(at(1)));
        assert_eq!(division.waits(at(112)), Some(at(1)));
        division.look(replicas(1, 2), at(113));
        assert_eq!(share(&division, 8, at(113)), Share::Of(4));
        assert_eq!(division.waits(at(113)), None);
    }

    #[test]
    fn a_newcomer_within_what_is_planned_begins_without_what_is_left_over() {
        let mut division = division(3);
        division.look(replicas(0, 2), at(100));
        assert_eq!(share(&division, 8, at(100)), Share::Of(2));
        look_on(&mut division, replicas(0, 2), 101..=113);
        assert_eq!(share(&division, 8, at(113)), Share::Of(3));
    }

    #[test]
    fn a_share_falls_at_once_and_rises_after_a_period() {
        let mut division = division(1);
        look_on(&mut division, replicas(0, 1), 100..=120);
        division.look(replicas(0, 2), at(121));
        assert_eq!(share(&division, 8, at(121)), Share::Of(4));
        look_on(&mut division, replicas(0, 1), 122..=132);
        assert_eq!(share(&division, 8, at(132)), Share::Of(4));
        division.look(replicas(0, 1), at(133));
        assert_eq!(share(&division, 8, at(133)), Share::Of(8));
    }

    #[test]
    fn whoever_comes_back_to_another_seat_or_has_slept_begins_as_a_newcomer() {
        let mut division = division(1);
        look_on(&mut division, replicas(0, 2), 100..=120);
        assert_eq!(share(&division, 8, at(120)), Share::Of(4));
        division.look(Replicas { seat: Uuid::from_u128(2), ..replicas(0, 2) }, at(121));
        assert_eq!(share(&division, 8, at(121)), Share::NotBefore(at(13)));
        look_on(&mut division, Replicas { seat: Uuid::from_u128(2), ..replicas(0, 2) }, 122..=134);
        assert_eq!(share(&division, 8, at(134)), Share::Of(4));
        division.look(Replicas { seat: Uuid::from_u128(2), ..replicas(0, 2) }, at(138));
        assert_eq!(share(&division, 8, at(138)), Share::NotBefore(at(13)));
    }

    /// What somebody has learnt while it waited doesn't give it the whole later on.
    #[test]
    fn whoever_was_a_newcomer_once_rises_after_a_period_like_anybody() {
        let mut division = division(1);
        look_on(&mut division, replicas(1, 2), 100..=120);
        look_on(&mut division, replicas(0, 1), 121..=131);
        assert_eq!(share(&division, 8, at(131)), Share::Of(4));
    }

    /// After a crash the seat of the one before is still there for a moment.
    #[test]
    fn a_newcomer_that_finds_itself_alone_waits_no_longer() {
        let mut division = division(1);
        division.look(replicas(1, 2), at(100));
        assert!(matches!(share(&division, 8, at(100)), Share::NotBefore(_)));
        division.look(replicas(0, 1), at(102));
        assert_eq!(share(&division, 8, at(102)), Share::Of(8));
    }

    #[test]
    fn of_a_limit_smaller_than_their_number_the_first_ranks_serve() {
        for (rank, expected) in [(0, Share::Of(1)), (1, Share::Of(1)), (2, Share::NotBefore(PERIOD))] {
            let mut division = division(1);
            look_on(&mut division, replicas(rank, 3), 100..=120);
            assert_eq!(share(&division, 2, at(120)), expected);
        }
    }
}

//! Time that a test moves.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use orgbridge_api::MonotonicClock;
use orgbridge_domain::Timestamp;
use orgbridge_ledger::Clock;

/// 2025-08-26T20:19:36.177236Z, the time in the contract's example.
const START_MICROS: i64 = 1_756_239_576_177_236;

/// A wall clock and a monotonic clock that stand still until they are moved, together as a rule.
#[derive(Debug)]
pub struct TestClock {
    wall_micros: AtomicI64,
    elapsed_micros: AtomicU64,
}

impl Default for TestClock {
    fn default() -> Self {
        Self { wall_micros: AtomicI64::new(START_MICROS), elapsed_micros: AtomicU64::new(0) }
    }
}

impl TestClock {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.wall_micros.fetch_add(signed_micros(by), Ordering::SeqCst);
        self.elapsed_micros.fetch_add(signed_micros(by).unsigned_abs(), Ordering::SeqCst);
    }

    /// Lets somebody set the wall clock back. No time passes.
    pub fn set_back(&self, by: Duration) {
        self.wall_micros.fetch_sub(signed_micros(by), Ordering::SeqCst);
    }

    /// Lets somebody set the wall clock forward. No time passes.
    pub fn set_forward(&self, by: Duration) {
        self.wall_micros.fetch_add(signed_micros(by), Ordering::SeqCst);
    }
}

fn signed_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).expect("a test moves the clock by less than a lifetime")
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.wall_micros.load(Ordering::SeqCst))
    }
}

impl MonotonicClock for TestClock {
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed_micros.load(Ordering::SeqCst))
    }
}

//! Time that only ever moves forward.

use std::time::{Duration, Instant};

/// Tells how much time has passed. Rate limits and latencies are measured with it and never with the wall
/// clock, which jumps. Tests bring one that they can move.
pub trait MonotonicClock: Send + Sync + 'static {
    /// The time since some moment that stays the same for the life of the clock.
    fn elapsed(&self) -> Duration;
}

/// The monotonic clock of the machine, since it was made.
#[derive(Debug, Clone, Copy)]
pub struct SystemMonotonicClock {
    started: Instant,
}

impl Default for SystemMonotonicClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl MonotonicClock for SystemMonotonicClock {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

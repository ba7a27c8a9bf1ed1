//! Time that only ever moves forward.

use std::time::Duration;

use orgbridge_ledger::uptime;

/// Tells how much time has passed. Rate limits and latencies are measured with it and never with the wall
/// clock, which jumps. Tests bring one that they can move.
pub trait MonotonicClock: Send + Sync + 'static {
    /// The time since some moment that stays the same for the life of the clock.
    fn elapsed(&self) -> Duration;
}

/// The [uptime] of the machine, since the clock was made. On Linux it goes on while the machine sleeps: keys of an issuer
/// outside are no younger when it wakes up.
#[derive(Debug, Clone, Copy)]
pub struct SystemMonotonicClock {
    made_at: Duration,
}

impl Default for SystemMonotonicClock {
    fn default() -> Self {
        Self { made_at: uptime() }
    }
}

impl MonotonicClock for SystemMonotonicClock {
    fn elapsed(&self) -> Duration {
        uptime().saturating_sub(self.made_at)
    }
}

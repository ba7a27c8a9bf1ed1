//! Where the time comes from.

use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orgbridge_domain::Timestamp;

/// Tells the wall-clock time. Tests bring one that they can move.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that the others are told to take")]
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }
}

/// How long the machine has run, on a clock that nobody sets. It goes on while the machine sleeps: what was known before is
/// old when it wakes up.
#[cfg(target_os = "linux")]
pub fn uptime() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// How long ago it was first asked for, on a clock that nobody sets. Elsewhere it is up to the system whether it goes on while
/// the machine sleeps.
#[cfg(not(target_os = "linux"))]
pub fn uptime() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Later than `Moment::NEVER`, even for the first who asks.
    BEGAN.elapsed() + Duration::from_micros(1)
}

/// A moment by the [`uptime`], for what must not be older than it seems. It can be compared with others of the same process
/// alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// Before any other.
    pub(crate) const NEVER: Self = Self(Duration::ZERO);

    /// Now.
    pub(crate) fn now() -> Self {
        Self(uptime())
    }

    /// The moment that was this long after the clock began.
    pub(crate) const fn at(time: Duration) -> Self {
        Self(time)
    }

    /// In whole microseconds since the clock began.
    pub(crate) fn micros(self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }

    /// How long it is after another; nothing if it is before it.
    pub(crate) const fn since(self, other: Self) -> Duration {
        self.0.saturating_sub(other.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

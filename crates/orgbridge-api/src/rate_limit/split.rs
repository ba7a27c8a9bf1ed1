//! The share of each limit that this replica may take, ready to be looked up.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use orgbridge_ledger::{Ledger, Replicas};

use super::division::{Division, Share};
use super::{LimitName, RateLimits};
use crate::MonotonicClock;

/// How often it is looked who else is there.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How late a look may be before a replica counts as one that has slept.
const LATENESS: Duration = Duration::from_secs(1);

/// For how long at the most a replica that waits for its shares asks to be sent no requests: some limits may have
/// periods of days.
const MAX_UNREADY: Duration = Duration::from_secs(300);

/// In a share, that there is none yet; the rest says for how many microseconds.
const WAITS: u64 = 1 << 63;

/// Among how many replicas the limits are divided, and what part of them is this one's.
///
/// Whoever serves has it [look](Self::look) ten times a second who else is there: so it learns also of those who come and
/// go while nobody asks for anything.
pub struct Split {
    limits: RateLimits,
    division: Mutex<Division>,
    /// By limit, how many requests may be taken into a window.
    shares: Vec<AtomicU64>,
    /// When it was looked, in microseconds.
    looked_at: AtomicU64,
    replicas: Box<dyn Fn() -> Replicas + Send + Sync>,
}

impl Split {
    /// The limits, divided among those who serve `ledger`, or among `planned`, if that is more.
    pub fn among_those_who_serve(ledger: Ledger, limits: RateLimits, planned: NonZeroU32) -> Self {
        Self::new(limits, planned, ledger.max_staleness(), move || ledger.live_replicas())
    }

    /// The limits of a server that shares its ledger with no other.
    pub fn alone(limits: RateLimits) -> Self {
        Self::new(limits, NonZeroU32::MIN, Duration::ZERO, || Replicas::ALONE)
    }

    /// The same, with somebody else who knows who is there, or was as long ago as knowledge may be old.
    pub fn new(
        limits: RateLimits,
        planned: NonZeroU32,
        max_staleness: Duration,
        replicas: impl Fn() -> Replicas + Send + Sync + 'static,
    ) -> Self {
        // The clocks of others may go a little faster.
        let lag = max_staleness + max_staleness / 8 + LATENESS;
        let division = Division::new(planned, lag, limits.longest_period());
        Self {
            shares: LimitName::ALL.iter().map(|_| AtomicU64::new(WAITS)).collect(),
            looked_at: AtomicU64::new(u64::MAX),
            division: Mutex::new(division),
            replicas: Box::new(replicas),
            limits,
        }
    }

    /// The limits that are divided.
    pub(crate) const fn limits(&self) -> &RateLimits {
        &self.limits
    }

    /// Looks who is there, and works out the shares anew.
    pub fn look(&self, now: Duration) {
        let mut division = self.division.lock().unwrap_or_else(PoisonError::into_inner);
        division.look((self.replicas)(), now);
        for (name, share) in LimitName::ALL.iter().zip(&self.shares) {
            let Some(quota) = self.limits.quota(*name) else { continue };
            let packed = match division.share(quota, now) {
                Share::Of(requests) => requests.into(),
                Share::NotBefore(wait) => WAITS | micros(wait),
            };
            share.store(packed, Ordering::Relaxed);
        }
        self.looked_at.store(micros(now), Ordering::Release);
    }

    /// What this replica may take into a window of the limit.
    pub(super) fn share(&self, name: LimitName, now: Duration) -> Share {
        let looked_at = self.looked_at.load(Ordering::Acquire);
        if looked_at == u64::MAX || micros(now).saturating_sub(looked_at) >= micros(LOOK_INTERVAL) {
            self.look(now);
        }
        match self.shares[name as usize].load(Ordering::Relaxed) {
            waits if waits & WAITS != 0 => Share::NotBefore(Duration::from_micros(waits & !WAITS)),
            requests => Share::Of(u32::try_from(requests).unwrap_or(u32::MAX)),
        }
    }

    /// For how long this replica should be sent no requests, since it may not take any out of some limit.
    pub fn unready_for(&self, now: Duration) -> Option<Duration> {
        if LimitName::ALL.iter().all(|name| self.limits.quota(*name).is_none()) {
            return None;
        }
        let division = self.division.lock().unwrap_or_else(PoisonError::into_inner);
        division.waits(now).filter(|_| division.sat_for(now) < MAX_UNREADY)
    }

    /// Looks for as long as it is waited for.
    pub async fn keep_looking(&self, clock: &dyn MonotonicClock) {
        loop {
            self.look(clock.elapsed());
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).map_or(!WAITS, |micros| micros & !WAITS)
}

impl fmt::Debug for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Split").field("limits", &self.limits).finish_non_exhaustive()
    }
}

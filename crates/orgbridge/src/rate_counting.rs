//! Keeps up to date with whom the rate limits are shared.

use std::sync::Arc;
use std::time::Duration;

use orgbridge_api::{MonotonicClock, RateStore, Split};
use tokio_util::sync::CancellationToken;

/// How requests are counted: by shares, or in a store that all replicas share.
#[derive(Clone)]
pub(crate) struct RateCounting {
    pub(crate) split: Arc<Split>,
    pub(crate) store: Option<Arc<RateStore>>,
    clock: Arc<dyn MonotonicClock>,
}

impl RateCounting {
    /// Begins with a look at who else is there.
    pub(crate) fn begin(split: Split, store: Option<Arc<RateStore>>, clock: Arc<dyn MonotonicClock>) -> Self {
        split.look(clock.elapsed());
        let begun = Self { split: Arc::new(split), store, clock };
        if let Some(wait) = begun.unready_for() {
            tracing::info!(
                seconds = wait.as_secs() + 1,
                "others serve this database, too: requests are taken when those that they let in before are over; \
                 rate_limits.replicas says how many are planned for"
            );
        }
        begun
    }

    /// Looks who is there, and stays connected to the store, until it is told to stop.
    pub(crate) fn keep_up(&self, stop: &CancellationToken) {
        let (split, clock, stopped) = (Arc::clone(&self.split), Arc::clone(&self.clock), stop.clone());
        tokio::spawn(async move { stopped.run_until_cancelled(split.keep_looking(&*clock)).await });
        if let Some(store) = self.store.clone() {
            let stopped = stop.clone();
            tokio::spawn(async move { stopped.run_until_cancelled(store.keep_connected()).await });
        }
    }

    /// For how long requests are refused since others may have used up what they would be charged to.
    pub(crate) fn unready_for(&self) -> Option<Duration> {
        let counts_by_itself = self.store.as_ref().is_none_or(|store| !store.is_there());
        self.split.unready_for(self.clock.elapsed()).filter(|_| counts_by_itself)
    }
}

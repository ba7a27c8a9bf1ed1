//! Where searches wait for each other, so that they never take more than a part of the machine.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use orgbridge_ledger::{Ledger, Unavailable, View};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::search::{Found, Search};
use crate::error::ApiError;

/// How many searches read at the same time. The others wait for them.
const AT_ONCE: usize = 2;

/// How long a search waits for its turn.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Whose turn it is to search.
#[derive(Debug)]
pub(crate) struct Turns {
    at_once: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Turns {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

/// The turn of one search.
#[derive(Debug)]
pub(crate) struct Turn {
    at_once: OwnedSemaphorePermit,
}

impl Turns {
    fn with_patience(patience: Duration) -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), patience }
    }

    /// The next turn. Whoever has waited for it asks anew who may search.
    ///
    /// # Errors
    /// [`ApiError::SearchesUnderWay`] if it does not come in time.
    pub(crate) async fn turn(&self) -> Result<Turn, ApiError> {
        let at_once = timeout(self.patience, Arc::clone(&self.at_once).acquire_owned());
        let at_once = at_once.await.map_err(|_| ApiError::SearchesUnderWay)?;
        Ok(Turn { at_once: at_once.map_err(|_| ApiError::Unavailable(Unavailable::Closed))? })
    }
}

impl Turn {
    /// Reads a page beside the threads that serve.
    pub(crate) async fn take(
        self,
        search: Search,
        ledger: Ledger,
        view: Arc<View>,
    ) -> Result<Found, ApiError> {
        let read = tokio::task::spawn_blocking(move || {
            let found = search.run(&ledger, &view);
            drop(self.at_once);
            found
        });
        // A search that panics is reported as any bug is.
        read.await.map_err(|_| ApiError::Panicked)?.map_err(ApiError::Unavailable)
    }
}

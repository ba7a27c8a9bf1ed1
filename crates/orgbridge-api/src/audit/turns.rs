//! Where searches wait for each other, so that they never take more than a part of the machine, and an org waits for
//! itself before anybody waits for it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orgbridge_domain::OrgId;
use orgbridge_ledger::{Ledger, Unavailable, View};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::search::{Found, Search};
use crate::error::ApiError;

/// How many searches read at the same time. The others wait for them.
const AT_ONCE: usize = 2;

/// How many of them are of one org.
const AT_ONCE_OF_AN_ORG: usize = 1;

/// How long a search waits for its turn.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Whose turn it is to search.
#[derive(Debug)]
pub(crate) struct Turns {
    at_once: Arc<Semaphore>,
    lines: Lines,
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
    _at_once: OwnedSemaphorePermit,
    _of_its_org: OwnedSemaphorePermit,
    _in_line: InLine,
}

impl Turns {
    fn with_patience(patience: Duration) -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), lines: Lines::default(), patience }
    }

    /// The next turn of an org. Whoever has waited for it asks anew who may search.
    ///
    /// # Errors
    /// [`ApiError::SearchesUnderWay`] if it does not come in time.
    pub(crate) async fn turn(&self, org: OrgId) -> Result<Turn, ApiError> {
        let in_line = InLine::join(&self.lines, org);
        let both = async {
            // In this order: whoever waits for their own org is in the way of no other.
            let of_its_org = Arc::clone(&in_line.line).acquire_owned().await?;
            let at_once = Arc::clone(&self.at_once).acquire_owned().await?;
            Ok((at_once, of_its_org))
        };
        let both = timeout(self.patience, both).await.map_err(|_| ApiError::SearchesUnderWay)?;
        let (at_once, of_its_org) =
            both.map_err(|_: AcquireError| ApiError::Unavailable(Unavailable::Closed))?;
        Ok(Turn { _at_once: at_once, _of_its_org: of_its_org, _in_line: in_line })
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
            drop(self);
            found
        });
        // A search that panics is reported as any bug is.
        read.await.map_err(|_| ApiError::Panicked)?.map_err(ApiError::Unavailable)
    }
}

/// Where the searches of each org wait, for as long as there are any.
type Lines = Arc<Mutex<HashMap<OrgId, Line>>>;

#[derive(Debug)]
struct Line {
    turns: Arc<Semaphore>,
    /// How many searches have or want its turns.
    searches: usize,
}

/// A search that has or wants a turn of its org.
#[derive(Debug)]
struct InLine {
    org: OrgId,
    line: Arc<Semaphore>,
    lines: Lines,
}

impl InLine {
    fn join(lines: &Lines, org: OrgId) -> Self {
        let new = || Line { turns: Arc::new(Semaphore::new(AT_ONCE_OF_AN_ORG)), searches: 0 };
        let mut all = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = all.entry(org).or_insert_with(new);
        line.searches += 1;
        Self { org, line: Arc::clone(&line.turns), lines: Arc::clone(lines) }
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut all = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut line) = all.entry(self.org) {
            line.get_mut().searches -= 1;
            if line.get().searches == 0 {
                line.remove();
            }
        }
    }
}

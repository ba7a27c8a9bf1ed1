//! Keeps what audit trails are read from, beside the commits: the index of changes, and refused attempts.

use std::time::{Duration, Instant};

use crate::index::{Concern, Remembered, STEP, concern_of};
use crate::storage::Storage;
use crate::writer::Shared;
use crate::{Position, Unavailable};

/// How many entries that nobody remembers are put into the index in one transaction.
const INDEX_AT_ONCE: u64 = STEP;

/// How long refused attempts are gathered before they are kept together.
const ATTEMPTS_INTERVAL: Duration = Duration::from_millis(100);

/// How many refused attempts are kept in one transaction, so that nobody waits long for it.
const ATTEMPTS_AT_ONCE: usize = 256;

/// What the writer knows of trails.
pub(crate) struct TrailKeeper {
    /// Of published changes.
    remembered: Remembered,
    /// Of changes that lead to a view which is not published yet.
    coming: Vec<Concern>,
    attempts_kept_at: Instant,
}

impl TrailKeeper {
    /// Knows nothing but a position.
    pub(crate) fn nothing_before(position: Position) -> Self {
        let remembered = Remembered::nothing_before(position);
        Self { remembered, coming: Vec::new(), attempts_kept_at: Instant::now() }
    }

    /// Begins on the way to another view.
    pub(crate) fn begin(&mut self) {
        self.coming.clear();
    }

    /// Begins at another view, with nothing but its position known.
    pub(crate) fn begin_anew(&mut self, position: Position) {
        self.coming.clear();
        self.remembered = Remembered::nothing_before(position);
    }

    /// Sees a change on the way to it.
    pub(crate) fn see(&mut self, concern: Concern) {
        self.coming.push(concern);
    }

    /// The view at `position` is published.
    pub(crate) fn advance(&mut self, position: Position) {
        self.remembered.advance(position, &mut self.coming);
    }

    /// Puts a step of changes into the index and keeps some attempts, each if it is time.
    pub(crate) fn keep_if_due(&mut self, storage: &mut impl Storage, shared: &Shared) {
        self.index_if_due(storage, shared);
        if self.attempts_kept_at.elapsed() >= ATTEMPTS_INTERVAL {
            self.keep_attempts(storage, shared);
        }
    }

    /// Keeps all attempts that wait.
    pub(crate) fn keep_all_attempts(&mut self, storage: &mut impl Storage, shared: &Shared) {
        while self.keep_attempts(storage, shared) {}
    }

    /// Puts a step of changes into the index; `false` if none was due or it came to nothing.
    pub(crate) fn index_if_due(&mut self, storage: &mut impl Storage, shared: &Shared) -> bool {
        if !self.remembered.is_due() {
            return false;
        }
        let indexed = storage.begin().and_then(|position| {
            let indexed = self.index(position, storage, shared)?;
            if indexed {
                storage.commit(position)?;
            }
            Ok(indexed)
        });
        if matches!(indexed, Ok(true)) {
            return true;
        }
        if let Err(trouble) = indexed {
            // It is tried again in a moment, and what ails the ledger is found out and reported by its commits.
            tracing::debug!(cause = trouble.cause(), "the index of trails was not filled: {trouble}");
        }
        storage.rollback();
        false
    }

    fn index(
        &mut self,
        position: Position,
        storage: &mut impl Storage,
        shared: &Shared,
    ) -> Result<bool, Unavailable> {
        let view = shared.latest.load_full();
        let indexed = storage.indexed()?;
        self.remembered.indexed = indexed;
        // Another process may have been faster, or have written what is not followed yet.
        if !self.remembered.is_due() || position != view.position {
            return Ok(false);
        }
        let read;
        let concerns = if let Some(remembered) = self.remembered.after(indexed) {
            remembered
        } else {
            let entries = storage.entries_after(indexed, INDEX_AT_ONCE)?;
            read = entries.iter().map(|entry| concern_of(entry, &view)).collect::<Vec<_>>();
            &read
        };
        let Some(through) = concerns.last().map(|last| last.revision) else { return Ok(false) };
        storage.index(concerns, through)?;
        self.remembered.forget_until(through);
        Ok(true)
    }

    /// Keeps attempts that wait; `false` if none were kept.
    fn keep_attempts(&mut self, storage: &mut impl Storage, shared: &Shared) -> bool {
        self.attempts_kept_at = Instant::now();
        if !shared.attempts.are_waiting() {
            return false;
        }
        // They go on waiting where nothing can be written now.
        let Ok(position) = storage.begin() else { return false };
        let most = shared.attempts.limits.per_org.get();
        let attempts = shared.attempts.take(ATTEMPTS_AT_ONCE);
        let kept = attempts
            .iter()
            .try_for_each(|refused| storage.keep_attempt(refused, most))
            .and_then(|()| storage.commit(position));
        if let Err(trouble) = &kept {
            storage.rollback();
            let count = attempts.len();
            tracing::warn!(count, cause = trouble.cause(), "refused attempts are lost: {trouble}");
        }
        kept.is_ok()
    }
}

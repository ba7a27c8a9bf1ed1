//! Makes durable when keys were last used, now and then, and learns what other processes know of it.

use std::time::{Duration, Instant};

use orgbridge_domain::Timestamp;

use crate::last_use::Use;
use crate::storage::Storage;
use crate::writer::Shared;
use crate::{Clock, Unavailable};

/// How many uses are kept in one transaction: few enough for changes that wait meanwhile.
const PORTION: usize = 4096;

/// How many intervals old a use may be when it is written. Whoever reads looks back as far.
const LATENESS: u32 = 5;

/// How long the last portions wait for another process that is committing.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// When what is to be written.
pub(crate) struct UseKeeper {
    interval: Duration,
    due: Instant,
    /// What remains of the round that has begun.
    waiting: Vec<Use>,
    /// When everything that others had kept was last read.
    read_at: Timestamp,
}

impl UseKeeper {
    /// Begins with everything read at `now`.
    pub(crate) fn new(interval: Duration, now: Timestamp) -> Self {
        Self { interval, due: Instant::now() + interval, waiting: Vec::new(), read_at: now }
    }

    /// Writes a portion of what is new, if a round has begun or is due. Then, when nothing is left of it, reads what
    /// others wrote.
    pub(crate) fn keep_if_due(&mut self, storage: &mut impl Storage, shared: &Shared, clock: &dyn Clock) {
        if self.waiting.is_empty() {
            if Instant::now() < self.due {
                return;
            }
            self.due = Instant::now() + self.interval;
            self.waiting = shared.uses.sift(&shared.latest.load().state);
        }
        let kept = self.keep_portion(storage, shared).and_then(|()| {
            if self.waiting.is_empty() { self.read(storage, shared, clock.now()) } else { Ok(()) }
        });
        if let Err(trouble) = kept {
            // Nothing is lost: the next round begins with all that is not kept.
            self.waiting.clear();
            tracing::debug!(cause = trouble.cause(), "the last uses of keys were not kept: {trouble}");
        }
    }

    /// Writes all that is new, for the last time.
    pub(crate) fn keep_all(&mut self, storage: &mut impl Storage, shared: &Shared) {
        let began = Instant::now();
        self.waiting = shared.uses.sift(&shared.latest.load().state);
        while !self.waiting.is_empty() {
            match self.keep_portion(storage, shared) {
                Ok(()) => {}
                Err(Unavailable::Locked) if began.elapsed() < LOCK_PATIENCE => {}
                Err(trouble) => {
                    let keys = self.waiting.len();
                    tracing::warn!(keys, cause = trouble.cause(), "last uses of keys are lost: {trouble}");
                    return;
                }
            }
        }
    }

    fn keep_portion(&mut self, storage: &mut impl Storage, shared: &Shared) -> Result<(), Unavailable> {
        let rest = self.waiting.len().saturating_sub(PORTION);
        if rest < self.waiting.len() {
            storage.keep_uses(&self.waiting[rest..])?;
            shared.uses.take_in(self.waiting.drain(rest..));
        }
        Ok(())
    }

    fn read(
        &mut self,
        storage: &mut impl Storage,
        shared: &Shared,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        let lateness = i64::try_from((self.interval * LATENESS).as_micros()).unwrap_or(i64::MAX);
        let since = Timestamp::from_micros(self.read_at.micros().saturating_sub(lateness));
        shared.uses.take_in(storage.uses_since(since)?);
        self.read_at = now;
        Ok(())
    }
}

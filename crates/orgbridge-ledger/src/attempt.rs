//! Attempts to change something that were refused: kept beside the history, in bounded number, for the audit trail of
//! whoever made them.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use orgbridge_domain::{OrgId, Timestamp};

use crate::Actor;

/// How many attempts wait to be kept, at the most. More than the writer keeps at once, for when it is slow.
const MAX_WAITING: usize = 4096;

/// How many orgs are counted apart, at the most, before those that are silent are forgotten.
const MAX_COUNTED: usize = 10_000;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// How many attempts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// How many of one org in a minute.
    pub per_minute: NonZeroU32,
    /// How many of one org at all; the oldest make room.
    pub per_org: NonZeroU32,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        const PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
        const PER_ORG: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);
        Self { per_minute: PER_MINUTE, per_org: PER_ORG }
    }
}

/// What somebody tried to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To make something.
    Create,
    /// To change something.
    Update,
    /// To delete something.
    Delete,
}

impl Action {
    /// Every action there is.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// Its name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// An attempt that was refused. What was asked for has been parsed: nothing here is as a caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose trail it belongs into: the caller's own org, whoever's the thing is.
    pub org: OrgId,
    /// Who tried.
    pub actor: Actor,
    /// By which request.
    pub request_id: String,
    /// What they tried.
    pub action: Action,
    /// With what kind of thing: the name of its table.
    pub entity: Cow<'static, str>,
    /// With which one, if it was named.
    pub entity_id: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// What they were told.
    pub reason: String,
}

/// An attempt that is kept, or waits to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAttempt {
    /// The how manieth of its org it is. 0 while it waits.
    pub number: u64,
    /// When it was refused.
    pub at: Timestamp,
    /// How many of the org's before it were not kept, since there were too many.
    pub unrecorded: u64,
    /// What it was.
    pub attempt: Attempt,
}

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It will be kept.
    Recorded,
    /// There are too many. The next that is kept says so.
    TooMany,
}

/// Attempts that wait for the writer.
pub(crate) struct Attempts {
    pub(crate) limits: AttemptLimits,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<RefusedAttempt>,
    orgs: HashMap<OrgId, Window>,
}

/// What an org has tried within a minute.
#[derive(Default)]
struct Window {
    minute: i64,
    recorded: u32,
    unrecorded: u64,
}

impl Attempts {
    pub(crate) fn new(limits: AttemptLimits) -> Self {
        Self { limits, waiting: Mutex::default() }
    }

    /// Puts an attempt into the queue, if its org has not used up its minute and there is room.
    pub(crate) fn offer(&self, attempt: Attempt, at: Timestamp) -> Noted {
        let minute = at.micros().div_euclid(MICROS_PER_MINUTE);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Waiting { queue, orgs } = &mut *waiting;
        if orgs.len() >= MAX_COUNTED && !orgs.contains_key(&attempt.org) {
            orgs.retain(|_, window| window.minute == minute);
            if orgs.len() >= MAX_COUNTED {
                return Noted::TooMany;
            }
        }
        let window = orgs.entry(attempt.org).or_default();
        if window.minute != minute {
            (window.minute, window.recorded) = (minute, 0);
        }
        if window.recorded >= self.limits.per_minute.get() || queue.len() >= MAX_WAITING {
            window.unrecorded += 1;
            return Noted::TooMany;
        }
        window.recorded += 1;
        let unrecorded = std::mem::take(&mut window.unrecorded);
        queue.push_back(RefusedAttempt { number: 0, at, unrecorded, attempt });
        Noted::Recorded
    }

    pub(crate) fn are_waiting(&self) -> bool {
        !self.waiting.lock().unwrap_or_else(PoisonError::into_inner).queue.is_empty()
    }

    /// Takes the first `most` out of the queue.
    pub(crate) fn take(&self, most: usize) -> Vec<RefusedAttempt> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.queue.len().min(most);
        waiting.queue.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn minute(number: i64) -> Timestamp {
        Timestamp::from_micros(number * MICROS_PER_MINUTE)
    }

    fn of(org: u128) -> Attempt {
        Attempt {
            org: OrgId::new(Uuid::from_u128(org)),
            actor: Actor { kind: "user".to_owned(), org_id: None, user_id: None, credential: None },
            request_id: "a-test".to_owned(),
            action: Action::Update,
            entity: "org_connection".into(),
            entity_id: None,
            status: 403,
            reason: "Forbidden".to_owned(),
        }
    }

    #[test]
    fn an_org_has_so_many_in_a_minute_and_the_next_says_how_many_were_not_kept() {
        let limits =
            AttemptLimits { per_minute: NonZeroU32::MIN.saturating_add(1), ..AttemptLimits::default() };
        let attempts = Attempts::new(limits);
        let noted: Vec<_> = (0..5).map(|_| attempts.offer(of(1), minute(7))).collect();
        assert_eq!(noted, [Noted::Recorded, Noted::Recorded, Noted::TooMany, Noted::TooMany, Noted::TooMany]);
        assert_eq!(attempts.offer(of(2), minute(7)), Noted::Recorded, "another org has a minute of its own");
        assert_eq!(attempts.offer(of(1), minute(8)), Noted::Recorded);
        assert!(attempts.are_waiting());
        let unrecorded: Vec<_> = attempts.take(10).iter().map(|attempt| attempt.unrecorded).collect();
        assert_eq!(unrecorded, [0, 0, 0, 3]);
        assert!(!attempts.are_waiting());
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let attempts = Attempts::new(AttemptLimits::default());
        let recorded =
            (0..20_000).filter(|org| attempts.offer(of(*org), minute(0)) == Noted::Recorded).count();
        assert_eq!(recorded, MAX_WAITING);
        assert_eq!(attempts.take(usize::MAX).len(), MAX_WAITING);
    }
}

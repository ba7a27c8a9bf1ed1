//! The audit trail of one org: the changes that concern it and the attempts of its own that were refused, in the order
//! of their times.

use std::ops::ControlFlow;

use orgbridge_domain::{Direction, OrgId, Timestamp};

use crate::{Entry, Epoch, RefusedAttempt, Revision};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something was changed.
    Change(Entry),
    /// Somebody was refused.
    Refusal(RefusedAttempt),
}

/// The place of an event in the trail. Events of one moment stand in the order of their kinds and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When it happened.
    pub at: Timestamp,
    /// What kind of event it is.
    pub kind: Kind,
    /// The revision of a change, or the number of an attempt.
    pub number: u64,
}

/// What kinds of events there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A change.
    Change,
    /// A refused attempt.
    Refusal,
}

/// Up to where a trail is read. Whoever reads on up to the same horizon finds what was there at first and nothing
/// else, however much is written in between and whatever the clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// Of which history.
    pub epoch: Epoch,
    /// The last change.
    pub revision: Revision,
    /// The number of the org's last refused attempt.
    pub refusal: u64,
}

/// A part of the trail of one org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Whose trail.
    pub org: OrgId,
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
    /// Whether the oldest or the newest come first.
    pub direction: Direction,
    /// Up to where; what there is now if it is not given.
    pub horizon: Option<Horizon>,
    /// Only what comes behind this place, in the direction of reading.
    pub after: Option<Mark>,
    /// Whether changes are wanted.
    pub changes: Wanted,
    /// Whether refused attempts are wanted.
    pub refusals: Wanted,
}

/// Whether something is to be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It is.
    Yes,
    /// It is not: nothing is read for it.
    No,
}

/// Is shown one event after the other, and says whether to go on.
pub type Visit<'v> = dyn FnMut(Mark, Event) -> ControlFlow<()> + 'v;

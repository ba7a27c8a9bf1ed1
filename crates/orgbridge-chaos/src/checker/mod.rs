//! What is promised, and whether a history keeps to it.
//!
//! Nothing here knows how the servers work, nor calls any: a history goes in, and what is wrong with it comes out.

mod log;
mod looks;
mod revisions;

use std::fmt;
use std::time::Duration;

use crate::History;
use log::Log;

/// What the servers promise beyond what always holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promises {
    /// How long after its answer something that was given may be missing at the other replicas. What was taken away is
    /// gone at once.
    pub max_staleness: Duration,
}

/// What always has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// What was taken away is seen nowhere by anybody who begins to look after the answer.
    ClosedMeansClosed,
    /// What was given is seen at the replica that gave it at once, and at the others in time.
    GivenMeansSeen,
    /// An answer is what held at its revision.
    AnswersAreOfTheirRevision,
    /// An answer is of no revision that is too old.
    AnswersAreFresh,
    /// Whoever asks for an answer that knows a revision gets one.
    AskedForMeansKnown,
    /// For one client of one replica, revisions never go backwards.
    RevisionsRise,
    /// What was acknowledged is in the log.
    AcknowledgedMeansKept,
    /// No call is in the log twice.
    DoneOnce,
    /// What was refused is not in the log.
    RefusedMeansNotDone,
    /// The log tells of a call what it asked for.
    DoneAsAsked,
    /// The log tells of nothing that nobody asked for.
    NothingUnasked,
    /// Whatever was answered before another call began comes before it in the log.
    OneOrder,
}

/// Something that does not keep to a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// What happened.
    pub story: String,
}

impl Violation {
    fn of(rule: Rule, story: impl Into<String>) -> Self {
        Self { rule, story: story.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.rule, self.story)
    }
}

/// Finds everything in `history` that does not keep to a rule.
pub fn check(history: &History, promises: Promises) -> Vec<Violation> {
    let log = Log::of(history);
    let mut found = log.check();
    found.extend(revisions::check(&history.operations));
    found.extend(looks::check(&history.operations, &log, promises));
    found.extend(log.check_answers(promises));
    found
}

//! The guard at work on an HTTP/1 connection.

use tokio::time::Instant;

use crate::guard::{Guard, Malformed, Refused, Stage};
use crate::link::{Progress, Verdict};

/// Follows what a client sends, and keeps in mind since when it has been about it.
#[derive(Debug)]
pub(crate) struct Screen {
    guard: Guard,
    stage: Stage,
    /// When the head or the content being sent began.
    since: Instant,
    suspect: Option<Suspect>,
}

/// A malformed message. The answers to those before it may still be under way.
#[derive(Debug)]
struct Suspect {
    reason: Malformed,
    /// How many complete messages came before it.
    predecessors: u64,
    /// Whether hyper has its head, and may be answering it.
    is_known: bool,
    /// Whether hyper was asked to read on.
    is_nudged: bool,
}

impl Screen {
    /// A screen of a connection whose first byte came at `since`.
    pub(crate) fn new(since: Instant) -> Self {
        Self { guard: Guard::new(), stage: Stage::Head, since, suspect: None }
    }

    /// Follows `bytes`; returns how many of them hyper may see.
    pub(crate) fn inspect(&mut self, bytes: &[u8]) -> usize {
        let heads_passed = self.guard.heads();
        let passed = match self.guard.feed(bytes) {
            Ok(()) => bytes.len(),
            Err(Refused { reason, intact }) => {
                let predecessors = self.guard.messages();
                let is_known = heads_passed > predecessors;
                self.suspect = Some(Suspect { reason, predecessors, is_known, is_nudged: false });
                intact
            }
        };
        let stage = self.guard.stage();
        let is_next_message = self.guard.heads() > heads_passed;
        if stage != Stage::Between && (stage != self.stage || is_next_message) {
            self.since = Instant::now();
        }
        self.stage = stage;
        passed
    }

    /// What the client is sending, and since when.
    pub(crate) fn stage(&self) -> (Stage, Instant) {
        (self.stage, self.since)
    }

    /// How many requests hyper has, or is about to have.
    pub(crate) fn requests(&self) -> u64 {
        self.guard.heads()
    }

    /// Which request's content has yet to arrive, counted from one; zero for none.
    pub(crate) fn arriving(&self) -> u64 {
        if self.stage == Stage::Content { self.guard.heads() } else { 0 }
    }

    /// What is wrong with what the client sent, if anything is.
    pub(crate) fn malformed(&self) -> Option<Malformed> {
        self.suspect.as_ref().map(|suspect| suspect.reason)
    }

    /// What to do about a malformed message, once the answers to those before it are complete.
    pub(crate) fn verdict(&self, progress: Progress) -> Option<Verdict> {
        let suspect = self.suspect.as_ref().filter(|suspect| progress.finished >= suspect.predecessors)?;
        let is_being_answered = suspect.is_known && progress.answered > suspect.predecessors;
        Some(if is_being_answered { Verdict::MalformedTooLate } else { Verdict::Malformed })
    }

    /// Whether this is the first call: once is enough to make hyper read on.
    pub(crate) fn nudge(&mut self) -> bool {
        self.suspect.as_mut().is_some_and(|suspect| !std::mem::replace(&mut suspect.is_nudged, true))
    }
}

//! Several rules as one unit of work.

use smallvec::SmallVec;

use crate::{Change, Decided, Principal, Refusal, Session, State, Timestamp};

/// A copy of state on which rules are tried one after the other, each seeing what those before it decided.
/// What comes out is one decision: all of it is committed, or nothing.
#[derive(Debug)]
pub struct Draft {
    state: State,
    principal: Principal,
    now: Timestamp,
    changes: SmallVec<[Change; 1]>,
}

impl Draft {
    /// Begins on the state and with the principal and the time of `session`.
    pub fn new(session: &Session<'_>) -> Self {
        let (state, principal, now) = (session.state().clone(), session.principal(), session.now());
        Self { state, principal, now, changes: SmallVec::new() }
    }

    /// The state with all that was decided so far.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Runs one rule.
    ///
    /// # Errors
    /// What the rule refuses; the draft is as it was.
    pub fn run<T>(
        &mut self,
        rule: impl FnOnce(&Session<'_>) -> Result<Decided<T>, Refusal>,
    ) -> Result<T, Refusal> {
        let decided = rule(&Session::new(&self.state, self.principal, self.now))?;
        for change in &decided.changes {
            self.state.apply(change);
        }
        self.changes.extend(decided.changes);
        Ok(decided.value)
    }

    /// All that was decided, with `value` as its answer.
    pub fn finish<T>(self, value: T) -> Decided<T> {
        Decided { value, changes: self.changes }
    }
}

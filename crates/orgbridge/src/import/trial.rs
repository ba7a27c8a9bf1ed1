//! What would come of a file.

use indicatif::ProgressBar;
use orgbridge_domain::{Principal, Session, State, Timestamp};

use super::{Policies, Problem, Wishes, apply};

/// What would come of a file in a deployment that has nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportTrial {
    /// All that is wrong with it, each with its line and column, in the order of the file. Where there is anything, all
    /// else is empty.
    pub problems: Vec<String>,
    /// How many changes it would make.
    pub changes: usize,
    /// How many it would make if it were imported again.
    pub changes_again: usize,
}

/// Tries a file, as `orgbridge import` would take it, in memory: nothing is kept.
pub fn try_import(text: &str) -> ImportTrial {
    let mut state = State::default();
    let tried = once(text, &mut state).and_then(|changes| Ok((changes, once(text, &mut state)?)));
    match tried {
        Ok((changes, changes_again)) => ImportTrial { problems: Vec::new(), changes, changes_again },
        Err(problems) => ImportTrial { problems, changes: 0, changes_again: 0 },
    }
}

/// How many changes make `state` agree with a file, or all that is wrong with it.
fn once(text: &str, state: &mut State) -> Result<usize, Vec<String>> {
    let (wishes, mut problems) = Wishes::read(text).map_err(|problem| vec![problem.to_string()])?;
    let now = Timestamp::from_micros(0);
    let session = Session::new(state, Principal::Operator, now);
    let decided = apply(&wishes, &session, Policies::default(), now, &ProgressBar::hidden());
    problems.extend(decided.value.problems);
    if problems.is_empty() {
        decided.changes.iter().for_each(|change| state.apply(change));
        return Ok(decided.changes.len());
    }
    problems.sort_by_key(Problem::place);
    Err(problems.iter().map(ToString::to_string).collect())
}

//! Clearing away what is over. The operator does it for all orgs alike: were it done by whoever comes next, their org would
//! be shown, as their doing, what was never theirs.

use crate::state::Expiring;
use crate::{Authorization, Change, Decided, Deployment, Edit, Login, State, Timestamp, Token};

/// How many things are cleared away by one decision, so that none is long.
const AT_ONCE: usize = 256;

/// Whether anything is over by `now`.
pub fn is_due(state: &State, now: Timestamp) -> bool {
    state.expired(now).next().is_some()
}

/// Deletes what is over by `now`, the longest first and no more than a decision should. What is over is good for nothing
/// before that, too.
pub fn clear(deployment: &Deployment<'_>, now: Timestamp) -> Decided<()> {
    let state = deployment.state();
    let deletions = state.expired(now).take(AT_ONCE).filter_map(|over| match over {
        Expiring::Token(id) => state.token(id).map(|token| Change::Token(Edit::Delete(Token::clone(token)))),
        Expiring::Authorization(id) => {
            state.authorization(id).map(|it| Change::Authorization(Edit::Delete(Authorization::clone(it))))
        }
        Expiring::Login(id) => state.login(id).map(|login| Change::Login(Edit::Delete(Login::clone(login)))),
    });
    Decided { value: (), changes: deletions.collect() }
}

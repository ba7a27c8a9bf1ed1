//! Clearing away what is over: whatever makes something that expires takes a few things along that have.

use crate::state::Expiring;
use crate::{Authorization, Change, Edit, Login, State, Timestamp, Token};

/// How many things are cleared away by one decision: more than any makes, so that what is over never piles up.
const AT_ONCE: usize = 8;

/// The first of what is over by `now`, as deleted.
pub(crate) fn expired(state: &State, now: Timestamp) -> impl Iterator<Item = Change> {
    state.expired(now).take(AT_ONCE).filter_map(|over| match over {
        Expiring::Token(id) => state.token(id).map(|token| Change::Token(Edit::Delete(Token::clone(token)))),
        Expiring::Authorization(id) => {
            state.authorization(id).map(|it| Change::Authorization(Edit::Delete(Authorization::clone(it))))
        }
        Expiring::Login(id) => state.login(id).map(|login| Change::Login(Edit::Delete(Login::clone(login)))),
    })
}

//! How two states differ.

use std::fmt;

use orgbridge_domain::State;

use crate::record::Record;

/// An entity that is in two states not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its table.
    pub(crate) table: &'static str,
    /// Its id.
    pub(crate) id: String,
    pub(crate) kind: Kind,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is in the first state alone.
    Missing,
    /// It is in both, and not the same.
    Altered,
    /// It is in the second state alone.
    Added,
}

/// Shows `see` every entity that is not the same in both states.
pub(crate) fn differences(first: &State, second: &State, mut see: impl FnMut(Difference)) {
    macro_rules! compare {
        ($entities:ident, $entity:ident) => {
            for entity in first.$entities() {
                match second.$entity(entity.id) {
                    None => see(of(&**entity, entity.id, Kind::Missing)),
                    Some(other) if other != entity => see(of(&**entity, entity.id, Kind::Altered)),
                    Some(_) => {}
                }
            }
            for entity in second.$entities() {
                if first.$entity(entity.id).is_none() {
                    see(of(&**entity, entity.id, Kind::Added));
                }
            }
        };
    }
    compare!(accounts, account);
    compare!(orgs, org);
    compare!(roles, role);
    compare!(users, user);
    compare!(api_keys, api_key);
    compare!(application_keys, application_key);
    compare!(connections, connection);
    compare!(restriction_policies, restriction_policy);
    compare!(oauth_clients, oauth_client);
    compare!(authorizations, authorization);
    compare!(tokens, token);
    compare!(logins, login);
}

fn of<R: Record>(_: &R, id: impl fmt::Display, kind: Kind) -> Difference {
    Difference { table: R::TABLE, id: id.to_string(), kind }
}

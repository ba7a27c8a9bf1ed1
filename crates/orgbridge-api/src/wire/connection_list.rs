//! A list of connections, with everyone whom it names.

use std::collections::HashSet;
use std::hash::Hash;

use orgbridge_domain::org_connection::Listing;
use orgbridge_domain::{State, User, UserId};
use serde::Serialize;

use super::connection::ConnectionResource;
use super::org::OrgResource;
use super::resource::{Text, USER_TYPE};
use super::user::UserAttributes;

/// A page of connections. Source: contract, section 1, "Shapes".
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionList<'s> {
    data: Vec<ConnectionResource<'s>>,
    /// Left out where there is nothing, as the real service does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    included: Vec<Included<'s>>,
    meta: Meta,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Included<'s> {
    Org(OrgResource<'s>),
    User(IncludedUser<'s>),
}

#[derive(Debug, Serialize)]
struct IncludedUser<'s> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<UserId>,
    attributes: UserAttributes<'s>,
}

#[derive(Debug, Serialize)]
struct Meta {
    page: PageMeta,
}

#[derive(Debug, Serialize)]
struct PageMeta {
    total_count: usize,
    total_filtered_count: usize,
}

impl<'s> ConnectionList<'s> {
    /// Shows `listing`, with everyone from `state` whom it names: first the orgs, then the creators, each
    /// once and in the order in which they are named.
    pub(crate) fn of(state: &'s State, listing: &Listing<'s>) -> Self {
        let connections = &listing.connections;
        let orgs = connections.iter().flat_map(|connection| [connection.source, connection.sink]);
        let orgs =
            once_each(orgs).filter_map(|id| state.org(id)).map(|org| Included::Org(OrgResource::of(org)));
        let creators = once_each(connections.iter().map(|connection| connection.created_by));
        let creators =
            creators.filter_map(|id| state.user(id)).map(|user| Included::User(IncludedUser::of(user)));
        Self {
            data: connections.iter().map(|connection| ConnectionResource::of(state, connection)).collect(),
            included: orgs.chain(creators).collect(),
            meta: Meta {
                page: PageMeta { total_count: listing.total, total_filtered_count: listing.total_filtered },
            },
        }
    }
}

impl<'s> IncludedUser<'s> {
    fn of(user: &'s User) -> Self {
        Self { kind: USER_TYPE, id: Text(user.id), attributes: UserAttributes::of(user) }
    }
}

fn once_each<Id: Copy + Eq + Hash>(ids: impl Iterator<Item = Id>) -> impl Iterator<Item = Id> {
    let mut seen = HashSet::with_hasher(foldhash::fast::RandomState::default());
    ids.filter(move |id| seen.insert(*id))
}

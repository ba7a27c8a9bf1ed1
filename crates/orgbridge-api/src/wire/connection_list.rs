//! A list of connections, with everyone whom it names.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use orgbridge_domain::{Listing, OrgConnection, State, User, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use super::connection::ConnectionResource;
use super::list_meta::ListMeta;
use super::org::OrgResource;
use super::resource::{Text, TypeName};
use super::user::UserAttributes;

// Source: contract, section 1, "Shapes".
/// A page of connections, ordered by creation, with everyone whom it names.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrgConnectionListResponse")]
pub(crate) struct ConnectionList<'s> {
    /// The connections of the page.
    #[schemars(length(max = 1000))]
    data: Vec<ConnectionResource<'s>>,
    /// The orgs and the creators that `data` names, each once. It is left out where `data` is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    included: Vec<Included<'s>>,
    meta: ListMeta,
}

/// An org or a user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Included<'s> {
    Org(OrgResource<'s>),
    User(IncludedUser<'s>),
}

/// A user who is named elsewhere in the answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IncludedUser")]
pub(super) struct IncludedUser<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<UserId>,
    /// Their id.
    id: Text<UserId>,
    attributes: UserAttributes<'s>,
}

impl<'s> ConnectionList<'s> {
    /// Shows `listing`, with everyone from `state` whom it names: first the orgs, then the creators, each
    /// once and in the order in which they are named.
    pub(crate) fn of(state: &'s State, listing: &Listing<&'s Arc<OrgConnection>>) -> Self {
        let connections = &listing.items;
        let orgs = connections.iter().flat_map(|connection| [connection.source, connection.sink]);
        let orgs =
            once_each(orgs).filter_map(|id| state.org(id)).map(|org| Included::Org(OrgResource::of(org)));
        let creators = once_each(connections.iter().map(|connection| connection.created_by));
        let creators =
            creators.filter_map(|id| state.user(id)).map(|user| Included::User(IncludedUser::of(user)));
        Self {
            data: connections.iter().map(|connection| ConnectionResource::of(state, connection)).collect(),
            included: orgs.chain(creators).collect(),
            meta: ListMeta::of(listing),
        }
    }
}

impl<'s> IncludedUser<'s> {
    pub(super) fn of(user: &'s User) -> Self {
        Self { kind: TypeName::new(), id: Text(user.id), attributes: UserAttributes::of(user) }
    }
}

pub(super) fn once_each<Id: Copy + Eq + Hash>(ids: impl Iterator<Item = Id>) -> impl Iterator<Item = Id> {
    let mut seen = HashSet::with_hasher(foldhash::fast::RandomState::default());
    ids.filter(move |id| seen.insert(*id))
}

//! A list of connections, with everyone whom it names.

use std::collections::HashSet;
use std::hash::Hash;

use orgbridge_domain::org_connection::Listing;
use orgbridge_domain::{State, User, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use super::connection::ConnectionResource;
use super::org::OrgResource;
use super::resource::{Text, TypeName};
use super::schema;
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
    meta: Meta,
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

/// About the list as a whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Meta {
    page: PageMeta,
}

/// How much there is beyond the page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PageMeta {
    /// How many connections the caller's org is part of, whatever the filters.
    #[schemars(schema_with = "schema::count")]
    total_count: usize,
    /// How many of them the filters admit.
    #[schemars(schema_with = "schema::count")]
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
    pub(super) fn of(user: &'s User) -> Self {
        Self { kind: TypeName::new(), id: Text(user.id), attributes: UserAttributes::of(user) }
    }
}

pub(super) fn once_each<Id: Copy + Eq + Hash>(ids: impl Iterator<Item = Id>) -> impl Iterator<Item = Id> {
    let mut seen = HashSet::with_hasher(foldhash::fast::RandomState::default());
    ids.filter(move |id| seen.insert(*id))
}

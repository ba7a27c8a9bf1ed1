//! A connection as it is shown.

use std::fmt::Display;

use orgbridge_domain::{ConnectionId, ConnectionType, OrgConnection, OrgId, State, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::resource::{Document, Nameable, Resource, Text, Textual, TypeName};
use super::schema;

// Source: contract, section 1, "Shapes".
/// A connection with the names of its orgs and its creator.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrgConnection")]
pub(crate) struct ConnectionResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<ConnectionId>,
    /// Its id.
    id: Text<ConnectionId>,
    attributes: Attributes<'s>,
    relationships: Relationships<'s>,
}

// The real service has no `modified_at`; clients keep attributes that they don't know.
/// What a connection shares, and since when.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes<'s> {
    /// When the connection was made. An update never changes it.
    created_at: Text<Timestamp>,
    /// What the sink may query, in the order in which it was given.
    #[schemars(schema_with = "schema::connection_types")]
    connection_types: Types<'s>,
    /// When the types last changed.
    modified_at: Text<Timestamp>,
}

// `created_by` is of type `users` for service accounts, too: clients reject the connection otherwise.
/// Who shares with whom, and who made it so.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Relationships<'s> {
    /// The org that owns the data and shares it.
    source_org: Document<Named<'s, OrgId>>,
    /// The org that may query.
    sink_org: Document<Named<'s, OrgId>>,
    /// The user or service account of the source who made the connection.
    created_by: Document<Named<'s, UserId>>,
}

// JSON:API knows no names here; the real service shows them.
/// An identifier with a name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(bound = "Id: Resource + Display")]
#[schemars(inline, bound = "Id: Nameable + Resource + Textual")]
struct Named<'s, Id> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<Id>,
    /// Its id.
    id: Text<Id>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::name::<Id>")]
    name: Option<&'s str>,
}

#[derive(Debug)]
struct Types<'s>(&'s [ConnectionType]);

impl Serialize for Types<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|connection_type| connection_type.as_str()))
    }
}

impl<'s> ConnectionResource<'s> {
    /// Shows `connection`, with names from `state`.
    pub(crate) fn of(state: &'s State, connection: &'s OrgConnection) -> Self {
        let OrgConnection { id, source, sink, ref types, created_by, created_at, modified_at } = *connection;
        let org = |id| {
            let name = state.org(id).map(|org| org.name.as_str());
            Document::of(Named { kind: TypeName::new(), id: Text(id), name })
        };
        let user = |id| {
            let name = state.user(id).map(|user| user.name.as_str());
            Document::of(Named { kind: TypeName::new(), id: Text(id), name })
        };
        Self {
            kind: TypeName::new(),
            id: Text(id),
            attributes: Attributes {
                created_at: Text(created_at),
                connection_types: Types(types.as_slice()),
                modified_at: Text(modified_at),
            },
            relationships: Relationships {
                source_org: org(source),
                sink_org: org(sink),
                created_by: user(created_by),
            },
        }
    }
}

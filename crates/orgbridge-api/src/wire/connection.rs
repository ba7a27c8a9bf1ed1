//! A connection as it is shown.

use std::fmt::Display;

use orgbridge_domain::{ConnectionId, ConnectionType, OrgConnection, OrgId, State, Timestamp, UserId};
use serde::{Serialize, Serializer};

use super::resource::{CONNECTION_TYPE, Document, ORG_TYPE, Text, USER_TYPE};

/// A connection with the names of its orgs and its creator. Source: contract, section 1, "Shapes".
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionResource<'s> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<ConnectionId>,
    attributes: Attributes<'s>,
    relationships: Relationships<'s>,
}

#[derive(Debug, Serialize)]
struct Attributes<'s> {
    created_at: Text<Timestamp>,
    connection_types: Types<'s>,
    /// The real service has no such attribute; clients keep those that they don't know.
    modified_at: Text<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Relationships<'s> {
    source_org: Document<Named<'s, OrgId>>,
    sink_org: Document<Named<'s, OrgId>>,
    /// Of type `users` for service accounts, too: clients reject the connection otherwise.
    created_by: Document<Named<'s, UserId>>,
}

/// An identifier with a name, which JSON:API doesn't know and the real service shows.
#[derive(Debug, Serialize)]
#[serde(bound = "Id: Display")]
struct Named<'s, Id> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
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
            Document::of(Named { kind: ORG_TYPE, id: Text(id), name })
        };
        let user = |id| {
            let name = state.user(id).map(|user| user.name.as_str());
            Document::of(Named { kind: USER_TYPE, id: Text(id), name })
        };
        Self {
            kind: CONNECTION_TYPE,
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

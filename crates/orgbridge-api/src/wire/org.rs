//! An org as it is included in an answer.

use orgbridge_domain::{Org, OrgId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::resource::{Text, TypeName};
use super::schema;

// It has the eight attributes of the real service, none of them null: some clients ask for each.
/// An org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Org")]
pub(crate) struct OrgResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<OrgId>,
    /// Its id.
    id: Text<OrgId>,
    attributes: Attributes<'s>,
}

/// What is shown of an org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes<'s> {
    /// The short id that the first API version puts in paths.
    #[schemars(schema_with = "schema::public_id")]
    public_id: &'s str,
    /// What people call it.
    #[schemars(schema_with = "schema::name::<OrgId>")]
    name: &'s str,
    /// Orgs have none.
    #[schemars(schema_with = "schema::empty")]
    description: &'static str,
    /// Nothing is shared but by connections.
    #[schemars(extend("enum" = ["all_private"]))]
    sharing: &'static str,
    /// Orgs have none.
    #[schemars(schema_with = "schema::empty")]
    url: &'static str,
    /// Whether nobody may act in it.
    disabled: bool,
    /// When it was made.
    created_at: Text<Timestamp>,
    /// When it last changed.
    modified_at: Text<Timestamp>,
}

impl<'s> OrgResource<'s> {
    pub(crate) fn of(org: &'s Org) -> Self {
        Self {
            kind: TypeName::new(),
            id: Text(org.id),
            attributes: Attributes {
                public_id: org.public_id.as_str(),
                name: org.name.as_str(),
                description: "",
                sharing: "all_private",
                url: "",
                disabled: org.disabled,
                created_at: Text(org.created_at),
                modified_at: Text(org.modified_at),
            },
        }
    }
}

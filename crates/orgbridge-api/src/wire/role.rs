//! Roles as they are shown or included in an answer.

use orgbridge_domain::role::RoleView;
use orgbridge_domain::{Listing, Permission, PermissionId, RoleId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::list_meta::ListMeta;
use super::resource::{Document, Identifier, Text, TypeName};
use super::schema;

// Source: contract, section 4.
/// A page of roles.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RolesResponse")]
pub(crate) struct RoleList<'s> {
    /// The roles of the page.
    #[schemars(length(max = 100))]
    data: Vec<RoleResource<'s>>,
    meta: ListMeta,
}

/// A role.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Role")]
pub(crate) struct RoleResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<RoleId>,
    /// Its id.
    id: Text<RoleId>,
    attributes: Attributes<'s>,
    relationships: Relationships,
}

/// What is shown of a role.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes<'s> {
    /// What people call it.
    #[schemars(schema_with = "schema::name::<RoleId>")]
    name: &'s str,
    /// When it was made. A managed role was never made: it is part of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text<Timestamp>")]
    created_at: Option<Text<Timestamp>>,
    /// How many users hold it. It is left out where a role is only included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::count")]
    user_count: Option<usize>,
}

/// What a role allows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// Its permissions.
    permissions: Document<Vec<Identifier<PermissionId>>>,
}

impl<'s> RoleList<'s> {
    pub(crate) fn of(listing: &Listing<(RoleView<'s>, usize)>) -> Self {
        Self {
            data: listing.items.iter().map(|(role, count)| RoleResource::counted(*role, *count)).collect(),
            meta: ListMeta::of(listing),
        }
    }
}

impl<'s> RoleResource<'s> {
    /// Shows a role that `user_count` users hold.
    pub(crate) fn counted(role: RoleView<'s>, user_count: usize) -> Self {
        Self::show(role, Some(user_count))
    }

    /// Shows a role that is named elsewhere in an answer.
    pub(super) fn included(role: RoleView<'s>) -> Self {
        Self::show(role, None)
    }

    fn show(role: RoleView<'s>, user_count: Option<usize>) -> Self {
        let (name, created_at) = match role {
            RoleView::Managed(role) => (role.name(), None),
            RoleView::Custom(role) => (role.name.as_str(), Some(Text(role.created_at))),
        };
        let permissions = role.permissions().iter().map(Permission::id).map(Identifier::new).collect();
        Self {
            kind: TypeName::new(),
            id: Text(role.id()),
            attributes: Attributes { name, created_at, user_count },
            relationships: Relationships { permissions: Document::of(permissions) },
        }
    }
}

//! The caller as they are shown to themselves.

use orgbridge_domain::role::{self, RoleView};
use orgbridge_domain::{OrgId, RoleId, State, Timestamp, User, UserId};
use schemars::JsonSchema;
use serde::Serialize;

use super::resource::{Document, Identifier, Text, TypeName};
use super::schema;
use super::user::UserAttributes;

// Source: contract, section 2.
/// The caller with their roles and their org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CurrentUserResponse")]
pub(crate) struct CurrentUser<'s> {
    data: UserResource<'s>,
    /// The roles of the caller.
    included: Vec<RoleResource<'s>>,
}

/// The caller.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct UserResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<UserId>,
    /// Their id.
    id: Text<UserId>,
    attributes: UserAttributes<'s>,
    relationships: UserRelationships,
}

/// Where the caller belongs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct UserRelationships {
    /// Their roles.
    roles: Document<Vec<Identifier<RoleId>>>,
    /// The org in which they act.
    org: Document<Identifier<OrgId>>,
}

/// A role.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Role")]
struct RoleResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<RoleId>,
    /// Its id.
    id: Text<RoleId>,
    attributes: RoleAttributes<'s>,
}

/// What is shown of a role.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RoleAttributes<'s> {
    /// What people call it.
    #[schemars(schema_with = "schema::name::<RoleId>")]
    name: &'s str,
    /// When it was made. A managed role was never made: it is part of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text<Timestamp>")]
    created_at: Option<Text<Timestamp>>,
}

impl<'s> CurrentUser<'s> {
    /// Shows `user`, with their roles from `state`.
    pub(crate) fn of(state: &'s State, user: &'s User) -> Self {
        let roles: Vec<_> = user.roles.iter().filter_map(|id| role::find(state, user.org, *id)).collect();
        Self {
            data: UserResource {
                kind: TypeName::new(),
                id: Text(user.id),
                attributes: UserAttributes::of(user),
                relationships: UserRelationships {
                    roles: Document::of(roles.iter().map(|role| Identifier::new(role.id())).collect()),
                    org: Document::of(Identifier::new(user.org)),
                },
            },
            included: roles.into_iter().map(RoleResource::of).collect(),
        }
    }
}

impl<'s> RoleResource<'s> {
    fn of(role: RoleView<'s>) -> Self {
        let (name, created_at) = match role {
            RoleView::Managed(role) => (role.name(), None),
            RoleView::Custom(role) => (role.name.as_str(), Some(Text(role.created_at))),
        };
        Self { kind: TypeName::new(), id: Text(role.id()), attributes: RoleAttributes { name, created_at } }
    }
}

//! The caller as they are shown to themselves.

use orgbridge_domain::role::{self, RoleView};
use orgbridge_domain::{OrgId, RoleId, State, Timestamp, User, UserId};
use serde::Serialize;

use super::resource::{Document, Identifier, ORG_TYPE, ROLE_TYPE, Text, USER_TYPE};
use super::user::UserAttributes;

/// The caller with their roles and their org. Source: contract, section 2.
#[derive(Debug, Serialize)]
pub(crate) struct CurrentUser<'s> {
    data: UserResource<'s>,
    included: Vec<RoleResource<'s>>,
}

#[derive(Debug, Serialize)]
struct UserResource<'s> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<UserId>,
    attributes: UserAttributes<'s>,
    relationships: UserRelationships,
}

#[derive(Debug, Serialize)]
struct UserRelationships {
    roles: Document<Vec<Identifier<RoleId>>>,
    org: Document<Identifier<OrgId>>,
}

#[derive(Debug, Serialize)]
struct RoleResource<'s> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<RoleId>,
    attributes: RoleAttributes<'s>,
}

#[derive(Debug, Serialize)]
struct RoleAttributes<'s> {
    name: &'s str,
    /// A managed role was never made: it is part of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Text<Timestamp>>,
}

impl<'s> CurrentUser<'s> {
    /// Shows `user`, with their roles from `state`.
    pub(crate) fn of(state: &'s State, user: &'s User) -> Self {
        let roles: Vec<_> = user.roles.iter().filter_map(|id| role::find(state, user.org, *id)).collect();
        Self {
            data: UserResource {
                kind: USER_TYPE,
                id: Text(user.id),
                attributes: UserAttributes::of(user),
                relationships: UserRelationships {
                    roles: Document::of(
                        roles.iter().map(|role| Identifier::new(ROLE_TYPE, role.id())).collect(),
                    ),
                    org: Document::of(Identifier::new(ORG_TYPE, user.org)),
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
        Self { kind: ROLE_TYPE, id: Text(role.id()), attributes: RoleAttributes { name, created_at } }
    }
}

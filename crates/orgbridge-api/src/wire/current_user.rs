//! The caller as they are shown to themselves.

use orgbridge_domain::{State, User};
use schemars::JsonSchema;
use serde::Serialize;

use super::role::RoleResource;
use super::user::{UserResource, roles};

// Source: contract, section 2.
/// The caller with their roles and their org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CurrentUserResponse")]
pub(crate) struct CurrentUser<'s> {
    data: UserResource<'s>,
    /// The roles of the caller.
    included: Vec<RoleResource<'s>>,
}

impl<'s> CurrentUser<'s> {
    /// Shows `user`, with their roles from `state`.
    pub(crate) fn of(state: &'s State, user: &'s User) -> Self {
        Self {
            data: UserResource::of(state, user),
            included: roles(state, user).map(RoleResource::included).collect(),
        }
    }
}

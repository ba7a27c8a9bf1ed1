//! What the readers of bodies share.

use std::fmt::Display;
use std::str::FromStr;

use orgbridge_domain::{NotAnId, Permission, PermissionId, PermissionSet, RoleId, User};
use schemars::JsonSchema;
use serde::Deserialize;

use super::resource::{Resource, Text, TypeName};
use super::schema;
use crate::error::ApiError;
use crate::json::Object;

/// Names a permission.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct NamedPermission {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "Option<TypeName<PermissionId>>")]
    kind: Option<String>,
    /// Its id.
    #[schemars(schema_with = "schema::permission_id")]
    id: String,
}

impl NamedPermission {
    /// The permission that is named at `place`.
    pub(super) fn read(&self, place: &str) -> Result<Permission, ApiError> {
        expect_optional_type::<PermissionId>(place, self.kind.as_deref())?;
        let id = id(place, &self.id)?;
        Permission::with_id(id).ok_or_else(|| {
            ApiError::Invalid(format!(
                "{place}.id: no permission has this id; the list of permissions shows them"
            ))
        })
    }
}

/// Permissions, named.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct NamedPermissions {
    /// The permissions.
    #[serde(default)]
    data: Vec<Object<NamedPermission>>,
}

impl NamedPermissions {
    pub(super) fn read(&self) -> Result<PermissionSet, ApiError> {
        let named = self.data.iter().enumerate();
        named
            .map(|(position, Object(named))| {
                named.read(&format!("data.relationships.permissions.data[{position}]"))
            })
            .collect()
    }
}

/// Names a role.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct NamedRole {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "Option<TypeName<RoleId>>")]
    kind: Option<String>,
    /// Its id.
    #[schemars(with = "Text<RoleId>")]
    id: String,
}

/// Roles, named.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct NamedRoles {
    /// The roles.
    #[serde(default)]
    #[schemars(length(max = User::MAX_ROLES))]
    data: Vec<Object<NamedRole>>,
}

impl NamedRoles {
    pub(super) fn read(&self) -> Result<Vec<RoleId>, ApiError> {
        let count = self.data.len();
        if count > User::MAX_ROLES {
            return Err(too_many_roles(count));
        }
        let named = self.data.iter().enumerate();
        named
            .map(|(position, Object(NamedRole { kind, id: named }))| {
                let place = format!("data.relationships.roles.data[{position}]");
                expect_optional_type::<RoleId>(&place, kind.as_deref())?;
                id(&place, named)
            })
            .collect()
    }
}

/// What is said to whoever names so many roles.
pub(crate) fn too_many_roles(count: usize) -> ApiError {
    let most = User::MAX_ROLES;
    ApiError::Invalid(format!("data.relationships.roles.data: must be at most {most}, and not {count}"))
}

/// Holds that the member `type` of what stands at `place` names an `R`.
pub(super) fn expect_type<R: Resource>(place: &str, found: &str) -> Result<(), ApiError> {
    if found == R::TYPE {
        Ok(())
    } else {
        Err(ApiError::Invalid(format!("{place}.type: must be {:?}", R::TYPE)))
    }
}

/// The same where it may be left out.
pub(super) fn expect_optional_type<R: Resource>(place: &str, found: Option<&str>) -> Result<(), ApiError> {
    found.map_or(Ok(()), |found| expect_type::<R>(place, found))
}

/// Holds that the member `id` of what stands in `data` names what the path does.
pub(super) fn expect_id<Id>(expected: Id, found: &str) -> Result<(), ApiError>
where
    Id: FromStr<Err = NotAnId> + Display + PartialEq + Copy,
{
    if found.parse().is_ok_and(|found: Id| found == expected) {
        Ok(())
    } else {
        Err(ApiError::Invalid(format!("data.id: must be {expected}, as in the path")))
    }
}

/// Reads the member `id` of what stands at `place`.
pub(super) fn id<Id: FromStr<Err = NotAnId>>(place: &str, text: &str) -> Result<Id, ApiError> {
    text.parse().map_err(|problem| ApiError::Invalid(format!("{place}.id: {problem}")))
}

/// Reads a text that stands at `place`.
pub(super) fn text<T: FromStr<Err: Display>>(place: &str, text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|problem| ApiError::Invalid(format!("{place}: {problem}")))
}

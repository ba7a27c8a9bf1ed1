//! What roles are made or changed from.
//!
//! Members that are not named here are ignored.

use orgbridge_domain::role::RoleEdit;
use orgbridge_domain::{Name, Permission, PermissionSet, RoleId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::input::{
    NamedPermission, NamedPermissions, expect_id, expect_optional_type, expect_type, id, text,
};
use super::resource::{Text, TypeName};
use super::schema;
use crate::error::ApiError;
use crate::json::Object;

/// What a role is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RoleCreateRequest")]
pub(crate) struct CreateRole {
    data: Object<CreateData>,
}

/// The role to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct CreateData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "Option<TypeName<RoleId>>")]
    kind: Option<String>,
    attributes: Object<CreateAttributes>,
    relationships: Option<Object<Relationships>>,
}

/// What is said of the role.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct CreateAttributes {
    /// What people call it. No two roles of an org have one name.
    #[schemars(schema_with = "schema::new_name::<RoleId>")]
    name: String,
}

/// What the role allows.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// All of its permissions.
    permissions: Option<Object<NamedPermissions>>,
}

/// What is to be different about a role. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RoleUpdateRequest")]
pub(crate) struct UpdateRole {
    data: Object<UpdateData>,
}

/// The role as it is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<RoleId>")]
    kind: String,
    /// Its id, the same as in the path.
    #[schemars(with = "Text<RoleId>")]
    id: String,
    attributes: Object<UpdateAttributes>,
    relationships: Option<Object<Relationships>>,
}

/// What is said of the role.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateAttributes {
    /// What people are to call it; as before where none is given.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_name::<RoleId>")]
    name: Option<String>,
}

/// A permission of a role. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RelationshipToPermission")]
pub(crate) struct RolePermission {
    data: Object<NamedPermission>,
}

/// A user who holds a role. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RelationshipToUser")]
pub(crate) struct RoleUser {
    data: Object<NamedUser>,
}

/// Names a user.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct NamedUser {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<UserId>")]
    kind: String,
    /// Their id.
    #[schemars(with = "Text<UserId>")]
    id: String,
}

impl CreateRole {
    /// What people are to call the role, and what it is to allow.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    pub(crate) fn name_and_permissions(self) -> Result<(Name, PermissionSet), ApiError> {
        let Object(CreateData { kind, attributes: Object(attributes), relationships }) = self.data;
        expect_optional_type::<RoleId>("data", kind.as_deref())?;
        let name = text("data.attributes.name", &attributes.name)?;
        Ok((name, permissions(relationships)?.unwrap_or_default()))
    }
}

impl UpdateRole {
    /// What is to be different about the role `id`, which the path names.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], also if the body names another role.
    pub(crate) fn edit_of(self, id: RoleId) -> Result<RoleEdit, ApiError> {
        let Object(UpdateData { kind, id: named, attributes: Object(attributes), relationships }) = self.data;
        expect_type::<RoleId>("data", &kind)?;
        expect_id(id, &named)?;
        let name = attributes.name.map(|name| text("data.attributes.name", &name)).transpose()?;
        Ok(RoleEdit { name, permissions: permissions(relationships)? })
    }
}

impl RolePermission {
    /// The permission.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    pub(crate) fn permission(self) -> Result<Permission, ApiError> {
        self.data.0.read("data")
    }
}

impl RoleUser {
    /// The user.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    pub(crate) fn user(self) -> Result<UserId, ApiError> {
        let Object(NamedUser { kind, id: named }) = self.data;
        expect_type::<UserId>("data", &kind)?;
        id("data", &named)
    }
}

fn permissions(relationships: Option<Object<Relationships>>) -> Result<Option<PermissionSet>, ApiError> {
    let named = relationships.and_then(|Object(relationships)| relationships.permissions);
    named.map(|Object(named)| named.read()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3c1e2a5b-6d7f-4a80-9b1c-0d2e4f6a8b9c";

    fn create(data: &str) -> Result<(Name, PermissionSet), String> {
        let body: CreateRole = serde_json::from_str(&format!(r#"{{"data":{data}}}"#)).unwrap();
        body.name_and_permissions().map_err(|error| format!("{error:?}"))
    }

    fn update(data: &str) -> Result<RoleEdit, String> {
        let body: UpdateRole = serde_json::from_str(&format!(r#"{{"data":{data}}}"#)).unwrap();
        body.edit_of(ID.parse().unwrap()).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn what_is_right_converts() {
        let read = Permission::OrgConnectionsRead;
        let with_permission = format!(
            r#"{{"type":"roles","attributes":{{"name":"Auditor"}},"relationships":{{"permissions":{{"data":[
                {{"type":"permissions","id":"{}"}}]}}}}}}"#,
            read.id()
        );
        let name: Name = "Auditor".parse().unwrap();
        assert_eq!(create(&with_permission), Ok((name.clone(), PermissionSet::of(&[read]))));
        for bare in [
            r#"{"attributes":{"name":"Auditor"}}"#,
            r#"{"attributes":{"name":"Auditor"},"relationships":null}"#,
            r#"{"attributes":{"name":"Auditor"},"relationships":{"permissions":{}}}"#,
        ] {
            assert_eq!(create(bare), Ok((name.clone(), PermissionSet::EMPTY)), "{bare}");
        }
        let renamed = format!(r#"{{"type":"roles","id":"{ID}","attributes":{{"name":"Auditor"}}}}"#);
        assert_eq!(update(&renamed), Ok(RoleEdit { name: Some(name), permissions: None }));
        let unchanged = format!(r#"{{"type":"roles","id":"{ID}","attributes":{{}}}}"#);
        assert_eq!(update(&unchanged), Ok(RoleEdit::default()));
        let emptied = format!(
            r#"{{"type":"roles","id":"{ID}","attributes":{{}},"relationships":{{"permissions":{{"data":[]}}}}}}"#
        );
        assert_eq!(update(&emptied).unwrap().permissions, Some(PermissionSet::EMPTY));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        for (data, place) in [
            (r#"{"attributes":{"name":" "}}"#, "data.attributes.name: must not be empty"),
            (r#"{"type":"users","attributes":{"name":"A"}}"#, "data.type: must be"),
            (
                r#"{"attributes":{"name":"A"},"relationships":{"permissions":{"data":[{"id":"all"}]}}}"#,
                "data.relationships.permissions.data[0].id: expected a UUID",
            ),
            (
                &format!(
                    r#"{{"attributes":{{"name":"A"}},"relationships":{{"permissions":{{"data":[{{"id":"{ID}"}}]}}}}}}"#
                ),
                "data.relationships.permissions.data[0].id: no permission has this id",
            ),
        ] {
            let error = create(data).unwrap_err();
            assert!(error.starts_with(format!("Invalid({place:?}").trim_end_matches('"')), "{error}");
        }
        let other = r#"{"type":"roles","id":"0b1d6e00-0000-4000-8000-000000000001","attributes":{}}"#;
        assert_eq!(update(other), Err(format!("Invalid(\"data.id: must be {ID}, as in the path\")")));
    }
}

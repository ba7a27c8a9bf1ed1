//! What users and service accounts are made or changed from.
//!
//! Members that are not named here are ignored.

use orgbridge_domain::user::{NewUser, UserEdit};
use orgbridge_domain::{Email, Name, RoleId, UserId, UserKind};
use schemars::JsonSchema;
use serde::Deserialize;

use super::input::{NamedRoles, expect_id, expect_type, text};
use super::resource::{Text, TypeName};
use super::schema;
use crate::error::ApiError;
use crate::json::Object;

/// What a user is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UserCreateRequest")]
pub(crate) struct CreateUser {
    data: Object<UserData>,
}

/// The user to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UserData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<UserId>")]
    kind: String,
    attributes: Object<UserAttributes>,
    relationships: Option<Object<Relationships>>,
}

/// What is said of the user.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UserAttributes {
    /// Their email address, which is also their handle. No two users of an org share one.
    #[schemars(schema_with = "schema::new_email")]
    email: String,
    /// What people call them; their email address where none is given.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_name::<UserId>")]
    name: Option<String>,
}

/// What the user may do.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// The roles that they hold from the start.
    roles: Option<Object<NamedRoles>>,
}

/// What a service account is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceAccountCreateRequest")]
pub(crate) struct CreateServiceAccount {
    data: Object<ServiceAccountData>,
}

/// The service account to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct ServiceAccountData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<UserId>")]
    kind: String,
    attributes: Object<ServiceAccountAttributes>,
    relationships: Option<Object<Relationships>>,
}

/// What is said of the service account.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct ServiceAccountAttributes {
    /// The address of those who look after it. No two users of an org share one.
    #[schemars(schema_with = "schema::new_email")]
    email: String,
    /// What people call it; its email address where none is given.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_name::<UserId>")]
    name: Option<String>,
    /// That it is one.
    #[schemars(extend("enum" = [true]))]
    service_account: bool,
}

/// What is to be different about a user. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UserUpdateRequest")]
pub(crate) struct UpdateUser {
    data: Object<UpdateData>,
}

/// The user as they are to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<UserId>")]
    kind: String,
    /// Their id, the same as in the path.
    #[schemars(with = "Text<UserId>")]
    id: String,
    attributes: Object<UpdateAttributes>,
}

/// What is said of the user. What is not given stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateAttributes {
    /// What people are to call them.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_name::<UserId>")]
    name: Option<String>,
    /// Their email address, which can't be changed.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_email")]
    email: Option<String>,
    /// Whether they may not act.
    disabled: Option<bool>,
}

impl CreateUser {
    /// The user to be, with `id` as their id.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    pub(crate) fn user(self, id: UserId) -> Result<NewUser, ApiError> {
        let Object(UserData { kind, attributes: Object(attributes), relationships }) = self.data;
        expect_type::<UserId>("data", &kind)?;
        let (email, name) = email_and_name(&attributes.email, attributes.name.as_deref())?;
        Ok(NewUser { id, name, email, kind: UserKind::Person, roles: roles(relationships)? })
    }
}

impl CreateServiceAccount {
    /// The service account to be, with `id` as its id.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    pub(crate) fn user(self, id: UserId) -> Result<NewUser, ApiError> {
        let Object(ServiceAccountData { kind, attributes: Object(attributes), relationships }) = self.data;
        expect_type::<UserId>("data", &kind)?;
        if !attributes.service_account {
            let problem =
                "data.attributes.service_account: must be true; other users are made at /api/v2/users";
            return Err(ApiError::Invalid(problem.to_owned()));
        }
        let (email, name) = email_and_name(&attributes.email, attributes.name.as_deref())?;
        Ok(NewUser { id, name, email, kind: UserKind::ServiceAccount, roles: roles(relationships)? })
    }
}

impl UpdateUser {
    /// What is to be different about the user `id`, whom the path names.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], also if the body names another user.
    pub(crate) fn edit_of(self, id: UserId) -> Result<UserEdit, ApiError> {
        let Object(UpdateData { kind, id: named, attributes: Object(attributes) }) = self.data;
        expect_type::<UserId>("data", &kind)?;
        expect_id(id, &named)?;
        let UpdateAttributes { name, email, disabled } = attributes;
        Ok(UserEdit {
            name: name.map(|name| text("data.attributes.name", &name)).transpose()?,
            email: email.map(|email| text("data.attributes.email", &email)).transpose()?,
            disabled,
        })
    }
}

/// Whoever is given no name is called by their email address, which is held to all that a name is.
fn email_and_name(email: &str, name: Option<&str>) -> Result<(Email, Name), ApiError> {
    let address: Email = text("data.attributes.email", email)?;
    let name = text("data.attributes.name", name.unwrap_or(address.as_str()))?;
    Ok((address, name))
}

fn roles(relationships: Option<Object<Relationships>>) -> Result<Vec<RoleId>, ApiError> {
    let named = relationships.and_then(|Object(relationships)| relationships.roles);
    named.map_or_else(|| Ok(Vec::new()), |Object(named)| named.read())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "a7b2c1d0-5e4f-4a3b-8c2d-1e0f9a8b7c6d";

    fn create(data: &str) -> Result<NewUser, String> {
        let body: CreateUser = serde_json::from_str(&format!(r#"{{"data":{data}}}"#)).unwrap();
        body.user(ID.parse().unwrap()).map_err(|error| format!("{error:?}"))
    }

    fn update(attributes: &str) -> Result<UserEdit, String> {
        let body = format!(r#"{{"data":{{"type":"users","id":"{ID}","attributes":{attributes}}}}}"#);
        let body: UpdateUser = serde_json::from_str(&body).unwrap();
        body.edit_of(ID.parse().unwrap()).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn what_is_right_converts() {
        let new =
            create(r#"{"type":"users","attributes":{"email":"Jane@example.com","title":"Boss"}}"#).unwrap();
        assert_eq!((new.name.as_str(), new.email.as_str()), ("jane@example.com", "jane@example.com"));
        assert_eq!((new.kind, new.roles), (UserKind::Person, vec![]));
        let role = "0b1d6e00-0000-4000-8000-000000000001";
        let new = create(&format!(
            r#"{{"type":"users","attributes":{{"email":"a@b","name":"Jane"}},
                "relationships":{{"roles":{{"data":[{{"type":"roles","id":"{role}"}}]}}}}}}"#
        ));
        let new = new.unwrap();
        assert_eq!((new.name.as_str(), new.roles), ("Jane", vec![role.parse().unwrap()]));
        assert_eq!(update("{}"), Ok(UserEdit::default()));
        assert_eq!(update(r#"{"disabled":true}"#).unwrap().disabled, Some(true));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        for (data, place) in [
            (r#"{"type":"users","attributes":{"email":"jane"}}"#, "data.attributes.email: must be an email"),
            (r#"{"type":"users","attributes":{"email":"a@b","name":""}}"#, "data.attributes.name: must not"),
            (r#"{"type":"roles","attributes":{"email":"a@b"}}"#, "data.type: must be"),
            (
                r#"{"type":"users","attributes":{"email":"a@b"},"relationships":{"roles":{"data":[{"id":"x"}]}}}"#,
                "data.relationships.roles.data[0].id: expected a UUID",
            ),
        ] {
            let error = create(data).unwrap_err();
            assert!(error.starts_with(&format!("Invalid(\"{place}")), "{error}");
        }
        assert!(update(r#"{"name":" "}"#).unwrap_err().starts_with("Invalid(\"data.attributes.name: "));
        let body = r#"{"data":{"type":"users","attributes":{"email":"a@b","service_account":false}}}"#;
        let body: CreateServiceAccount = serde_json::from_str(body).unwrap();
        let error = body.user(ID.parse().unwrap()).unwrap_err();
        assert!(format!("{error:?}").starts_with("Invalid(\"data.attributes.service_account: "), "{error:?}");
    }
}

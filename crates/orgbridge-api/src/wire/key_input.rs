//! What keys are made from, and what is to be different about them.
//!
//! Members that are not named here are ignored: neither a secret nor an owner is ever taken from a body.

use orgbridge_domain::application_key::{ApplicationKeyEdit, ScopesEdit};
use orgbridge_domain::{ApiKeyId, ApplicationKeyId, Name, Permission, PermissionSet};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::input::{expect_id, expect_type, text};
use super::resource::{Text, TypeName};
use super::schema;
use crate::error::ApiError;
use crate::json::Object;

/// What an API key is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "APIKeyCreateRequest")]
pub(crate) struct CreateApiKey {
    data: Object<CreateApiKeyData>,
}

/// The key to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct CreateApiKeyData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<ApiKeyId>")]
    kind: String,
    attributes: Object<ApiKeyAttributes>,
}

/// What an API key is to be called from now on. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "APIKeyUpdateRequest")]
pub(crate) struct UpdateApiKey {
    data: Object<UpdateApiKeyData>,
}

/// The key as it is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateApiKeyData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<ApiKeyId>")]
    kind: String,
    /// Its id, the same as in the path.
    #[schemars(with = "Text<ApiKeyId>")]
    id: String,
    attributes: Object<ApiKeyAttributes>,
}

/// What can be said of an API key.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct ApiKeyAttributes {
    /// What people call it.
    #[schemars(schema_with = "schema::new_name::<ApiKeyId>")]
    name: String,
}

/// What an application key is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ApplicationKeyCreateRequest")]
pub(crate) struct CreateApplicationKey {
    data: Object<CreateApplicationKeyData>,
}

/// The key to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct CreateApplicationKeyData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<ApplicationKeyId>")]
    kind: String,
    attributes: Object<NewApplicationKeyAttributes>,
}

/// What an application key begins with.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct NewApplicationKeyAttributes {
    /// What people call it.
    #[schemars(schema_with = "schema::new_name::<ApplicationKeyId>")]
    name: String,
    /// What the owner's permissions are cut down to. Where it is null or left out, nothing is.
    #[serde(default)]
    #[schemars(schema_with = "schema::scopes")]
    scopes: Option<Vec<String>>,
}

/// What is to be different about an application key. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ApplicationKeyUpdateRequest")]
pub(crate) struct UpdateApplicationKey {
    data: Object<UpdateApplicationKeyData>,
}

/// The key as it is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateApplicationKeyData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<ApplicationKeyId>")]
    kind: String,
    /// Its id, the same as in the path.
    #[schemars(with = "Text<ApplicationKeyId>")]
    id: String,
    attributes: Object<ApplicationKeyAttributes>,
}

/// What an application key is to have from now on. What is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct ApplicationKeyAttributes {
    /// What people call it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(schema_with = "schema::new_name::<ApplicationKeyId>")]
    name: Option<String>,
    /// What the owner's permissions are cut down to; nothing is where it is null.
    #[serde(default, deserialize_with = "given")]
    #[schemars(schema_with = "schema::scopes")]
    scopes: Option<Scopes>,
}

/// Scopes that were given, if only to say that there are none.
#[derive(Debug, Deserialize)]
struct Scopes(Option<Vec<String>>);

/// Reads a member that is there. One that may be left out may not be null instead, unless `T` knows null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl CreateApiKey {
    /// The name of the key.
    ///
    /// # Errors
    /// [`ApiError::Invalid`]
    pub(crate) fn name(self) -> Result<Name, ApiError> {
        let Object(CreateApiKeyData { kind, attributes: Object(attributes) }) = self.data;
        expect_type::<ApiKeyId>("data", &kind)?;
        text(NAME, &attributes.name)
    }
}

impl UpdateApiKey {
    /// The new name of the key `id`, which the path names.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], also if the body names another key.
    pub(crate) fn name_for(self, id: ApiKeyId) -> Result<Name, ApiError> {
        let Object(UpdateApiKeyData { kind, id: named, attributes: Object(attributes) }) = self.data;
        expect_type::<ApiKeyId>("data", &kind)?;
        expect_id(id, &named)?;
        text(NAME, &attributes.name)
    }
}

impl CreateApplicationKey {
    /// The name and the scopes of the key.
    ///
    /// # Errors
    /// [`ApiError::Invalid`]
    pub(crate) fn name_and_scopes(self) -> Result<(Name, Option<PermissionSet>), ApiError> {
        let Object(CreateApplicationKeyData { kind, attributes: Object(attributes) }) = self.data;
        expect_type::<ApplicationKeyId>("data", &kind)?;
        let name = text(NAME, &attributes.name)?;
        Ok((name, read_scopes(attributes.scopes.as_deref())?))
    }
}

impl UpdateApplicationKey {
    /// What is to be different about the key `id`, which the path names.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], also if the body names another key.
    pub(crate) fn edit_of(self, id: ApplicationKeyId) -> Result<ApplicationKeyEdit, ApiError> {
        let Object(UpdateApplicationKeyData { kind, id: named, attributes: Object(attributes) }) = self.data;
        expect_type::<ApplicationKeyId>("data", &kind)?;
        expect_id(id, &named)?;
        let name = attributes.name.map(|name| text(NAME, &name)).transpose()?;
        let scopes = match attributes.scopes {
            None => ScopesEdit::Keep,
            Some(Scopes(scopes)) => ScopesEdit::Replace(read_scopes(scopes.as_deref())?),
        };
        Ok(ApplicationKeyEdit { name, scopes })
    }
}

const NAME: &str = "data.attributes.name";

fn read_scopes(scopes: Option<&[String]>) -> Result<Option<PermissionSet>, ApiError> {
    let parse = |(position, scope): (usize, &String)| {
        let scope = scope.parse::<Permission>();
        scope.map_err(|problem| ApiError::Invalid(format!("data.attributes.scopes[{position}]: {problem}")))
    };
    scopes.map(|scopes| scopes.iter().enumerate().map(parse).collect()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    const ID: &str = "5a1c3d2e-7b8f-4c6d-9e0f-1a2b3c4d5e6f";

    fn problem(error: &ApiError) -> String {
        format!("{error:?}").replace("\\\"", "\"")
    }

    fn create(kind: &str, attributes: &str) -> Result<(Name, Option<PermissionSet>), String> {
        let body = format!(r#"{{"data":{{"type":"{kind}","attributes":{attributes}}}}}"#);
        let body: CreateApplicationKey =
            json::read(body.as_bytes()).map_err(|problem| format!("{problem:?}"))?;
        body.name_and_scopes().map_err(|error| problem(&error))
    }

    fn edit(id: &str, attributes: &str) -> Result<ApplicationKeyEdit, String> {
        let body =
            format!(r#"{{"data":{{"type":"application_keys","id":"{id}","attributes":{attributes}}}}}"#);
        let body: UpdateApplicationKey =
            json::read(body.as_bytes()).map_err(|problem| format!("{problem:?}"))?;
        body.edit_of(ID.parse().unwrap()).map_err(|error| problem(&error))
    }

    #[test]
    fn scopes_that_are_left_out_and_those_that_are_none_differ_in_an_edit_alone() {
        let read = Some("org_connections_read".parse().unwrap());
        let (name, scopes) = create("application_keys", r#"{"name":"ci"}"#).unwrap();
        assert_eq!((name.as_str(), scopes), ("ci", None));
        let scopes = |attributes| create("application_keys", attributes).unwrap().1;
        assert_eq!(scopes(r#"{"name":"ci","scopes":null}"#), None);
        assert_eq!(scopes(r#"{"name":"ci","scopes":[]}"#), Some(PermissionSet::EMPTY));
        assert_eq!(scopes(r#"{"name":"ci","scopes":["org_connections_read"]}"#), read);

        let edited = |attributes| edit(&ID.to_uppercase(), attributes).unwrap();
        assert_eq!(edited("{}"), ApplicationKeyEdit { name: None, scopes: ScopesEdit::Keep });
        assert_eq!(edited(r#"{"scopes":null}"#).scopes, ScopesEdit::Replace(None));
        assert_eq!(edited(r#"{"scopes":["org_connections_read"]}"#).scopes, ScopesEdit::Replace(read));
        assert_eq!(edited(r#"{"name":"new"}"#).name, Some("new".parse().unwrap()));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        for (outcome, place) in [
            (create("api_keys", r#"{"name":"ci"}"#).map(drop), "data.type: must be \"application_keys\""),
            (create("application_keys", "{}").map(drop), "data.attributes.name: is missing"),
            (create("application_keys", r#"{"name":" "}"#).map(drop), "data.attributes.name: "),
            (
                create(
                    "application_keys",
                    r#"{"name":"ci","scopes":["org_connections_read","dashboards_read"]}"#,
                )
                .map(drop),
                "data.attributes.scopes[1]: ",
            ),
            (
                create("application_keys", r#"{"name":"ci","scopes":"all"}"#).map(drop),
                "data.attributes.scopes: ",
            ),
            (edit(ID, r#"{"name":null}"#).map(drop), "data.attributes.name: "),
            (edit("6b2d4e3f-8c90-4d7e-af10-2b3c4d5e6f70", "{}").map(drop), "data.id: must be "),
        ] {
            let problem = outcome.unwrap_err();
            assert!(problem.contains(place), "{problem} does not name {place}");
        }
    }
}

//! What an org is made from or renamed to, as the first API version has it.

use orgbridge_domain::Name;
use schemars::JsonSchema;
use serde::Deserialize;

use super::input;
use super::schema::{self, MAX_ORG_NAME_CHARS};
use crate::error::ApiError;

/// What an org is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationCreateBody")]
pub(crate) struct CreateChildOrg {
    /// What people call it.
    #[schemars(schema_with = "schema::new_org_name")]
    name: String,
}

/// What an org is called from now on. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "OrganizationUpdateBody")]
pub(crate) struct UpdateOrg {
    /// What people call it.
    #[schemars(schema_with = "schema::new_org_name")]
    name: String,
}

impl CreateChildOrg {
    /// The name of the org.
    ///
    /// # Errors
    /// [`ApiError::Invalid`]
    pub(crate) fn name(&self) -> Result<Name, ApiError> {
        org_name(&self.name)
    }
}

impl UpdateOrg {
    /// The new name of the org.
    ///
    /// # Errors
    /// [`ApiError::Invalid`]
    pub(crate) fn name(&self) -> Result<Name, ApiError> {
        org_name(&self.name)
    }
}

fn org_name(text: &str) -> Result<Name, ApiError> {
    if text.chars().nth(MAX_ORG_NAME_CHARS).is_some() {
        let problem = format!("name: must have at most {MAX_ORG_NAME_CHARS} characters");
        return Err(ApiError::Invalid(problem));
    }
    input::text("name", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_the_official_clients_show() {
        let name =
            |name: &str| org_name(name).map(|name| name.to_string()).map_err(|error| format!("{error:?}"));
        assert_eq!(name(&"ä".repeat(32)), Ok("ä".repeat(32)));
        assert_eq!(
            name(&"x".repeat(33)),
            Err(r#"Invalid("name: must have at most 32 characters")"#.to_owned())
        );
        assert!(name(" ").is_err_and(|error| error.starts_with(r#"Invalid("name: "#)));
        assert!(name("a\0").is_err());
    }
}

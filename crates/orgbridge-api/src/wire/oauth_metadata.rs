//! What an authorization server says of itself. Source: RFC 8414, section 2; RFC 9207, section 3.

use orgbridge_domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;

use super::oauth_client::{AUTHENTICATIONS, GRANT_TYPES};
use super::schema;
use crate::router::{AUTHORIZE, REGISTER, REVOKE, TOKEN};

/// What an authorization server says of itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OAuthServerMetadata")]
pub(crate) struct OauthMetadata {
    /// What it is called.
    #[schemars(schema_with = "schema::url")]
    issuer: String,
    /// Where users decide.
    #[schemars(schema_with = "schema::url")]
    authorization_endpoint: String,
    /// Where clients come by tokens.
    #[schemars(schema_with = "schema::url")]
    token_endpoint: String,
    /// Where clients give them back.
    #[schemars(schema_with = "schema::url")]
    revocation_endpoint: String,
    /// Where clients are registered, by whoever may.
    #[schemars(schema_with = "schema::url")]
    registration_endpoint: String,
    /// The permissions that a scope can name.
    #[schemars(schema_with = "schema::words")]
    scopes_supported: Vec<&'static str>,
    /// What a client can be answered with.
    #[schemars(schema_with = "schema::words")]
    response_types_supported: [&'static str; 1],
    /// Where in a redirect the answer stands.
    #[schemars(schema_with = "schema::words")]
    response_modes_supported: [&'static str; 1],
    /// How clients come by tokens.
    #[schemars(schema_with = "schema::words")]
    grant_types_supported: [&'static str; 3],
    /// How clients prove themselves.
    #[schemars(schema_with = "schema::words")]
    token_endpoint_auth_methods_supported: [&'static str; 3],
    /// How they do when they give tokens back.
    #[schemars(schema_with = "schema::words")]
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    /// How a challenge is made.
    #[schemars(schema_with = "schema::words")]
    code_challenge_methods_supported: [&'static str; 1],
    /// Whether each redirect says who sent it.
    authorization_response_iss_parameter_supported: bool,
    /// Where people read more.
    #[schemars(schema_with = "schema::url")]
    service_documentation: String,
}

impl OauthMetadata {
    /// What `issuer` says of itself.
    pub(crate) fn of(issuer: String) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        Self {
            authorization_endpoint: at(AUTHORIZE),
            token_endpoint: at(TOKEN),
            revocation_endpoint: at(REVOKE),
            registration_endpoint: at(REGISTER),
            service_documentation: at("/docs"),
            issuer,
            scopes_supported: Permission::ALL.iter().map(|permission| permission.as_str()).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: GRANT_TYPES,
            token_endpoint_auth_methods_supported: AUTHENTICATIONS,
            revocation_endpoint_auth_methods_supported: AUTHENTICATIONS,
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
        }
    }
}

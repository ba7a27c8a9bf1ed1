//! OAuth2 clients: what they are registered as, and what is shown of them. Source: RFC 7591, sections 2 and 3.2.1.

use orgbridge_domain::{
    ClientAuthentication, Name, NewOauthClient, OauthClient, OauthClientId, Permission, PermissionSet,
    RedirectUri, TokenSecret,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;
use crate::error::ApiError;

/// How a client without a secret proves itself.
const NONE: &str = "none";

/// How a client proves itself that is not told otherwise.
const BASIC: &str = "client_secret_basic";

/// How else it can.
const POST: &str = "client_secret_post";

/// How clients prove themselves.
pub(crate) const AUTHENTICATIONS: [&str; 3] = [NONE, BASIC, POST];

const CODE: &str = "authorization_code";
const REFRESH: &str = "refresh_token";
const ALONE: &str = "client_credentials";

/// How clients come by tokens.
pub(crate) const GRANT_TYPES: [&str; 3] = [CODE, REFRESH, ALONE];

/// What a client is registered as. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "OAuthClientRegistrationRequest")]
pub(crate) struct RegisterOauthClient {
    /// What people call it.
    #[schemars(schema_with = "schema::client_name")]
    client_name: String,
    /// Where users may be sent back to; required for `authorization_code`, and for nothing else.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_redirect_uris")]
    redirect_uris: Option<Vec<String>>,
    /// How it comes by tokens; `authorization_code` where nothing is said.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_grant_types")]
    grant_types: Option<Vec<String>>,
    /// What it is answered with; `code` for `authorization_code`, and otherwise nothing.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_response_types")]
    response_types: Option<Vec<String>>,
    /// How it proves itself; by a secret in the header `Authorization` where nothing is said.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_client_authentication")]
    token_endpoint_auth_method: Option<String>,
    /// What it may ask for at the most, with spaces between; `org_connections_read org_connections_write` where nothing
    /// is said.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_scope")]
    scope: Option<String>,
    /// The service account that it acts as; required for `client_credentials`, and for nothing else.
    #[serde(default)]
    #[schemars(schema_with = "schema::optional_id")]
    service_account_id: Option<String>,
}

/// An OAuth2 client that was registered. Its secret, where it has one, is never shown again, and so there is no `Debug`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthClientRegistrationResponse")]
pub(crate) struct RegisteredOauthClient<'s> {
    /// Its id.
    #[schemars(schema_with = "schema::client_id")]
    client_id: String,
    /// When it was registered, in seconds since 1970.
    #[schemars(schema_with = "schema::count")]
    client_id_issued_at: i64,
    /// What it proves itself by, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::client_secret")]
    client_secret: Option<&'s str>,
    /// Never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::zero")]
    client_secret_expires_at: Option<u8>,
    /// What people call it.
    #[schemars(schema_with = "schema::client_name")]
    client_name: &'s str,
    /// Where users may be sent back to.
    #[schemars(schema_with = "schema::redirect_uris")]
    redirect_uris: Vec<&'s str>,
    /// How it comes by tokens.
    #[schemars(schema_with = "schema::grant_types")]
    grant_types: Vec<&'static str>,
    /// What it is answered with.
    #[schemars(schema_with = "schema::response_types")]
    response_types: Vec<&'static str>,
    /// How it proves itself.
    #[schemars(schema_with = "schema::client_authentication")]
    token_endpoint_auth_method: &'static str,
    /// What it may ask for at the most.
    #[schemars(schema_with = "schema::scope")]
    scope: String,
    /// The service account that it acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::optional_id")]
    service_account_id: Option<String>,
}

impl RegisterOauthClient {
    /// The client that is to be, with this id, and this secret where it is to have one.
    ///
    /// # Errors
    /// [`ApiError::Oauth`] with what is wrong and where.
    pub(crate) fn read(&self, id: OauthClientId, secret: &TokenSecret) -> Result<NewOauthClient, ApiError> {
        let name: Name =
            self.client_name.parse().map_err(|problem| metadata(format!("client_name: {problem}")))?;
        let grant_types = self.grant_types()?;
        let has = |known: &str| grant_types.contains(&known);
        self.check_response_types(has(CODE))?;
        let redirect_uris = self.redirect_uris()?;
        if has(CODE) == redirect_uris.is_empty() {
            let problem = format!("redirect_uris: expected some for {CODE}, and none for anything else");
            return Err(ApiError::Oauth { code: "invalid_redirect_uri", problem });
        }
        let service_account = match &self.service_account_id {
            None => None,
            Some(text) => {
                Some(text.parse().map_err(|problem| metadata(format!("service_account_id: {problem}")))?)
            }
        };
        if has(ALONE) != service_account.is_some() {
            return Err(metadata(format!(
                "service_account_id: expected the service account that the client acts as for {ALONE}, and none for \
                 anything else"
            )));
        }
        let authentication = match self.token_endpoint_auth_method.as_deref() {
            Some(NONE) => ClientAuthentication::Public,
            None | Some(BASIC) => ClientAuthentication::Basic(secret.digest()),
            Some(POST) => ClientAuthentication::Post(secret.digest()),
            Some(_) => return Err(one_of("token_endpoint_auth_method", &AUTHENTICATIONS)),
        };
        let scopes = match &self.scope {
            None => OauthClient::USUAL_SCOPES,
            Some(scope) => read_scope(scope).map_err(|problem| metadata(format!("scope: {problem}")))?,
        };
        Ok(NewOauthClient {
            id,
            name,
            redirect_uris,
            refreshes: has(REFRESH),
            service_account,
            scopes,
            authentication,
        })
    }

    fn grant_types(&self) -> Result<Vec<&'static str>, ApiError> {
        let Some(named) = &self.grant_types else { return Ok(vec![CODE]) };
        let find = |name: &String| GRANT_TYPES.into_iter().find(|known| known == name);
        named.iter().map(|name| find(name).ok_or_else(|| one_of("grant_types", &GRANT_TYPES))).collect()
    }

    fn check_response_types(&self, has_code: bool) -> Result<(), ApiError> {
        let Some(named) = &self.response_types else { return Ok(()) };
        let expected: &[&str] = if has_code { &["code"] } else { &[] };
        if named == expected {
            Ok(())
        } else {
            Err(metadata(format!(
                "response_types: expected \"code\" alone for {CODE}, and none for anything else"
            )))
        }
    }

    fn redirect_uris(&self) -> Result<Vec<RedirectUri>, ApiError> {
        let uris = self.redirect_uris.iter().flatten().enumerate();
        uris.map(|(position, text)| {
            text.parse().map_err(|problem| ApiError::Oauth {
                code: "invalid_redirect_uri",
                problem: format!("redirect_uris[{position}]: {problem}"),
            })
        })
        .collect()
    }
}

fn metadata(problem: String) -> ApiError {
    ApiError::Oauth { code: "invalid_client_metadata", problem }
}

fn one_of(place: &str, known: &[&str]) -> ApiError {
    metadata(format!("{place}: must be one of {}", known.join(", ")))
}

/// The permissions whose names a scope lists, with spaces between. Source: RFC 6749, section 3.3.
pub(crate) fn read_scope(scope: &str) -> Result<PermissionSet, orgbridge_domain::NotAPermission> {
    scope.split(' ').filter(|name| !name.is_empty()).map(str::parse).collect()
}

/// The scope that lists permissions.
pub(crate) fn to_scope(permissions: PermissionSet) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ")
}

impl<'s> RegisteredOauthClient<'s> {
    /// Shows `client`, with its `secret` where it has one.
    pub(crate) fn of(client: &'s OauthClient, secret: &'s TokenSecret) -> Self {
        let secret = client.authentication.digest().map(|_| secret.expose());
        let has_code = !client.redirect_uris.is_empty();
        let grant_types =
            [(CODE, has_code), (REFRESH, client.refreshes), (ALONE, client.service_account.is_some())];
        Self {
            client_id: client.id.to_string(),
            client_id_issued_at: client.created_at.micros().div_euclid(1_000_000),
            client_secret: secret,
            client_secret_expires_at: secret.map(|_| 0),
            client_name: client.name.as_str(),
            redirect_uris: client.redirect_uris.iter().map(RedirectUri::as_str).collect(),
            grant_types: grant_types.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect(),
            response_types: if has_code { vec!["code"] } else { Vec::new() },
            token_endpoint_auth_method: client.authentication.as_str(),
            scope: to_scope(client.scopes),
            service_account_id: client.service_account.map(|account| account.to_string()),
        }
    }
}

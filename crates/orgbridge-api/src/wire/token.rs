//! What clients send for tokens, and what they are given. Source: RFC 6749, sections 4.1.3, 4.4.2, 5.1 and 6; RFC 7009,
//! section 2.1. All of it holds secrets, so nothing here has `Debug`.

use orgbridge_domain::token::{Issued, Presented};
use orgbridge_domain::{
    ClientAuthentication, ClientProof, CodeChallenge, KeyDigest, OauthProblem, PermissionSet, Refusal,
    TokenSecret,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::oauth_client::{read_scope, to_scope};
use super::schema;
use crate::error::ApiError;
use crate::extract::{ClientHeader, FromForm, Parameters};

/// What a client asks for tokens with. Names that are not listed here are ignored.
#[derive(JsonSchema)]
#[schemars(rename = "OAuthTokenRequest")]
pub(crate) struct TokenForm {
    /// How the client comes by tokens.
    #[schemars(schema_with = "schema::grant_type")]
    grant_type: String,
    /// For `authorization_code`: the code.
    code: Option<String>,
    /// For `authorization_code`: where the code was sent, as it was asked for.
    redirect_uri: Option<String>,
    /// For `authorization_code`: what answers the challenge.
    code_verifier: Option<String>,
    /// For `refresh_token`: the token, which is good for one use.
    refresh_token: Option<String>,
    /// For the others: what is wanted of all that may be had, with spaces between; all of it where nothing is said.
    #[schemars(schema_with = "schema::scope")]
    scope: Option<String>,
    #[schemars(flatten)]
    client: ClientForm,
}

/// A token that a client gives back. Names that are not listed here are ignored.
#[derive(JsonSchema)]
#[schemars(rename = "OAuthRevocationRequest")]
pub(crate) struct RevocationForm {
    /// An access token, which ends by itself, or a refresh token, with which ends all that came of the same consent.
    token: String,
    #[schemars(flatten)]
    client: ClientForm,
}

/// What a client shows in a form to say which it is.
#[derive(JsonSchema)]
#[schemars(inline)]
struct ClientForm {
    /// The id of the client, unless the header `Authorization` names it.
    client_id: Option<String>,
    /// Its secret, where it is registered to send it here.
    client_secret: Option<String>,
}

impl FromForm for TokenForm {
    fn from_form(form: &Parameters<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            grant_type: required("grant_type", optional(form, "grant_type")?)?,
            code: optional(form, "code")?,
            redirect_uri: optional(form, "redirect_uri")?,
            code_verifier: optional(form, "code_verifier")?,
            refresh_token: optional(form, "refresh_token")?,
            scope: optional(form, "scope")?,
            client: ClientForm::read(form)?,
        })
    }
}

impl FromForm for RevocationForm {
    fn from_form(form: &Parameters<'_>) -> Result<Self, ApiError> {
        Ok(Self { token: required("token", optional(form, "token")?)?, client: ClientForm::read(form)? })
    }
}

impl TokenForm {
    /// What is presented for tokens.
    ///
    /// # Errors
    /// [`ApiError::Oauth`] with what is wrong and where.
    pub(crate) fn presented(&self) -> Result<Presented, ApiError> {
        let Self { grant_type, code, redirect_uri, code_verifier, refresh_token, scope, client: _ } = self;
        match grant_type.as_str() {
            "authorization_code" => {
                let digest = digest_of("code", code.as_deref())?;
                let redirect_uri = required("redirect_uri", redirect_uri.clone())?;
                let verifier = required("code_verifier", code_verifier.as_deref())?;
                let answer = CodeChallenge::of(verifier).ok_or_else(|| {
                    invalid("code_verifier: expected 43 to 128 letters, digits, hyphens, dots, underscores and tildes")
                })?;
                Ok(Presented::Code { digest, redirect_uri, answer })
            }
            "refresh_token" => Ok(Presented::Refresh(
                digest_of("refresh_token", refresh_token.as_deref())?,
                wanted(scope.as_deref())?,
            )),
            "client_credentials" => Ok(Presented::Nothing(wanted(scope.as_deref())?)),
            _ => Err(ApiError::Oauth {
                code: "unsupported_grant_type",
                problem: "grant_type: must be one of authorization_code, refresh_token, client_credentials"
                    .to_owned(),
            }),
        }
    }

    /// Which client asks.
    ///
    /// # Errors
    /// As [`RevocationForm::client`].
    pub(crate) fn client(&self, header: &ClientHeader) -> Result<ClientProof, ApiError> {
        self.client.proof(header)
    }
}

impl RevocationForm {
    /// The digest of the token.
    pub(crate) fn token(&self) -> KeyDigest {
        KeyDigest::of(self.token.as_bytes())
    }

    /// Which client asks.
    ///
    /// # Errors
    /// [`OauthProblem::Client`] if nobody could be that; [`ApiError::Oauth`] if it says so twice.
    pub(crate) fn client(&self, header: &ClientHeader) -> Result<ClientProof, ApiError> {
        self.client.proof(header)
    }
}

impl ClientForm {
    fn read(form: &Parameters<'_>) -> Result<Self, ApiError> {
        Ok(Self { client_id: optional(form, "client_id")?, client_secret: optional(form, "client_secret")? })
    }

    /// Source: RFC 6749, section 2.3.
    fn proof(&self, ClientHeader(header): &ClientHeader) -> Result<ClientProof, ApiError> {
        let nobody = || ApiError::from(Refusal::from(OauthProblem::Client));
        let body_id = self.client_id.as_deref();
        let (id, authentication) = match (header, &self.client_secret) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "client_secret: send it in the header Authorization or here, and not in both",
                ));
            }
            (Some((id, _)), None) if body_id.is_some_and(|body_id| body_id != id) => {
                return Err(invalid("client_id: is not the one in the header Authorization"));
            }
            (Some((id, digest)), None) => (id.as_str(), ClientAuthentication::Basic(*digest)),
            (None, Some(secret)) => {
                (body_id.ok_or_else(nobody)?, ClientAuthentication::Post(KeyDigest::of(secret.as_bytes())))
            }
            (None, None) => (body_id.ok_or_else(nobody)?, ClientAuthentication::Public),
        };
        Ok(ClientProof { client: id.parse().map_err(|_| nobody())?, authentication })
    }
}

fn optional(form: &Parameters<'_>, name: &str) -> Result<Option<String>, ApiError> {
    Ok(form.text(name)?.map(str::to_owned))
}

fn required<T>(name: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| invalid(&format!("{name}: is missing")))
}

fn digest_of(name: &str, value: Option<&str>) -> Result<KeyDigest, ApiError> {
    required(name, value).map(|value| KeyDigest::of(value.as_bytes()))
}

fn wanted(scope: Option<&str>) -> Result<Option<PermissionSet>, ApiError> {
    let Some(scope) = scope else { return Ok(None) };
    let scopes = read_scope(scope);
    scopes
        .map(Some)
        .map_err(|problem| ApiError::Oauth { code: "invalid_scope", problem: format!("scope: {problem}") })
}

fn invalid(problem: &str) -> ApiError {
    ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
}

/// What a client is given.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthTokenResponse")]
pub(crate) struct TokenReply<'s> {
    /// What to make calls with.
    #[schemars(schema_with = "schema::access_token")]
    access_token: &'s str,
    /// How to show it.
    #[schemars(schema_with = "schema::token_type")]
    token_type: &'static str,
    /// For how many seconds it lasts.
    #[schemars(schema_with = "schema::count")]
    expires_in: u64,
    /// What to come by the next one with, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::refresh_token")]
    refresh_token: Option<&'s str>,
    /// What the access token lets through of what the user may do.
    #[schemars(schema_with = "schema::scope")]
    scope: String,
}

impl<'s> TokenReply<'s> {
    /// Shows what was `issued`, by its secrets.
    pub(crate) fn of(issued: &Issued, access: &'s TokenSecret, refresh: &'s TokenSecret) -> Self {
        Self {
            access_token: access.expose(),
            token_type: "Bearer",
            expires_in: issued.access.expires_at.since(issued.access.created_at).as_secs(),
            refresh_token: issued.refresh.as_ref().map(|_| refresh.expose()),
            scope: to_scope(issued.access.scopes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

    fn proof(header: Option<(&str, &str)>, body: &str) -> Result<ClientAuthentication, String> {
        let header = header.map(|(id, secret)| (id.to_owned(), KeyDigest::of(secret.as_bytes())));
        let form = RevocationForm::from_form(&Parameters::read(Some(&format!("token=a&{body}"))));
        let proof = form.and_then(|form| form.client(&ClientHeader(header)));
        proof.map(|proof| proof.authentication).map_err(|error| error.to_string())
    }

    fn presented(body: &str) -> Result<Presented, String> {
        let form = TokenForm::from_form(&Parameters::read(Some(body)));
        form.and_then(|form| form.presented()).map_err(|error| match error {
            ApiError::Oauth { code, problem } => format!("{code} {problem}"),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn a_client_says_once_which_it_is() {
        let digest = KeyDigest::of(b"secret");
        let in_body = format!("client_id={CLIENT}");
        assert_eq!(proof(None, &in_body), Ok(ClientAuthentication::Public));
        assert_eq!(
            proof(None, &format!("{in_body}&client_secret=secret")),
            Ok(ClientAuthentication::Post(digest))
        );
        let header = Some((CLIENT, "secret"));
        assert_eq!(proof(header, ""), Ok(ClientAuthentication::Basic(digest)));
        assert_eq!(proof(header, &in_body), Ok(ClientAuthentication::Basic(digest)));
        assert_eq!(proof(header, "client_secret=secret"), Err("invalid_request".to_owned()));
        assert_eq!(proof(header, "client_id=another"), Err("invalid_request".to_owned()));
        for nobody in ["", "client_secret=secret", "client_id=", "client_id=another"] {
            assert_eq!(proof(None, nobody), Err("invalid_client".to_owned()), "{nobody}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let code = "grant_type=authorization_code&code=a&redirect_uri=b";
        for (body, problem) in [
            ("", "invalid_request grant_type: is missing"),
            ("grant_type=password&username=a&password=b", "unsupported_grant_type grant_type: "),
            ("grant_type=authorization_code", "invalid_request code: is missing"),
            ("grant_type=authorization_code&code=a", "invalid_request redirect_uri: is missing"),
            (code, "invalid_request code_verifier: is missing"),
            (&format!("{code}&code_verifier=short"), "invalid_request code_verifier: expected 43"),
            ("grant_type=refresh_token", "invalid_request refresh_token: is missing"),
            ("grant_type=client_credentials&scope=logs_read", "invalid_scope scope: "),
        ] {
            let found = presented(body).unwrap_err();
            assert!(found.starts_with(problem), "{body}: {found}");
        }
        let nothing = presented("grant_type=client_credentials").unwrap();
        assert!(matches!(nothing, Presented::Nothing(None)));
    }
}

//! What a client asks a user for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use orgbridge_domain::{
    CodeChallenge, KeyDigest, OauthClient, OauthClientId, OauthProblem, PermissionSet, RedirectUri,
    SiteScope, State, oauth_client,
};
use schemars::json_schema;

use super::{Redirect, Trip};
use crate::api::Api;
use crate::error::ApiError;
use crate::extract::Parameters;
use crate::openapi::{Asks, Outline};
use crate::wire::read_scope;

/// The parameters that are carried from one page to the next, in the order in which they are.
const CARRIED: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// The query of the pages, as it was sent.
#[derive(Debug)]
pub(crate) struct AuthorizeQuery(String);

/// What a client asks a user for.
pub(crate) struct AuthorizationRequest {
    pub(crate) client: Arc<OauthClient>,
    pub(crate) scopes: PermissionSet,
    pub(crate) challenge: CodeChallenge,
    /// How the client is answered.
    pub(crate) redirect: Redirect,
    /// The same request, as the query of the next page.
    pub(crate) query: String,
    /// Whether whoever is logged in already is to be somebody else.
    pub(crate) wants_login: bool,
}

impl Asks for AuthorizeQuery {
    fn outline(outline: &mut Outline<'_>) {
        let text = || json_schema!({"type": "string"});
        let id = json_schema!({"type": "string", "format": "uuid"});
        outline.query_parameter(
            "response_type",
            "Always `code`.",
            json_schema!({"type": "string", "enum": ["code"]}),
        );
        outline.query_parameter("client_id", "Which client asks.", id);
        outline.query_parameter(
            "redirect_uri",
            "Where the browser is sent with the answer: one of those that the client is registered with, character by \
             character.",
            json_schema!({"type": "string", "format": "uri"}),
        );
        outline.query_parameter(
            "scope",
            "What the client asks for: names of permissions, with spaces between. Without it, all that it may.",
            json_schema!({"type": "string", "pattern": "^[a-z_ ]*$"}),
        );
        outline.query_parameter("state", "What the client is told again with the answer.", text());
        outline.query_parameter(
            "code_challenge",
            "The challenge that the client will answer: SHA-256 of its verifier, in base64url.",
            json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}),
        );
        outline.query_parameter(
            "code_challenge_method",
            "Always `S256`.",
            json_schema!({"type": "string", "enum": ["S256"]}),
        );
        outline.query_parameter(
            "prompt",
            "`login`, for whoever is to log in though they have.",
            json_schema!({"type": "string", "enum": ["login"]}),
        );
        outline.refusal(unknown_client());
        outline.refusal(unknown_redirect());
        outline.refusal(Parameters::repeated("client_id"));
    }
}

impl FromRequestParts<Api> for AuthorizeQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Ok(Self(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

/// What is wrong with a request, and who is told.
pub(crate) enum Problem {
    /// Whoever sits before the browser: nobody knows that the client would be told.
    OfThePage(ApiError),
    /// The client.
    OfTheClient(Redirect),
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        Self::OfThePage(error)
    }
}

impl AuthorizeQuery {
    /// That of the page that a browser has come back to.
    pub(crate) fn of(trip: &Trip) -> Self {
        Self(trip.query.clone())
    }

    /// Whether it comes of a client that is known.
    pub(crate) fn is_of_a_client(&self, state: &State, asked: SiteScope, issuer: &str) -> bool {
        !matches!(self.read(state, asked, issuer), Err(Problem::OfThePage(_)))
    }

    /// Reads it, for a client of the site that is `asked`.
    ///
    /// # Errors
    /// [`Problem`] says what is wrong, and who may be told.
    pub(crate) fn read(
        &self,
        state: &State,
        asked: SiteScope,
        issuer: &str,
    ) -> Result<AuthorizationRequest, Problem> {
        let parameters = Parameters::read(Some(&self.0));
        let id = parameters.text("client_id")?.ok_or_else(|| missing("client_id"))?;
        let id: OauthClientId = id.parse().map_err(|_| unknown_client())?;
        let client = oauth_client::find(state, id, asked).ok_or_else(unknown_client)?;
        let redirect_uri = parameters.text("redirect_uri")?.ok_or_else(|| missing("redirect_uri"))?;
        let registered = |known: &&RedirectUri| known.as_str() == redirect_uri;
        let redirect_uri = client.redirect_uris.iter().find(registered).ok_or_else(unknown_redirect)?;

        // From here on the client is told, by what `state` of its own it gave, if it gave one.
        let own_state = parameters.text("state");
        let answer = |own_state: Option<&str>| Redirect::new(redirect_uri.clone(), own_state, issuer);
        let Ok(own_state) = own_state else {
            let problem = "state: is given more than once";
            return Err(Problem::OfTheClient(answer(None).refusal("invalid_request", problem)));
        };
        let redirect = answer(own_state);
        match Wanted::read(&parameters, client) {
            Ok(Wanted { scopes, challenge, wants_login }) => Ok(AuthorizationRequest {
                client: Arc::clone(client),
                scopes,
                challenge,
                redirect,
                query: carried(&parameters),
                wants_login,
            }),
            Err((code, problem)) => Err(Problem::OfTheClient(redirect.refusal(code, &problem))),
        }
    }
}

/// What is asked for, by a client that can be answered.
struct Wanted {
    scopes: PermissionSet,
    challenge: CodeChallenge,
    wants_login: bool,
}

impl Wanted {
    /// Source: RFC 6749, section 4.1.2.1; RFC 7636, section 4.4.1.
    fn read(parameters: &Parameters<'_>, client: &OauthClient) -> Result<Self, (&'static str, String)> {
        let invalid = |problem: &str| ("invalid_request", problem.to_owned());
        let text = |name: &str| {
            parameters.text(name).map_err(|_| invalid(&format!("{name}: is given more than once")))
        };
        match text("response_type")? {
            Some("code") => {}
            None => return Err(invalid("response_type: is missing; expected code")),
            Some(_) => return Err(("unsupported_response_type", "response_type: must be code".to_owned())),
        }
        if !matches!(text("response_mode")?, None | Some("query")) {
            return Err(invalid("response_mode: must be query"));
        }
        if text("code_challenge_method")? != Some("S256") {
            return Err(invalid("code_challenge_method: must be S256"));
        }
        let challenge = text("code_challenge")?.and_then(read_challenge);
        let challenge = challenge.ok_or_else(|| {
            invalid("code_challenge: expected SHA-256 of the verifier in base64url, which is 43 characters")
        })?;
        let scopes = match text("scope")? {
            None => client.scopes,
            Some(scope) => {
                read_scope(scope).map_err(|problem| ("invalid_scope", format!("scope: {problem}")))?
            }
        };
        if scopes.without(client.scopes) != PermissionSet::EMPTY {
            return Err(("invalid_scope", OauthProblem::Scope.hint().to_owned()));
        }
        Ok(Self { scopes, challenge, wants_login: text("prompt")? == Some("login") })
    }
}

fn read_challenge(text: &str) -> Option<CodeChallenge> {
    let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    Some(CodeChallenge::new(KeyDigest::from_bytes(bytes)))
}

/// The request once more, in one spelling.
fn carried(parameters: &Parameters<'_>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in CARRIED {
        if let Ok(Some(value)) = parameters.text(name) {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

fn missing(name: &str) -> ApiError {
    ApiError::Oauth { code: "invalid_request", problem: format!("{name}: is missing") }
}

fn unknown_client() -> ApiError {
    let problem = "client_id: no application with this id is registered here";
    ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
}

fn unknown_redirect() -> ApiError {
    let problem = "redirect_uri: the application is not registered with this one";
    ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
}

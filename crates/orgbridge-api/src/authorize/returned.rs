//! What a browser brings back from an issuer outside.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::json_schema;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::Parameters;
use crate::openapi::{Asks, Outline};

/// What the issuer has given a browser to take back. Source: RFC 6749, section 4.1.2; RFC 9207, section 2.
pub(crate) struct Returned {
    pub(crate) state: String,
    /// What is exchanged for who it is; without it the issuer has refused.
    pub(crate) code: Option<String>,
    /// Who says so, where the issuer says that.
    pub(crate) issuer: Option<String>,
}

impl Asks for Returned {
    fn outline(outline: &mut Outline<'_>) {
        let text = || json_schema!({"type": "string"});
        outline.query_parameter("state", "What the issuer was told when the browser was sent there.", text());
        outline.query_parameter("code", "What the issuer says for who has logged in.", text());
        outline.query_parameter("error", "Why nobody has, as RFC 6749 has it.", text());
        outline.query_parameter("iss", "What the issuer calls itself, as RFC 9207 has it.", text());
        outline.refusal(Self::not_begun_here());
        outline.refusal(Parameters::repeated("state"));
    }
}

impl FromRequestParts<Api> for Returned {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let parameters = Parameters::read(parts.uri.query());
        let text = |name: &str| Ok::<_, ApiError>(parameters.text(name)?.map(str::to_owned));
        let state = text("state")?.ok_or_else(Self::not_begun_here)?;
        Ok(Self { state, code: text("code")?, issuer: text("iss")? })
    }
}

impl Returned {
    /// Another browser has begun it, or none, or too long ago.
    pub(crate) fn not_begun_here() -> ApiError {
        let problem = "state: this browser has not been sent to sign in within the last ten minutes, or has come back \
                       before; begin again where you came from";
        ApiError::Oauth { code: "invalid_request", problem: problem.to_owned() }
    }
}

//! What people send from the pages of OAuth2. Both hold secrets, so neither has `Debug`.

use orgbridge_domain::KeyDigest;
use schemars::JsonSchema;

use super::schema;
use crate::error::ApiError;
use crate::extract::{FromForm, Parameters};

/// What somebody logs in with.
#[derive(JsonSchema)]
#[schemars(rename = "OAuthLogin")]
pub(crate) struct LoginForm {
    /// An application key of theirs.
    #[schemars(schema_with = "schema::application_key")]
    application_key: String,
}

/// What a user decides.
#[derive(JsonSchema)]
#[schemars(rename = "OAuthDecision")]
pub(crate) struct DecisionForm {
    /// What the page holds to show that it was made for this browser, this request and these scopes.
    pub(crate) proof: String,
    /// What the page has shown that the client could do: names of permissions, with spaces between.
    #[schemars(schema_with = "schema::scope")]
    pub(crate) scope: String,
    /// `allow` or `deny`.
    #[schemars(schema_with = "schema::decision")]
    decision: String,
}

impl FromForm for LoginForm {
    fn from_form(form: &Parameters<'_>) -> Result<Self, ApiError> {
        // An empty key is one that is none, and the page says so.
        Ok(Self { application_key: form.text("application_key")?.unwrap_or_default().to_owned() })
    }
}

impl FromForm for DecisionForm {
    fn from_form(form: &Parameters<'_>) -> Result<Self, ApiError> {
        let text = |name| Ok::<_, ApiError>(form.text(name)?.unwrap_or_default().to_owned());
        Ok(Self { proof: text("proof")?, scope: text("scope")?, decision: text("decision")? })
    }
}

impl LoginForm {
    /// The digest of the key.
    pub(crate) fn application_key(&self) -> KeyDigest {
        KeyDigest::of(self.application_key.trim().as_bytes())
    }
}

impl DecisionForm {
    /// Whether the client may.
    ///
    /// # Errors
    /// [`ApiError::Oauth`] if nothing is decided.
    pub(crate) fn allows(&self) -> Result<bool, ApiError> {
        match self.decision.as_str() {
            "allow" => Ok(true),
            "deny" => Ok(false),
            _ => Err(ApiError::Oauth {
                code: "invalid_request",
                problem: "decision: must be allow or deny".to_owned(),
            }),
        }
    }
}

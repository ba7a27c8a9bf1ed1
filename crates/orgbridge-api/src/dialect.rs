//! How errors are written: calls of the API have one form for them, and those of OAuth2 have another.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use orgbridge_domain::{MissingFrom, NotAuthenticated, OauthProblem, Refusal};
use schemars::JsonSchema;
use serde::Serialize;

use crate::authorize::error_page;
use crate::error::{ApiError, Cause};
use crate::extract::{BodyProblem, CredentialProblem};
use crate::reply::{APPLICATION_JSON, to_json};

/// The form that the errors of a call have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `{"errors":["what", "where and why"]}`. Source: contract, section 1.
    Api,
    /// `{"error":"code","error_description":"why"}`. Source: RFC 6749, section 5.2.
    Oauth,
    /// A page for people.
    Page,
    /// Both at once where a client can't be registered, for the one call that belongs to both; elsewhere that of the API.
    /// Source: RFC 7591, section 3.2.2.
    Registration,
}

/// An error of OAuth2: a code for programs, and what is wrong for people.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthErrorResponse")]
pub(crate) struct OauthErrors {
    /// What kind of thing is wrong.
    #[schemars(length(min = 1))]
    error: Cow<'static, str>,
    /// What is wrong, and why.
    error_description: String,
}

/// An error of the registration of clients, in the words of the API and in those of OAuth2.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OAuthRegistrationErrorResponse")]
pub(crate) struct RegistrationErrors {
    /// What is wrong, where and why.
    #[schemars(length(min = 1))]
    errors: Vec<String>,
    /// What kind of thing is wrong.
    #[schemars(length(min = 1))]
    error: Cow<'static, str>,
    /// What is wrong, and why.
    error_description: String,
}

impl ApiError {
    /// The dialect in which a call that has `dialect` says this.
    pub(crate) fn dialect(&self, dialect: Dialect) -> Dialect {
        match dialect {
            Dialect::Registration if self.status() != StatusCode::BAD_REQUEST => Dialect::Api,
            other => other,
        }
    }

    /// What the client is shown, in `dialect`, where that is data.
    ///
    /// # Errors
    /// [`serde_json::Error`] if it has no form in JSON, which is a bug.
    pub(crate) fn body(&self, dialect: Dialect) -> Result<Vec<u8>, serde_json::Error> {
        match self.dialect(dialect) {
            Dialect::Api | Dialect::Page => to_json(&self.to_errors()),
            Dialect::Oauth => to_json(&self.to_oauth()),
            Dialect::Registration => {
                let OauthErrors { error, error_description } = self.to_oauth();
                to_json(&RegistrationErrors { errors: self.to_errors().into_vec(), error, error_description })
            }
        }
    }

    /// The whole answer, in `dialect`.
    pub(crate) fn answer(&self, dialect: Dialect) -> Response {
        let status = self.status();
        if dialect == Dialect::Page {
            return self.with_headers(error_page(self).into_response(), dialect);
        }
        let body = self.body(dialect).unwrap_or_else(|_| br#"{"errors":["Internal Server Error"]}"#.to_vec());
        let response = (status, [(header::CONTENT_TYPE, APPLICATION_JSON)], body).into_response();
        self.with_headers(response, dialect)
    }

    fn with_headers(&self, mut response: Response, dialect: Dialect) -> Response {
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge(dialect) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_seconds() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status().is_server_error() {
            response.extensions_mut().insert(Cause(format!("{self:?}")));
        }
        response
    }

    /// What would be taken instead. RFC 9110, 11.6.1 asks for it with 401; `ApiKey` is no registered scheme, but says
    /// what is meant. Whoever shows a token is told of tokens alone. Source: RFC 6750, section 3.
    fn challenge(&self, dialect: Dialect) -> Option<HeaderValue> {
        match self {
            Self::Unauthorized(
                CredentialProblem::NotLive(NotAuthenticated::Token) | CredentialProblem::NotBelieved(_),
            )
            | Self::Refused(Refusal::Unauthorized(NotAuthenticated::Token)) => {
                Some(HeaderValue::from_static(r#"Bearer realm="orgbridge", error="invalid_token""#))
            }
            Self::Refused(Refusal::Forbidden { permission, missing_from: MissingFrom::ScopesOfToken }) => {
                let scope = permission.as_str();
                let challenge =
                    format!(r#"Bearer realm="orgbridge", error="insufficient_scope", scope="{scope}""#);
                // Names of permissions are lower-case letters and underscores.
                HeaderValue::from_str(&challenge).ok()
            }
            _ if self.status() != StatusCode::UNAUTHORIZED => None,
            _ if dialect == Dialect::Oauth => Some(HeaderValue::from_static(r#"Basic realm="orgbridge""#)),
            _ => Some(HeaderValue::from_static(r#"ApiKey realm="orgbridge", Bearer realm="orgbridge""#)),
        }
    }

    /// The words of OAuth2.
    fn to_oauth(&self) -> OauthErrors {
        let texts = self.to_errors().into_vec();
        let texts = if texts.len() > 1 { &texts[1..] } else { &texts[..] };
        OauthErrors { error: self.code(), error_description: describable(&texts.join("; ")) }
    }

    /// What kind of thing is wrong. Source: RFC 6749, section 5.2; RFC 6750, section 3.1; RFC 7591, section 3.2.2.
    fn code(&self) -> Cow<'static, str> {
        match self {
            Self::Oauth { code, .. } => (*code).into(),
            Self::Refused(Refusal::Oauth(problem)) => problem.to_string().into(),
            // Only what registers a client takes JSON.
            Self::Refused(Refusal::BadClient(_)) | Self::Body(BodyProblem::Json(_)) => {
                "invalid_client_metadata".into()
            }
            Self::Refused(Refusal::Unauthorized(_)) | Self::Unauthorized(_) => "invalid_token".into(),
            Self::RateLimited(_) | Self::Unavailable(_) | Self::NoKeysOfIssuer => {
                "temporarily_unavailable".into()
            }
            _ if self.status() == StatusCode::FORBIDDEN => "insufficient_scope".into(),
            _ if self.status().is_server_error() => "server_error".into(),
            _ => "invalid_request".into(),
        }
    }

    /// Whether somebody has tried to be somebody, and failed: such failures are counted against their address.
    pub(crate) const fn is_failed_authentication(&self) -> bool {
        matches!(self, Self::Refused(Refusal::Oauth(OauthProblem::Client)))
    }
}

/// A text with the characters alone that a description may have. Source: RFC 6749, section 5.2.
pub(crate) fn describable(text: &str) -> String {
    let described = |character: char| match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().map(described).collect()
}

#[cfg(test)]
mod tests {
    use orgbridge_domain::Permission;

    use super::*;

    fn text(error: &ApiError, dialect: Dialect) -> String {
        String::from_utf8(error.body(dialect).unwrap()).unwrap()
    }

    #[test]
    fn each_dialect_says_what_is_wrong_in_its_own_words() {
        let error = ApiError::Invalid("scope: \"logs\\\u{e4}\" is no permission".to_owned());
        assert_eq!(
            text(&error, Dialect::Api),
            "{\"errors\":[\"Validation failed for input.\",\"scope: \\\"logs\\\\\u{e4}\\\" is no permission\"]}\n"
        );
        assert_eq!(
            text(&error, Dialect::Oauth),
            "{\"error\":\"invalid_request\",\"error_description\":\"scope: 'logs/?' is no permission\"}\n"
        );
        assert!(text(&error, Dialect::Registration).contains("\"errors\":["));
        assert!(text(&error, Dialect::Registration).contains("\"error\":\"invalid_request\""));
    }

    #[test]
    fn a_challenge_names_what_is_wrong_with_a_token() {
        let challenge =
            |error: ApiError, dialect| error.answer(dialect).headers().get(header::WWW_AUTHENTICATE).cloned();
        let missing_from = MissingFrom::ScopesOfToken;
        let refusal = Refusal::Forbidden { permission: Permission::OrgConnectionsWrite, missing_from };
        for (error, dialect, expected) in [
            (
                Refusal::Unauthorized(NotAuthenticated::Token),
                Dialect::Api,
                Some(r#"Bearer realm="orgbridge", error="invalid_token""#),
            ),
            (
                refusal,
                Dialect::Api,
                Some(
                    r#"Bearer realm="orgbridge", error="insufficient_scope", scope="org_connections_write""#,
                ),
            ),
            (OauthProblem::Client.into(), Dialect::Oauth, Some(r#"Basic realm="orgbridge""#)),
            (OauthProblem::Code.into(), Dialect::Oauth, None),
        ] {
            let challenge = challenge(error.into(), dialect);
            assert_eq!(challenge.as_ref().map(|it| it.to_str().unwrap()), expected);
        }
    }
}

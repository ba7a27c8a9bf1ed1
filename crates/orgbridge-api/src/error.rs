//! What a client sees when something is refused or fails.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use orgbridge_domain::{NotAnId, NotAuthenticated, OauthProblem, Refusal};
use orgbridge_issuer::Distrust;
use orgbridge_ledger::{CommitError, Unavailable};
use schemars::JsonSchema;
use serde::Serialize;

use crate::attempt::Refused;
use crate::audit::PATIENCE;
use crate::dialect::Dialect;
use crate::extract::{BodyProblem, CredentialProblem};
use crate::rate_limit::Exhausted;
use crate::{NoRandomness, json};

/// Why a call has no success to answer. `Display` is the first string of the answer, word for word as the
/// real service says it where a recording of that exists; [`ApiError::details`] are the strings behind it.
///
/// Source: contract, section 1, "Errors".
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The caller is nobody.
    #[error("Unauthorized")]
    Unauthorized(#[from] CredentialProblem),
    /// The check of an API key found none.
    #[error("API key required")]
    ApiKeyRequired,
    /// The check of an API key found one that is not live.
    #[error("Forbidden")]
    ApiKeyNotLive,
    /// The caller has used up a rate limit.
    #[error(transparent)]
    RateLimited(#[from] Exhausted),
    /// The host that was asked is none that this deployment answers for. Source: RFC 9110, section 15.5.20.
    #[error("Misdirected Request")]
    Misdirected,
    /// There is no such path.
    #[error("Not found")]
    NoSuchPath,
    /// The path is there, but not with this method. The text lists those that it takes.
    #[error("Method not allowed")]
    NoSuchMethod(String),
    /// The path names no connection.
    #[error("connection id must be a valid uuid")]
    NotAConnectionId(#[source] NotAnId),
    /// The body can't be read.
    #[error("{}", body_problem(.0))]
    Body(#[from] BodyProblem),
    /// The input can be read, but is not what the call takes. The text begins with the place.
    #[error("Validation failed for input.")]
    Invalid(String),
    /// What an OAuth2 client sent is not what the call takes.
    #[error("{code}")]
    Oauth {
        /// The kind of problem, as programs know it. Source: RFC 6749, section 5.2; RFC 7591, section 3.2.2.
        code: &'static str,
        /// What is wrong, and where.
        problem: String,
    },
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger can't keep changes now.
    #[error("{}", if matches!(.0, Unavailable::RulePanicked) { INTERNAL } else { "Service Unavailable" })]
    Unavailable(#[source] Unavailable),
    /// Nobody knows now what the issuer of an access token signs with.
    #[error("Service Unavailable")]
    NoKeysOfIssuer,
    /// The issuer outside at which users log in can't be asked now.
    #[error("Service Unavailable")]
    SilentIssuer,
    /// A search has waited long enough for others.
    #[error("Service Unavailable")]
    SearchesUnderWay,
    /// A secret could not be made.
    #[error("{INTERNAL}")]
    NoRandomness(#[from] NoRandomness),
    /// A handler panicked.
    #[error("{INTERNAL}")]
    Panicked,
    /// An answer could not be written as JSON.
    #[error("{INTERNAL}")]
    Unwritable(#[source] serde_json::Error),
}

const INTERNAL: &str = "Internal Server Error";

/// What the caller of a call that met a bug of ours can do.
const INTERNAL_DETAIL: &str =
    "this is a fault of the server, whose log has more; tell its operator the x-request-id of this answer";

const NO_SUCH_PATH: &str =
    "no call has this path; paths are case-sensitive and look like /api/v2/org_connections";

/// The most characters of a detail that is shown: some repeat what the caller sent.
const MAX_DETAIL_CHARS: usize = 400;

/// Seconds after which a client is told to try again while the ledger can't keep changes.
const RETRY_SECONDS: u32 = 5;

const fn body_problem(problem: &BodyProblem) -> &'static str {
    match problem {
        BodyProblem::MediaType(_) => "Unsupported media type",
        BodyProblem::TooBig(_) => "Payload too big",
        BodyProblem::Incomplete => "Bad Request",
        BodyProblem::Json(json::Problem::NotJson(_)) => "Invalid request: Request body contains invalid json",
        BodyProblem::Json(json::Problem::OtherShape(_)) => "Validation failed for input.",
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => Self::Refused(refusal),
            CommitError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

impl From<Distrust> for ApiError {
    fn from(distrust: Distrust) -> Self {
        match distrust {
            Distrust::NoKeys => Self::NoKeysOfIssuer,
            other => Self::Unauthorized(other.into()),
        }
    }
}

impl ApiError {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::ApiKeyRequired | Self::ApiKeyNotLive => StatusCode::FORBIDDEN,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAConnectionId(_)
            | Self::Invalid(_)
            | Self::Oauth { .. }
            | Self::Body(BodyProblem::Incomplete | BodyProblem::Json(_)) => StatusCode::BAD_REQUEST,
            Self::Body(BodyProblem::MediaType(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body(BodyProblem::TooBig(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(refusal) => status_of(refusal),
            // A rule that panics is a bug, and trying again mends none.
            Self::Unavailable(Unavailable::RulePanicked)
            | Self::NoRandomness(_)
            | Self::Panicked
            | Self::Unwritable(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) | Self::NoKeysOfIssuer | Self::SilentIssuer | Self::SearchesUnderWay => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// What exactly is wrong, where, and what to do about it.
    fn details(&self) -> Vec<String> {
        match self {
            Self::Unauthorized(problem) => vec![problem.to_string()],
            Self::ApiKeyRequired => vec![CredentialProblem::NoApiKey.to_string()],
            Self::ApiKeyNotLive => vec![NotAuthenticated::ApiKey.to_string()],
            Self::RateLimited(exhausted) => vec![exhausted.detail()],
            Self::NoSuchPath => vec![NO_SUCH_PATH.to_owned()],
            Self::NoSuchMethod(methods) => vec![format!("this path takes {methods}")],
            Self::NotAConnectionId(problem) => vec![format!("the last segment of the path: {problem}")],
            Self::Misdirected => vec![
                "this server does not answer for the host that was asked; ask api.SITE, where SITE is one of the \
                 sites that it is set up for"
                    .to_owned(),
            ],
            Self::Invalid(problem) | Self::Oauth { problem, .. } => vec![problem.clone()],
            Self::Body(problem) => vec![problem.to_string()],
            Self::Refused(refusal) => refusal.details(),
            Self::Unavailable(Unavailable::RulePanicked)
            | Self::NoRandomness(_)
            | Self::Panicked
            | Self::Unwritable(_) => {
                vec![INTERNAL_DETAIL.to_owned()]
            }
            Self::NoKeysOfIssuer => vec![
                Distrust::NoKeys.to_string(),
                format!("try again in {RETRY_SECONDS} seconds, or send DD-API-KEY and DD-APPLICATION-KEY"),
            ],
            Self::SilentIssuer => vec![
                "the issuer that you would sign in with can't be asked now".to_owned(),
                format!("try again in {RETRY_SECONDS} seconds, or log in with an application key"),
            ],
            Self::SearchesUnderWay => vec![
                format!("the search has waited {} seconds for others that were under way", PATIENCE.as_secs()),
                format!("try again in {RETRY_SECONDS} seconds; the searches of one organization wait for each other"),
            ],
            Self::Unavailable(unavailable) => vec![
                unavailable.to_string(),
                format!(
                    "try again in {RETRY_SECONDS} seconds; if it stays so, tell the operator of this server"
                ),
            ],
        }
    }

    /// What the client is shown.
    pub(crate) fn to_errors(&self) -> Errors {
        let details =
            self.details().into_iter().map(|detail| detail.chars().take(MAX_DETAIL_CHARS).collect());
        Errors { errors: std::iter::once(self.to_string()).chain(details).collect() }
    }

    /// Seconds after which the same call may succeed, where that is known.
    pub(crate) const fn retry_seconds(&self) -> Option<u32> {
        match self {
            Self::RateLimited(exhausted) => Some(exhausted.reset_seconds),
            Self::Unavailable(Unavailable::RulePanicked) => None,
            Self::Unavailable(_) | Self::NoKeysOfIssuer | Self::SilentIssuer | Self::SearchesUnderWay => {
                Some(RETRY_SECONDS)
            }
            _ => None,
        }
    }
}

const fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unauthorized(_) | Refusal::Oauth(OauthProblem::Client) => StatusCode::UNAUTHORIZED,
        Refusal::Forbidden { .. }
        | Refusal::OnlyTheSourceMayUpdate
        | Refusal::OperatorOnly
        | Refusal::BeyondOwnRights(_)
        | Refusal::BeyondReach(_)
        | Refusal::BeyondOwnStanding
        | Refusal::NoEditor
        | Refusal::Managed(_)
        | Refusal::OnlyTheOwnerMakesKeys
        | Refusal::OnlyTheOwnerWidensKeys
        | Refusal::OnlyTheManagingOrgCreates
        | Refusal::CrossesSites { .. }
        | Refusal::CreatorIsNoUserOfTheSource => StatusCode::FORBIDDEN,
        Refusal::NoConnection { .. }
        | Refusal::NoSink
        | Refusal::NoApiKey
        | Refusal::NoApplicationKey
        | Refusal::Absent { .. } => StatusCode::NOT_FOUND,
        Refusal::NotAllowed { .. }
        | Refusal::TooManySinks { .. }
        | Refusal::TooManyRoles
        | Refusal::LocksItselfOut
        | Refusal::UnknownSubject { .. }
        | Refusal::NoManagedOrg
        | Refusal::BadClient(_)
        | Refusal::Oauth(_) => StatusCode::BAD_REQUEST,
        Refusal::AlreadyConnected { .. }
        | Refusal::Taken { .. }
        | Refusal::InUse { .. }
        | Refusal::EmailStays
        | Refusal::LastAdmin => StatusCode::CONFLICT,
    }
}

/// An error: first what is wrong, and then, where there is more to say, where and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "APIErrorResponse")]
pub(crate) struct Errors {
    /// What is wrong, where and why.
    #[schemars(length(min = 1))]
    errors: Vec<String>,
}

impl Errors {
    fn in_words(&self) -> String {
        self.errors.join("; ")
    }

    pub(crate) fn into_vec(self) -> Vec<String> {
        self.errors
    }
}

/// Why an answer is a 5xx, for the log and never for the client. It travels as an extension of the response.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) String);

/// Somebody has tried to be somebody, and failed: such failures are counted against their address. It travels as an
/// extension of the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedAuthentication;

/// The error that an answer tells of, for whoever says it in another way. It travels as an extension of the response.
#[derive(Debug, Clone)]
pub(crate) struct Told(pub(crate) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.answer(Dialect::Api);
        if let Self::Refused(_) = &self
            && self.status() != StatusCode::UNAUTHORIZED
        {
            response.extensions_mut().insert(Refused(self.to_errors().in_words()));
        }
        if self.is_failed_authentication() {
            response.extensions_mut().insert(FailedAuthentication);
        }
        response.extensions_mut().insert(Told(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use orgbridge_domain::{ConnectionId, MissingFrom, OrgId, Permission, Verb, WhyNotAllowed};
    use uuid::Uuid;

    use super::*;

    async fn shown(error: impl Into<ApiError>) -> (u16, String) {
        let response = error.into().into_response();
        assert_eq!(response.headers()["content-type"], "application/json");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_is_shown_word_for_word() {
        let org = OrgId::new(Uuid::from_u128(1));
        let sink = OrgId::new(Uuid::from_u128(2));
        let id = ConnectionId::new(Uuid::from_u128(3));
        let permission = Permission::OrgConnectionsWrite;
        let pair = "00000000-0000-0000-0000-000000000001 and 00000000-0000-0000-0000-000000000002";
        let itself =
            r#""data.relationships.sink_org.data.id: an organization can't be connected with itself""#;
        let cases = [
            (Refusal::from(NotAuthenticated::ApiKey), 401, r#""Unauthorized","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked""#.to_owned()),
            (
                Refusal::Forbidden { permission, missing_from: MissingFrom::Scopes },
                403,
                r#""Forbidden","Failed permission authorization checks","the scopes of DD-APPLICATION-KEY do not include org_connections_write; use a key whose scopes do, or one without scopes""#.to_owned(),
            ),
            (
                Refusal::NoConnection { id, verb: Verb::Update },
                404,
                r#""Org connection with id:00000000-0000-0000-0000-000000000003 not found not found","no connection of your organization has this id; the list of connections shows those that there are""#.to_owned(),
            ),
            (
                Refusal::AlreadyConnected { source_org: org, sink_org: sink },
                409,
                format!(r#""connection between orgs {pair} already exists","update the connection that is there instead; the list of connections shows its id to whoever may see it""#),
            ),
            (
                Refusal::NotAllowed { source_org: org, sink_org: sink, why: WhyNotAllowed::SinkIsTheSource },
                400,
                format!(r#""connection between orgs {pair} is not allowed",{itself}"#),
            ),
        ];
        for (refusal, status, errors) in cases {
            assert_eq!(shown(refusal).await, (status, format!("{{\"errors\":[{errors}]}}\n")));
        }
    }

    #[tokio::test]
    async fn what_storage_said_stays_inside() {
        let error = ApiError::Unavailable(Unavailable::Storage { cause: "/var/lib/secret".to_owned() });
        let response = error.into_response();
        assert_eq!(response.headers()["retry-after"], "5");
        assert!(response.extensions().get::<Cause>().unwrap().0.contains("/var/lib/secret"));
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert_eq!(
            body,
            "{\"errors\":[\"Service Unavailable\",\"the ledger's storage failed\",\"try again in 5 seconds; if it stays so, tell the operator of this server\"]}\n"
        );
    }

    #[tokio::test]
    async fn a_long_detail_is_cut() {
        let (_, body) = shown(ApiError::Invalid("x".repeat(60_000))).await;
        assert!(body.len() < 500);
    }
}

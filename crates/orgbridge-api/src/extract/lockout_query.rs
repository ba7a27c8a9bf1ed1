//! Whether a caller means to lock themselves out.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::restriction_policy::SelfLockout;
use schemars::json_schema;

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

const ALLOW: &str = "allow_self_lockout";

const CHOICES: [(&str, SelfLockout); 2] = [("true", SelfLockout::Allowed), ("false", SelfLockout::Refused)];

/// Whether a caller may take from themselves that they may edit what they restrict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LockoutQuery(pub(crate) SelfLockout);

impl Asks for LockoutQuery {
    fn outline(outline: &mut Outline<'_>) {
        let description =
            "Whether the caller may be no editor any more. Without it, that is refused as a slip.";
        outline.query_parameter(ALLOW, description, json_schema!({"type": "boolean", "default": false}));
        outline.refusal(Parameters::not_among(ALLOW, &CHOICES));
    }
}

impl FromRequestParts<Api> for LockoutQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let lockout = Parameters::read(parts.uri.query()).choice(ALLOW, &CHOICES)?;
        Ok(Self(lockout.unwrap_or_default()))
    }
}

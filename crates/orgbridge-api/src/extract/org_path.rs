//! The short id of an org in a path.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::{PublicId, Refusal};
use schemars::json_schema;

use super::connection_path::last_segment;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

/// The last segment of the path, `{public_id}`, as it was sent. One that is no short id names no org.
#[derive(Debug, Clone)]
pub(crate) struct OrgPath(pub(crate) PublicId);

impl Asks for OrgPath {
    fn outline(outline: &mut Outline<'_>) {
        let schema = json_schema!({
            "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "examples": ["fasjyydbcgwwc2uc"]
        });
        outline.path_parameter("public_id", "The short id of the org.", schema);
        outline.refusal(Refusal::NoManagedOrg);
    }
}

impl FromRequestParts<Api> for OrgPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = last_segment(parts.uri.path()).parse();
        Ok(Self(id.map_err(|_| Refusal::NoManagedOrg)?))
    }
}

//! The id of a key in a path.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::{ApiKeyId, ApplicationKeyId, Refusal};
use schemars::{Schema, json_schema};

use super::connection_path::last_segment;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::Textual;

/// The last segment of the path, `{api_key_id}`, as it was sent. One that is no id names no key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiKeyPath(pub(crate) ApiKeyId);

/// The last segment of the path, `{app_key_id}`, as it was sent. One that is no id names no key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApplicationKeyPath(pub(crate) ApplicationKeyId);

impl Asks for ApiKeyPath {
    fn outline(outline: &mut Outline<'_>) {
        outline.path_parameter("api_key_id", "The id of the API key.", schema::<ApiKeyId>());
        outline.refusal(Refusal::NoApiKey);
    }
}

impl Asks for ApplicationKeyPath {
    fn outline(outline: &mut Outline<'_>) {
        outline.path_parameter("app_key_id", "The id of the application key.", schema::<ApplicationKeyId>());
        outline.refusal(Refusal::NoApplicationKey);
    }
}

fn schema<Id: Textual>() -> Schema {
    json_schema!({"type": "string", "format": Id::FORMAT, "examples": [Id::EXAMPLE]})
}

impl FromRequestParts<Api> for ApiKeyPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = last_segment(parts.uri.path()).parse();
        Ok(Self(id.map_err(|_| Refusal::NoApiKey)?))
    }
}

impl FromRequestParts<Api> for ApplicationKeyPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = last_segment(parts.uri.path()).parse();
        Ok(Self(id.map_err(|_| Refusal::NoApplicationKey)?))
    }
}

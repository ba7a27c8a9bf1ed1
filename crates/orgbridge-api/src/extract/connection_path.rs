//! The id of a connection in a path.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::{ConnectionId, NotAnId};
use schemars::json_schema;

use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::Textual as _;

/// The last segment of the path, `{connection_id}`.
///
/// It is taken as it was sent. axum's own `Path` decodes percent signs, which would give one id many
/// spellings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionPath(pub(crate) ConnectionId);

impl Asks for ConnectionPath {
    fn outline(outline: &mut Outline<'_>) {
        let id = json_schema!({
            "type": "string", "format": ConnectionId::FORMAT, "examples": [ConnectionId::EXAMPLE]
        });
        outline.path_parameter("connection_id", "The id of the connection.", id);
        outline.refusal(ApiError::NotAConnectionId(NotAnId));
    }
}

impl FromRequestParts<Api> for ConnectionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        last_segment(parts.uri.path()).parse().map(Self).map_err(ApiError::NotAConnectionId)
    }
}

/// The last segment of a path that may end in one slash.
pub(super) fn last_segment(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.rsplit_once('/').map_or(path, |(_, segment)| segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_taken_raw() {
        for (path, segment) in [
            ("/api/v2/org_connections/abc", "abc"),
            ("/api/v2/org_connections/abc/", "abc"),
            ("/api/v2/org_connections/abc//", ""),
            ("/api/v2/org_connections/%61bc", "%61bc"),
            ("/api/v2/org_connections/..", ".."),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(last_segment(path), segment, "{path}");
        }
    }
}

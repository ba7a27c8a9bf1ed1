//! The id of something in a path.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::{
    ApiKeyId, ApplicationKeyId, ConnectionId, NotAnId, PublicId, Refusal, RoleId, UserId,
};
use schemars::{Schema, json_schema};

use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::{RestrictedConnection, Textual, restricted_connection};

/// What an id in a path stands for.
pub(crate) trait InPath: FromStr {
    /// The segment before it: the name of the collection.
    const COLLECTION: &'static str;
    /// Its name in the path.
    const PARAMETER: &'static str;
    /// What it is.
    const DESCRIPTION: &'static str;

    /// What it looks like.
    fn schema() -> Schema;

    /// What is answered where something else stands in its place.
    fn refusal() -> ApiError;

    /// Reads the segment as it was sent.
    fn read(segment: &str) -> Option<Self> {
        segment.parse().ok()
    }
}

impl InPath for ConnectionId {
    const COLLECTION: &'static str = "org_connections";
    const PARAMETER: &'static str = "connection_id";
    const DESCRIPTION: &'static str = "The id of the connection.";

    fn schema() -> Schema {
        textual::<Self>()
    }

    fn refusal() -> ApiError {
        ApiError::NotAConnectionId(NotAnId)
    }
}

/// What is no id names no key.
impl InPath for ApiKeyId {
    const COLLECTION: &'static str = "api_keys";
    const PARAMETER: &'static str = "api_key_id";
    const DESCRIPTION: &'static str = "The id of the API key.";

    fn schema() -> Schema {
        textual::<Self>()
    }

    fn refusal() -> ApiError {
        Refusal::NoApiKey.into()
    }
}

/// What is no id names no key.
impl InPath for ApplicationKeyId {
    const COLLECTION: &'static str = "application_keys";
    const PARAMETER: &'static str = "app_key_id";
    const DESCRIPTION: &'static str = "The id of the application key.";

    fn schema() -> Schema {
        textual::<Self>()
    }

    fn refusal() -> ApiError {
        Refusal::NoApplicationKey.into()
    }
}

/// What is no short id names no org.
impl InPath for PublicId {
    const COLLECTION: &'static str = "org";
    const PARAMETER: &'static str = "public_id";
    const DESCRIPTION: &'static str = "The short id of the org.";

    fn schema() -> Schema {
        json_schema!({"type": "string", "pattern": "^[a-z0-9-]{1,64}$", "examples": ["fasjyydbcgwwc2uc"]})
    }

    fn refusal() -> ApiError {
        Refusal::NoManagedOrg.into()
    }
}

impl InPath for RoleId {
    const COLLECTION: &'static str = "roles";
    const PARAMETER: &'static str = "role_id";
    const DESCRIPTION: &'static str = "The id of the role.";

    fn schema() -> Schema {
        textual::<Self>()
    }

    fn refusal() -> ApiError {
        not_an_id::<Self>()
    }
}

impl InPath for UserId {
    const COLLECTION: &'static str = "users";
    const PARAMETER: &'static str = "user_id";
    const DESCRIPTION: &'static str = "The id of the user.";

    fn schema() -> Schema {
        textual::<Self>()
    }

    fn refusal() -> ApiError {
        not_an_id::<Self>()
    }
}

/// A user who has to be a service account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceAccount(pub(crate) UserId);

impl FromStr for ServiceAccount {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.parse().map(Self)
    }
}

impl InPath for ServiceAccount {
    const COLLECTION: &'static str = "service_accounts";
    const PARAMETER: &'static str = "service_account_id";
    const DESCRIPTION: &'static str = "The id of the service account.";

    fn schema() -> Schema {
        textual::<UserId>()
    }

    fn refusal() -> ApiError {
        not_an_id::<Self>()
    }
}

impl InPath for RestrictedConnection {
    const COLLECTION: &'static str = "restriction_policy";
    const PARAMETER: &'static str = "resource_id";
    const DESCRIPTION: &'static str = "The connection: `cross-org-connection:` and its id.";

    fn schema() -> Schema {
        restricted_connection()
    }

    fn refusal() -> ApiError {
        let (kind, parameter) = (Self::KIND, Self::PARAMETER);
        ApiError::Invalid(format!("{parameter} in the path: expected {kind}: and the id of a connection"))
    }

    /// Clients write the colon as it is or with a percent sign. The rest has one spelling, as everywhere.
    fn read(segment: &str) -> Option<Self> {
        let id = segment.strip_prefix(Self::KIND)?;
        let id = [":", "%3A", "%3a"].into_iter().find_map(|colon| id.strip_prefix(colon))?;
        id.parse().ok().map(Self)
    }
}

fn textual<Id: Textual>() -> Schema {
    json_schema!({"type": "string", "format": Id::FORMAT, "examples": [Id::EXAMPLE]})
}

fn not_an_id<Id: InPath>() -> ApiError {
    ApiError::Invalid(format!("{} in the path: {NotAnId}", Id::PARAMETER))
}

/// The segment of the path behind the name of the collection, as in `/api/v2/roles/{role_id}/users`.
///
/// It is taken as it was sent. axum's own `Path` decodes percent signs, which would give one id many
/// spellings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdPath<Id>(pub(crate) Id);

impl<Id: InPath> Asks for IdPath<Id> {
    fn outline(outline: &mut Outline<'_>) {
        outline.path_parameter(Id::PARAMETER, Id::DESCRIPTION, Id::schema());
        outline.refusal(Id::refusal());
    }
}

impl<Id: InPath> FromRequestParts<Api> for IdPath<Id> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Id::read(segment_behind(Id::COLLECTION, parts.uri.path())).map(Self).ok_or_else(Id::refusal)
    }
}

fn segment_behind<'p>(collection: &str, path: &'p str) -> &'p str {
    let mut segments = path.split('/').skip_while(|segment| *segment != collection).skip(1);
    segments.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restricted_connection_is_its_kind_a_colon_and_an_id() {
        let id = ConnectionId::EXAMPLE;
        let connection = Some(RestrictedConnection(id.parse().unwrap()));
        for colon in [":", "%3A", "%3a"] {
            let segment = format!("cross-org-connection{colon}{id}");
            assert_eq!(RestrictedConnection::read(&segment), connection, "{segment}");
        }
        for segment in [
            id.to_owned(),
            format!("dashboard:{id}"),
            format!("cross-org-connection{id}"),
            format!("cross-org-connection::{id}"),
            format!("cross-org-connection%253A{id}"),
            format!("Cross-Org-Connection:{id}"),
            format!("cross%2Dorg-connection:{id}"),
        ] {
            assert_eq!(RestrictedConnection::read(&segment), None, "{segment}");
        }
    }

    #[test]
    fn the_segment_is_taken_raw_wherever_the_path_ends() {
        for (path, segment) in [
            ("/api/v2/roles/abc", "abc"),
            ("/api/v2/roles/abc/", "abc"),
            ("/api/v2/roles/abc/users", "abc"),
            ("/api/v2/roles/%61bc/users/", "%61bc"),
            ("/api/v2/roles/roles", "roles"),
            ("/api/v2/roles/..", ".."),
            ("/api/v2/roles//", ""),
            ("/api/v2/roles", ""),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(segment_behind("roles", path), segment, "{path}");
        }
    }
}

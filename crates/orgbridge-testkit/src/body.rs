//! Bodies as an official client writes them.

use std::fmt::Display;

use serde_json::{Value, json};

/// The body that connects the caller's org with `sink`.
pub fn create_body<'t>(sink: impl Display, types: impl IntoIterator<Item = &'t str>) -> Value {
    let types: Vec<_> = types.into_iter().collect();
    json!({"data": {
        "type": "org_connection",
        "attributes": {"connection_types": types},
        "relationships": {"sink_org": {"data": {"type": "orgs", "id": sink.to_string()}}},
    }})
}

/// The body that makes `connection` share `types`.
pub fn update_body<'t>(connection: impl Display, types: impl IntoIterator<Item = &'t str>) -> Value {
    let types: Vec<_> = types.into_iter().collect();
    json!({"data": {
        "type": "org_connection",
        "id": connection.to_string(),
        "attributes": {"connection_types": types},
    }})
}

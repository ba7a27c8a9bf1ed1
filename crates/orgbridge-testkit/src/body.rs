//! Paths and bodies as an official client writes them.

use std::fmt::Display;

use http::Method;
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

/// The path that a template stands for, with `id` in each of its variable segments.
pub fn path_of(template: &str, id: impl Display) -> String {
    let segments = template.split('/');
    let fill = |segment: &str| if segment.starts_with('{') { id.to_string() } else { segment.to_owned() };
    segments.map(fill).collect::<Vec<_>>().join("/")
}

/// The body that makes a key of this type.
pub fn new_key_body(kind: &str, name: &str) -> Value {
    json!({"data": {"type": kind, "attributes": {"name": name}}})
}

/// The body that gives a key of this type another name.
pub fn key_name_body(kind: &str, id: impl Display, name: &str) -> Value {
    json!({"data": {"type": kind, "id": id.to_string(), "attributes": {"name": name}}})
}

/// A body that the call with this method and template takes, about what `id` names where it names something.
pub fn fitting_body(method: &Method, template: &str, id: impl Display, sink: impl Display) -> Value {
    let kind = if template.contains("/api_keys") { "api_keys" } else { "application_keys" };
    match *method {
        _ if template.contains("/api/v1/org") => json!({"name": "Another Org"}),
        Method::POST if template.contains("_keys") => new_key_body(kind, "another"),
        _ if template.contains("_keys") => key_name_body(kind, id, "another"),
        Method::POST => create_body(sink, ["logs"]),
        _ => update_body(id, ["metrics"]),
    }
}

//! Paths and bodies as an official client writes them.

use std::fmt::Display;

use http::Method;
use orgbridge_domain::{ManagedRole, Permission};
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

/// The path that a template stands for, with `id` in its first variable segment and [`inner_id`] in the second.
pub fn path_of(template: &str, id: impl Display) -> String {
    let mut ids = [id.to_string(), inner_id(&id)].into_iter();
    let mut fill = |segment: &str| match segment {
        "{resource_id}" => resource_of(&id),
        _ if segment.starts_with('{') => ids.next().unwrap_or_else(|| segment.to_owned()),
        _ => segment.to_owned(),
    };
    template.split('/').map(&mut fill).collect::<Vec<_>>().join("/")
}

/// The id of what belongs to what `id` names, where a path names both.
pub fn inner_id(id: impl Display) -> String {
    id.to_string().replace("-4000-a000-", "-4000-b000-")
}

/// What the calls about restriction policies call a connection.
pub fn resource_of(connection: impl Display) -> String {
    format!("cross-org-connection:{connection}")
}

/// The body that lets `bindings`, each of a relation and its principals, be all that is said about `connection`.
pub fn restriction_body(connection: impl Display, bindings: &[(&str, &[String])]) -> Value {
    let binding =
        |(relation, principals): &(&str, &[String])| json!({"relation": relation, "principals": principals});
    let bindings: Vec<_> = bindings.iter().map(binding).collect();
    json!({"data": {
        "type": "restriction_policy",
        "id": resource_of(connection),
        "attributes": {"bindings": bindings},
    }})
}

/// The body that makes something of this type, where a name is enough.
pub fn named_body(kind: &str, name: &str) -> Value {
    json!({"data": {"type": kind, "attributes": {"name": name}}})
}

/// The body that gives something of this type another name.
pub fn rename_body(kind: &str, id: impl Display, name: &str) -> Value {
    json!({"data": {"type": kind, "id": id.to_string(), "attributes": {"name": name}}})
}

/// A body that the call with this method and template takes, if it takes any, about what `id` names where it names
/// something; `number` makes names new.
pub fn fitting_body(
    method: &Method,
    template: &str,
    id: impl Display,
    sink: impl Display,
    number: u64,
) -> Option<Value> {
    let (name, email) = (format!("Another {number}"), format!("another.{number}@example.com"));
    let permission =
        |permission: Permission| json!({"data": {"type": "permissions", "id": permission.id().to_string()}});
    Some(match (method.as_str(), template) {
        ("POST", "/api/v1/org") | ("PUT", "/api/v1/org/{public_id}") => json!({"name": name}),
        ("POST", "/api/v2/org_connections") => create_body(sink, ["logs"]),
        ("PATCH", "/api/v2/org_connections/{connection_id}") => update_body(id, ["metrics"]),
        ("POST", "/api/v2/restriction_policy/{resource_id}") => {
            restriction_body(id, &[("editor", &[format!("role:{}", ManagedRole::Admin.id())])])
        }
        ("POST", "/api/v2/api_keys") => named_body("api_keys", &name),
        ("PATCH", "/api/v2/api_keys/{api_key_id}") => rename_body("api_keys", id, &name),
        ("POST", "/api/v2/current_user/application_keys") => named_body("application_keys", &name),
        (
            "PATCH",
            "/api/v2/application_keys/{app_key_id}" | "/api/v2/current_user/application_keys/{app_key_id}",
        ) => rename_body("application_keys", id, &name),
        ("POST", "/api/v2/service_accounts/{service_account_id}/application_keys") => {
            named_body("application_keys", &name)
        }
        ("PATCH", "/api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}") => {
            rename_body("application_keys", inner_id(id), &name)
        }
        ("POST", "/api/v2/roles") => named_body("roles", &name),
        ("PATCH", "/api/v2/roles/{role_id}") => rename_body("roles", id, &name),
        ("POST", "/api/v2/roles/{role_id}/permissions") => permission(Permission::OrgConnectionsWrite),
        ("DELETE", "/api/v2/roles/{role_id}/permissions") => permission(Permission::OrgConnectionsRead),
        ("POST" | "DELETE", "/api/v2/roles/{role_id}/users") => {
            json!({"data": {"type": "users", "id": id.to_string()}})
        }
        ("POST", "/api/v2/audit/events/search") => json!({"filter": {"query": "action:created"}}),
        ("POST", "/api/v2/users") => json!({"data": {"type": "users", "attributes": {"email": email}}}),
        ("PATCH", "/api/v2/users/{user_id}") => rename_body("users", id, &name),
        ("POST", "/api/v2/service_accounts") => {
            json!({"data": {"type": "users", "attributes": {"email": email, "service_account": true}}})
        }
        ("POST", "/api/v2/oauth2/register") => {
            json!({"client_name": name, "redirect_uris": ["https://app.example.com/callback"]})
        }
        ("POST", "/oauth2/v1/login") => json!({"application_key": "none"}),
        ("POST", "/oauth2/v1/authorize") => {
            json!({"proof": "none", "scope": "org_connections_read", "decision": "allow"})
        }
        ("POST", "/oauth2/v1/token") => {
            json!({"grant_type": "client_credentials", "client_id": id.to_string()})
        }
        ("POST", "/oauth2/v1/revoke") => json!({"token": "none", "client_id": id.to_string()}),
        ("POST", "/access/v1/evaluation") => question(sink),
        ("POST", "/access/v1/evaluations") => json!({"evaluations": [question(sink)]}),
        _ => return None,
    })
}

/// A question whether an org may read its own.
fn question(org: impl Display) -> Value {
    let org = org.to_string();
    json!({
        "subject": {"type": "org", "id": org},
        "action": {"name": "read"},
        "resource": {"type": "logs", "id": org},
    })
}

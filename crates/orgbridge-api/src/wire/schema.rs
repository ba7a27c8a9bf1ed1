//! What can be said of texts that have no type of their own here. Each bound is one that the domain keeps.

use orgbridge_domain::restriction_policy::{Bindings, Relation};
use orgbridge_domain::{
    ConnectionId, ConnectionType, Email, OauthClient, OrgId, Permission, RoleId, SecretUse,
};
use schemars::{Schema, SchemaGenerator, json_schema};

use super::oauth_client::{AUTHENTICATIONS, GRANT_TYPES};
use super::resource::{Nameable, Textual as _};
use super::restriction_policy::RestrictedConnection;

/// The name of what an `Id` identifies.
pub(super) fn name<Id: Nameable>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 255, "examples": [Id::EXAMPLE_NAME]})
}

/// The name of something new that an `Id` identifies: no control characters, and more than white space.
pub(super) fn new_name<Id: Nameable>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "pattern": NAME, "minLength": 1, "maxLength": 255, "examples": [Id::EXAMPLE_NAME]
    })
}

/// The name of a new org: at most as long as the real service takes it, and the official clients show it.
pub(super) fn new_org_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "pattern": NAME, "minLength": 1, "maxLength": MAX_ORG_NAME_CHARS,
        "examples": [OrgId::EXAMPLE_NAME]
    })
}

/// The most characters of the name of an org that is made or renamed over the API.
pub(super) const MAX_ORG_NAME_CHARS: usize = 32;

/// What names look like.
const NAME: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

/// What the owner's permissions are cut down to, or `null` where nothing is.
pub(super) fn scopes(_: &mut SchemaGenerator) -> Schema {
    let known: Vec<_> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    json_schema!({
        "type": ["array", "null"],
        "items": {"type": "string", "enum": known},
        "examples": [["org_connections_read"]],
    })
}

/// The last four characters of a key.
pub(super) fn last4(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[0-9a-f]{4}$", "examples": ["cdef"]})
}

/// The secret of an API key.
pub(super) fn api_key(_: &mut SchemaGenerator) -> Schema {
    let example = "0123456789abcdef0123456789abcdef";
    json_schema!({"type": "string", "pattern": "^[0-9a-f]{32}$", "examples": [example]})
}

/// The secret of an application key.
pub(super) fn application_key(_: &mut SchemaGenerator) -> Schema {
    let example = "0123456789abcdef0123456789abcdef01234567";
    json_schema!({"type": "string", "pattern": "^[0-9a-f]{40}$", "examples": [example]})
}

/// An email address.
pub(super) fn email(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 3, "examples": ["jane@example.com"]})
}

/// The short id of an org that the first API version puts in paths.
pub(super) fn public_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[a-z0-9-]{1,64}$", "examples": ["fasjyydbcgwwc2uc"]})
}

/// A time as the first API version shows it.
pub(super) fn spaced_time(_: &mut SchemaGenerator) -> Schema {
    let pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$";
    json_schema!({"type": "string", "pattern": pattern, "examples": ["2025-08-26 20:19:36"]})
}

/// What a connection shares: a set, in the order in which it was given.
pub(super) fn connection_types(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "enum": ConnectionType::ALL.map(ConnectionType::as_str)},
        "minItems": 1,
        "uniqueItems": true,
        "examples": [["logs", "metrics"]],
    })
}

/// A name that may be left out.
pub(super) fn optional_name<Id: Nameable>(generator: &mut SchemaGenerator) -> Schema {
    or_null(new_name::<Id>(generator))
}

/// An email address that may be left out.
pub(super) fn optional_email(generator: &mut SchemaGenerator) -> Schema {
    or_null(new_email(generator))
}

fn or_null(mut text: Schema) -> Schema {
    text.insert("type".to_owned(), ["string", "null"].as_slice().into());
    text
}

/// An email address that is to be kept, or sought.
pub(super) fn new_email(_: &mut SchemaGenerator) -> Schema {
    let others = String::from_iter(Email::TURN_INTO_ASCII);
    let letter = format!(r"[^@\s\x00-\x1f\x7f-\x9f{others}]");
    let pattern = format!("^{letter}+@{letter}+$");
    json_schema!({
        "type": "string", "minLength": 3, "maxLength": 255, "pattern": pattern, "examples": ["jane@example.com"]
    })
}

/// The id of a permission.
pub(super) fn permission_id(_: &mut SchemaGenerator) -> Schema {
    let ids: Vec<_> = Permission::ALL.iter().map(|permission| permission.id().to_string()).collect();
    json_schema!({"type": "string", "format": "uuid", "enum": ids})
}

/// A connection as the calls about restriction policies name it.
pub(crate) fn restricted_connection(_: &mut SchemaGenerator) -> Schema {
    restricted_connection_text()
}

/// The same, for who has no generator.
pub(crate) fn restricted_connection_text() -> Schema {
    json_schema!({
        "type": "string",
        "pattern": format!("^{}:{UUID}$", RestrictedConnection::KIND),
        "examples": [format!("{}:{}", RestrictedConnection::KIND, ConnectionId::EXAMPLE)],
    })
}

/// How somebody stands to a connection.
pub(super) fn relation(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Relation::ALL.map(Relation::as_str)})
}

/// Whom a restriction policy binds.
pub(super) fn principals(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "pattern": format!("^(org|role|user):{UUID}$")},
        "uniqueItems": true,
        "examples": [[format!("role:{}", RoleId::EXAMPLE)]],
    })
}

/// The same of a policy that is to be: so many in all of its bindings.
pub(super) fn new_principals(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = principals(generator);
    schema.insert("maxItems".to_owned(), Bindings::MAX_SUBJECTS.into());
    schema
}

/// What ids look like.
const UUID: &str = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/// Always the empty text.
pub(super) fn empty(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": [""]})
}

/// Always `null`.
pub(super) fn null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "null"})
}

/// How many there are of something.
pub(super) fn count(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "minimum": 0, "examples": [1]})
}

/// What a client is called. Its name is shown to whoever decides about it.
pub(super) fn client_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "pattern": NAME, "minLength": 1, "maxLength": 255, "examples": ["Example Dashboards"]
    })
}

/// The id of a client.
pub(super) fn client_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "uuid", "examples": ["0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e3f"]})
}

/// An id that may be left out.
pub(super) fn optional_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "format": "uuid", "examples": [null]})
}

/// Where users may be sent back to.
pub(super) fn redirect_uris(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "format": "uri", "maxLength": 2000},
        "maxItems": OauthClient::MAX_REDIRECT_URIS,
        "uniqueItems": true,
        "examples": [["https://app.example.com/callback"]],
    })
}

/// How a client comes by tokens.
pub(super) fn grant_types(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "enum": GRANT_TYPES},
        "examples": [["authorization_code", "refresh_token"]],
    })
}

/// How it does now.
pub(super) fn grant_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": GRANT_TYPES})
}

/// What a client is answered with.
pub(super) fn response_types(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string", "enum": ["code"]}, "maxItems": 1, "examples": [["code"]]})
}

/// How a client proves itself.
pub(super) fn client_authentication(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": AUTHENTICATIONS, "examples": ["client_secret_basic"]})
}

/// Names of permissions with spaces between.
pub(super) fn scope(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[a-z_ ]*$", "examples": ["org_connections_read"]})
}

/// What a client proves itself by.
pub(super) fn client_secret(_: &mut SchemaGenerator) -> Schema {
    secret(SecretUse::Client)
}

/// What calls are made with.
pub(super) fn access_token(_: &mut SchemaGenerator) -> Schema {
    secret(SecretUse::Access)
}

/// What comes by the next.
pub(super) fn refresh_token(_: &mut SchemaGenerator) -> Schema {
    secret(SecretUse::Refresh)
}

fn secret(for_what: SecretUse) -> Schema {
    let prefix = for_what.prefix();
    let example = format!("{prefix}{}", "0123456789abcdef".repeat(4));
    json_schema!({"type": "string", "pattern": format!("^{prefix}[0-9a-f]{{64}}$"), "examples": [example]})
}

/// How an access token is shown.
pub(super) fn token_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["Bearer"]})
}

/// Always 0.
pub(super) fn zero(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "enum": [0]})
}

/// Where something is.
pub(super) fn url(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "uri", "examples": ["https://api.datadoghq.com"]})
}

/// Words that programs know.
pub(super) fn words(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true})
}

/// What a user decides.
pub(super) fn decision(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["allow", "deny"]})
}

/// Where users may be sent back to, if anywhere is said.
pub(super) fn optional_redirect_uris(generator: &mut SchemaGenerator) -> Schema {
    or_nothing(&redirect_uris(generator))
}

/// How a client comes by tokens, if that is said.
pub(super) fn optional_grant_types(generator: &mut SchemaGenerator) -> Schema {
    or_nothing(&grant_types(generator))
}

/// What a client is answered with, if that is said.
pub(super) fn optional_response_types(generator: &mut SchemaGenerator) -> Schema {
    or_nothing(&response_types(generator))
}

/// How a client proves itself, if that is said.
pub(super) fn optional_client_authentication(generator: &mut SchemaGenerator) -> Schema {
    or_nothing(&client_authentication(generator))
}

/// Names of permissions with spaces between, if any are said.
pub(super) fn optional_scope(generator: &mut SchemaGenerator) -> Schema {
    or_nothing(&scope(generator))
}

fn or_nothing(schema: &Schema) -> Schema {
    json_schema!({"anyOf": [schema, {"type": "null"}]})
}

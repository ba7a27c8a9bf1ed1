//! What can be said of texts that have no type of their own here. Each bound is one that the domain keeps.

use orgbridge_domain::ConnectionType;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::resource::Nameable;

/// The name of what an `Id` identifies.
pub(super) fn name<Id: Nameable>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 255, "examples": [Id::EXAMPLE_NAME]})
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

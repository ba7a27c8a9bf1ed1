//! An example of a whole, put together from the examples of its parts.

use std::collections::BTreeMap;

use schemars::Schema;
use serde_json::{Map, Value};

/// A value that `schema` admits: its own example where it has one, else its first allowed value, else one that is
/// made of the examples of its parts.
pub(super) fn of(schema: &Value, named: &BTreeMap<String, Schema>) -> Value {
    let sample = |schema: &Value| of(schema, named);
    if let Some(target) = target(schema, named) {
        return sample(target);
    }
    for keyword in ["examples", "enum"] {
        if let Some(first) = schema.get(keyword).and_then(|values| values.get(0)) {
            return first.clone();
        }
    }
    // What may be left out is shown.
    if let Some(first) = schema.get("anyOf").and_then(|alternatives| alternatives.get(0)) {
        return sample(first);
    }
    match type_of(schema) {
        Some("object") => {
            let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            Value::Object(members.map(|(name, schema)| (name.clone(), sample(schema))).collect::<Map<_, _>>())
        }
        Some("array") if schema.get("maxItems") == Some(&0.into()) => Value::Array(Vec::new()),
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            let kinds = items.get("anyOf").and_then(Value::as_array);
            Value::Array(
                kinds.map_or_else(|| vec![sample(items)], |kinds| kinds.iter().map(sample).collect()),
            )
        }
        Some("boolean") => false.into(),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(0.into()),
        Some("string") => "".into(),
        _ => Value::Null,
    }
}

/// The type of a value, which may be null besides where there is more than one.
pub(super) fn type_of(schema: &Value) -> Option<&str> {
    let types = schema.get("type")?;
    types.as_array().map_or(Some(types), |types| types.first())?.as_str()
}

/// What a schema refers to, if it is a reference.
pub(super) fn target<'s>(schema: &Value, named: &'s BTreeMap<String, Schema>) -> Option<&'s Value> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")?;
    named.get(name).map(Schema::as_value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_is_made_of_the_examples_of_its_parts() {
        let org = Schema::try_from(json!({"type": "object", "properties": {
            "type": {"type": "string", "enum": ["orgs"]},
            "name": {"type": "string", "examples": ["Example Org"]},
            "disabled": {"type": "boolean"},
        }}));
        let named = BTreeMap::from([("Org".to_owned(), org.unwrap())]);
        let schema = json!({"type": "object", "properties": {
            "data": {"type": "array", "items": {"anyOf": [{"$ref": "#/components/schemas/Org"}, {"type": "null"}]}},
            "methods": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
            "count": {"type": "integer", "minimum": 1},
            "more": {"type": ["object", "null"], "properties": {"last": {"type": "boolean"}}},
            "either": {"anyOf": [{"type": "integer", "minimum": 2}, {"type": "null"}]},
        }});
        assert_eq!(
            of(&schema, &named),
            json!({
                "data": [{"type": "orgs", "name": "Example Org", "disabled": false}, null],
                "methods": [],
                "count": 1,
                "more": {"last": false},
                "either": 2,
            })
        );
    }
}

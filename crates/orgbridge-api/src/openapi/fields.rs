//! A schema as rows that people can read: one for each member, by its path.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::Schema;
use serde_json::Value;

use super::sample::{target, type_of};

/// One member.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Where it stands, such as `data.attributes.connection_types`.
    pub(super) path: String,
    /// What it may hold.
    pub(super) kind: String,
    /// Whether it is always there.
    pub(super) is_required: bool,
    /// What it is.
    pub(super) description: String,
}

/// Every member of `schema`, each before those inside it.
pub(super) fn of(schema: &Value, named: &BTreeMap<String, Schema>) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(schema, "", named, &mut fields);
    fields
}

fn collect(schema: &Value, path: &str, named: &BTreeMap<String, Schema>, fields: &mut Vec<Field>) {
    let schema = target(schema, named).unwrap_or(schema);
    let required: Vec<_> = texts(schema, "required").collect();
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut members: Vec<_> = members.collect();
    // As the code has them; what may be missing comes last.
    members
        .sort_by_key(|(name, _)| required.iter().position(|known| known == name).unwrap_or(required.len()));
    for (name, member) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        fields.push(Field {
            kind: kind(member, named),
            is_required: required.contains(&name.as_str()),
            description: description(member, named),
            path: path.clone(),
        });
        collect(member, &path, named, fields);
    }
    if let Some(items) = schema.get("items") {
        collect(items, &format!("{path}[]"), named, fields);
    }
    for alternative in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        let path =
            alternative_name(alternative).map_or_else(|| path.to_owned(), |name| format!("{path} {name}"));
        collect(alternative, &path, named, fields);
    }
}

/// What a value may be, in a few words.
pub(super) fn kind(schema: &Value, named: &BTreeMap<String, Schema>) -> String {
    let schema = target(schema, named).unwrap_or(schema);
    let allowed = schema.get("enum").and_then(Value::as_array);
    if let Some(allowed) = allowed {
        return allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    }
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        return alternatives.iter().filter_map(alternative_name).collect::<Vec<_>>().join(" or ");
    }
    let name = type_of(schema).unwrap_or("anything");
    let mut kind = match (name, schema.get("format").and_then(Value::as_str)) {
        ("array", _) => match schema.get("items") {
            Some(items) if schema.get("maxItems") != Some(&0.into()) => {
                format!("list of {}", self::kind(items, named))
            }
            _ => "empty list".to_owned(),
        },
        (_, Some(format)) => format.to_owned(),
        (name, None) => name.to_owned(),
    };
    for (keyword, words) in [
        ("minimum", " from"),
        ("maximum", " to"),
        ("minItems", ", at least"),
        ("maxItems", ", at most"),
        ("minLength", ", length from"),
        ("maxLength", " to"),
        ("pattern", " like"),
        ("default", ", default"),
    ] {
        if let Some(value) = schema.get(keyword) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // Writing to a string can't fail.
            let _ = write!(kind, "{words} {value}");
        }
    }
    if schema.get("uniqueItems") == Some(&true.into()) {
        kind.push_str(", none twice");
    }
    if schema.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&"null".into())) {
        kind.push_str(", or null");
    }
    kind
}

fn description(schema: &Value, named: &BTreeMap<String, Schema>) -> String {
    let own = schema.get("description").and_then(Value::as_str);
    let of_target = || target(schema, named).and_then(|schema| schema.get("description")?.as_str());
    own.or_else(of_target).unwrap_or_default().to_owned()
}

fn alternative_name(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

fn texts<'s>(schema: &'s Value, keyword: &str) -> impl Iterator<Item = &'s str> {
    schema.get(keyword).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_member_has_a_row_before_those_inside_it() {
        let org = json!({"type": "object", "description": "An org.", "properties": {
            "id": {"type": "string", "format": "uuid"},
        }, "required": ["id"]});
        let named = BTreeMap::from([("Org".to_owned(), Schema::try_from(org).unwrap())]);
        let reference = json!({"$ref": "#/components/schemas/Org"});
        let schema = json!({"type": "object", "properties": {
            "count": {"type": "integer", "minimum": 1, "description": "How many."},
            "orgs": {"type": "array", "items": {"anyOf": [reference]}, "minItems": 1},
            "own": reference,
            "scopes": {"type": ["array", "null"], "items": {"type": "string"}},
        }, "required": ["own", "orgs"]});
        let rows: Vec<_> = of(&schema, &named)
            .into_iter()
            .map(|Field { path, kind, is_required, description }| {
                format!("{path} | {kind} | {is_required} | {description}")
            })
            .collect();
        assert_eq!(
            rows,
            [
                "own | object | true | An org.",
                "own.id | uuid | true | ",
                "orgs | list of Org, at least 1 | true | ",
                "orgs[] Org.id | uuid | true | ",
                "count | integer from 1 | false | How many.",
                "scopes | list of string, or null | false | ",
            ]
        );
    }
}

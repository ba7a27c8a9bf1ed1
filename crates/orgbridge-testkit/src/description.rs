//! What every answer is held to: the API's description of itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::{HeaderMap, Method};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// The methods that an item of `paths` may hold, as they are there.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A description of the API, against which answers are held by a validator that knows nothing of how it was made.
#[derive(Debug)]
pub struct Description {
    document: Value,
    /// By the text of the schema.
    validators: HashMap<String, Validator>,
}

impl Description {
    /// The description that the program gives.
    pub fn of_the_program() -> &'static Self {
        static DESCRIPTION: LazyLock<Description> =
            LazyLock::new(|| Description::of(&orgbridge_api::openapi_document().expect("a description")));
        &DESCRIPTION
    }

    /// The description in `text`.
    pub fn of(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).expect("JSON");
        let mut schemas = Vec::new();
        collect_schemas(&document, &mut schemas);
        let validators = schemas.into_iter().map(|schema| {
            let root = json!({"allOf": [schema], "components": document["components"]});
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .build(&root)
                .unwrap_or_else(|error| panic!("{schema} is no schema: {error}"));
            (schema.to_string(), validator)
        });
        Self { validators: validators.collect(), document }
    }

    /// The whole document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Every call, by its method, its path, and what is said of it.
    pub fn operations(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        let paths = self.document["paths"].as_object().expect("paths").iter();
        paths.flat_map(|(path, item)| {
            let operations = METHODS.into_iter().filter_map(|method| Some((method, item.get(method)?)));
            operations.map(|(method, operation)| (method.to_uppercase(), path.as_str(), operation))
        })
    }

    /// What is said of the call that a request is, if it is one.
    pub fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let mut operations = self.operations();
        operations.find(|(known, template, _)| known == method && is_path(template, path)).map(|(.., it)| it)
    }

    /// Fails unless `value` is what `schema`, which stands somewhere in the document, admits.
    pub fn admits(&self, schema: &Value, value: &Value, what: &str) {
        let validator = &self.validators[&schema.to_string()];
        let problems =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path()));
        let problems: Vec<_> = problems.collect();
        assert!(problems.is_empty(), "{what} is not what is described: {problems:#?} in {value:#}");
    }

    /// Fails unless the answer to a request is one that is described.
    pub(crate) fn check(&self, method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &str) {
        let what = format!("{method} {path} answered {status}:");
        let response = self.response(method, path, status);
        let response = response.unwrap_or_else(|| panic!("{what} no such answer is described: {body}"));
        self.check_headers(&response["headers"], headers, &what);
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            assert_eq!(body, "", "{what} no body is described");
            return;
        };
        let media_type = headers.get("content-type").expect("a media type").to_str().expect("a media type");
        let essence = media_type.split(';').next().unwrap_or_default();
        let content = content.get(essence).unwrap_or_else(|| panic!("{what} {essence} is not described"));
        if method == Method::HEAD {
            return;
        }
        let value = match essence {
            "application/json" => serde_json::from_str(body).unwrap_or_else(|error| panic!("{what} {error}")),
            _ => Value::from(body),
        };
        self.admits(&content["schema"], &value, &what);
    }

    /// What is said of an answer.
    fn response(&self, method: &Method, path: &str, status: u16) -> Option<&Value> {
        if let Some(operation) = self.operation(method, path) {
            return operation["responses"].get(status.to_string());
        }
        let is_known = self.operations().any(|(_, template, _)| is_path(template, path));
        let responses = &self.document["components"]["responses"];
        match (is_known, status) {
            (true, 405) => responses.get("NoSuchMethod"),
            (false, 404) => responses.get("NoSuchPath"),
            (_, 421) => responses.get("Misdirected"),
            (_, 429) => responses.get("TooManyRequests"),
            _ => None,
        }
    }

    fn check_headers(&self, described: &Value, headers: &HeaderMap, what: &str) {
        for (name, reference) in described.as_object().into_iter().flatten() {
            let header = self.target(reference);
            let Some(value) = headers.get(name.as_str()) else {
                assert_ne!(header["required"], true, "{what} {name} is missing");
                continue;
            };
            let text = value.to_str().expect("a header in ASCII");
            let value = match header["schema"]["type"].as_str() {
                Some("integer") => {
                    serde_json::from_str(text).unwrap_or_else(|_| panic!("{what} {name}: {text}"))
                }
                _ => Value::from(text),
            };
            self.admits(&header["schema"], &value, &format!("{what} {name}"));
        }
    }

    /// What a reference points to; anything else is itself.
    pub fn target<'d>(&'d self, value: &'d Value) -> &'d Value {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
        let pointer = reference.strip_prefix('#').expect("a place in the document");
        self.document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }
}

/// Whether a path, which may end in one slash and in a query, is one of those that a template stands for.
pub fn is_path(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    let (mut known, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (known.next(), given.next()) {
            (None, None) => return true,
            (Some(known), Some(given)) if known == given || (known.starts_with('{') && !given.is_empty()) => {
            }
            _ => return false,
        }
    }
}

fn collect_schemas<'d>(value: &'d Value, schemas: &mut Vec<&'d Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "schema" {
                    schemas.push(member);
                } else if name != "schemas" {
                    collect_schemas(member, schemas);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_schemas(item, schemas)),
        _ => {}
    }
}

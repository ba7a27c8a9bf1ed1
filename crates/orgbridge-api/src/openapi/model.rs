//! OpenAPI 3.1, and no more of it than is used. Schemas are those of JSON Schema, as 3.1 takes them.
//!
//! What is not there is left out, and what has names of its own is ordered by them or by the table of routes, so
//! that the same code always writes the same text.

use std::collections::BTreeMap;

use axum::http::Method;
use schemars::Schema;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The whole description.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) openapi: &'static str,
    pub(super) info: Info,
    pub(super) servers: [Server; 1],
    pub(super) tags: Vec<Tag>,
    #[serde(rename = "paths", serialize_with = "by_path")]
    pub(super) operations: Vec<Operation>,
    pub(super) components: Components,
}

#[derive(Debug, Serialize)]
pub(super) struct Info {
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) license: License,
}

#[derive(Debug, Serialize)]
pub(super) struct License {
    pub(super) name: &'static str,
    pub(super) identifier: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) url: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tag {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

/// One call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    #[serde(skip)]
    pub(super) method: Method,
    #[serde(skip)]
    pub(super) path: &'static str,
    #[serde(rename = "operationId")]
    pub(super) id: &'static str,
    pub(super) tags: [&'static str; 1],
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// Any of these sets of schemes lets a caller in; without one, everybody is.
    pub(super) security: Vec<BTreeMap<&'static str, Vec<&'static str>>>,
    #[serde(rename = "x-permission", skip_serializing_if = "Option::is_none")]
    pub(super) permission: Option<NeededPermission>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_body: Option<RequestBody>,
    pub(super) responses: BTreeMap<u16, Response>,
}

#[derive(Debug, Serialize)]
pub(super) struct NeededPermission {
    pub(super) operator: &'static str,
    pub(super) permissions: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    #[serde(rename = "in")]
    pub(super) place: Place,
    pub(super) description: &'static str,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

/// Where in a request a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

#[derive(Debug, Serialize)]
pub(super) struct RequestBody {
    pub(super) required: bool,
    pub(super) content: BTreeMap<&'static str, Content>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Response {
    pub(super) description: String,
    pub(super) headers: BTreeMap<&'static str, Reference>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) content: BTreeMap<&'static str, Content>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) links: BTreeMap<&'static str, Link>,
}

/// What one media type holds.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub(super) schema: Schema,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) examples: BTreeMap<String, Example>,
}

#[derive(Debug, Serialize)]
pub(super) struct Example {
    pub(super) value: Value,
}

/// How a call goes on from the answer of another.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Link {
    pub(super) operation_id: &'static str,
    pub(super) parameters: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_body: Option<Value>,
}

/// Points to what stands elsewhere in the document.
#[derive(Debug, Serialize)]
pub(super) struct Reference {
    #[serde(rename = "$ref")]
    pub(super) to: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: BTreeMap<String, Schema>,
    pub(super) responses: BTreeMap<&'static str, Response>,
    pub(super) headers: BTreeMap<String, Header>,
    pub(super) security_schemes: BTreeMap<&'static str, SecurityScheme>,
}

#[derive(Debug, Serialize)]
pub(super) struct Header {
    pub(super) description: &'static str,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

/// How a caller says who they are.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum SecurityScheme {
    /// By a key in a header.
    ApiKey {
        #[serde(rename = "in")]
        place: &'static str,
        name: &'static str,
        description: &'static str,
    },
    /// By an access token.
    Oauth2 { description: &'static str, flows: BTreeMap<&'static str, Flow> },
}

/// A way to come by an access token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Flow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_url: Option<&'static str>,
    pub(super) token_url: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_url: Option<&'static str>,
    pub(super) scopes: BTreeMap<&'static str, &'static str>,
}

impl SecurityScheme {
    /// What it is called in a header, and what it is.
    pub(super) const fn shown(&self) -> (&'static str, &'static str) {
        match self {
            Self::ApiKey { name, description, .. } => (name, description),
            Self::Oauth2 { description, .. } => ("Authorization", description),
        }
    }
}

/// Writes the operations under their paths and methods, in the order of the table.
fn by_path<S: Serializer>(operations: &[Operation], serializer: S) -> Result<S::Ok, S::Error> {
    let of_one_path = operations.chunk_by(|one, next| one.path == next.path);
    serializer.collect_map(of_one_path.map(|operations| (operations[0].path, Methods(operations))))
}

struct Methods<'d>(&'d [Operation]);

impl Serialize for Methods<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = |operation| (Operation::method_name(operation), operation);
        serializer.collect_map(self.0.iter().map(named))
    }
}

impl Operation {
    fn method_name(&self) -> String {
        self.method.as_str().to_lowercase()
    }
}

impl Reference {
    pub(super) fn to_header(name: &str) -> Self {
        Self { to: format!("#/components/headers/{name}") }
    }
}

//! What is searched for in the audit trail, as a body says it.
//!
//! Members that are not named here are ignored. So are `options`: every time that is taken says itself which one it is.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::audit::{MAX_CHARS, Places};
use crate::error::ApiError;
use crate::extract::{AUDIT_SORTS, AuditQuery};
use crate::json::Object;

/// What is searched for. Members that are not named here are ignored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AuditLogsSearchEventsRequest")]
pub(crate) struct SearchAuditEvents {
    #[serde(default)]
    #[schemars(with = "Option<Filter>")]
    filter: Option<Object<Filter>>,
    /// What to order by; `-` puts the newest first, and is the default.
    #[serde(default)]
    #[schemars(schema_with = "sort")]
    sort: Option<String>,
    #[serde(default)]
    #[schemars(with = "Option<PageOptions>")]
    page: Option<Object<PageOptions>>,
}

/// Which events.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Filter {
    /// In the query language of the audit trail.
    #[serde(default)]
    #[schemars(schema_with = "query")]
    query: Option<String>,
    /// The first moment; without it, from the beginning.
    #[serde(default)]
    #[schemars(schema_with = "moment")]
    from: Option<String>,
    /// The last moment; without it, until now.
    #[serde(default)]
    #[schemars(schema_with = "moment")]
    to: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
struct PageOptions {
    /// `meta.page.after` of the answer to go on from, to the same search.
    #[serde(default)]
    #[schemars(schema_with = "cursor")]
    cursor: Option<String>,
    /// How many events it holds at the most.
    #[serde(default)]
    #[schemars(schema_with = "limit")]
    limit: Option<i64>,
}

fn query(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "maxLength": MAX_CHARS, "examples": ["asset.type:org_connection"]})
}

fn moment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "examples": ["now"]})
}

fn cursor(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"], "examples": [null]})
}

fn limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["integer", "null"], "minimum": 1, "maximum": 1000, "examples": [25]})
}

fn sort(_: &mut SchemaGenerator) -> Schema {
    let known = AUDIT_SORTS.map(|(name, _)| name);
    json_schema!({"type": ["string", "null"], "enum": [known[0], known[1], null]})
}

impl SearchAuditEvents {
    /// What the parts are called.
    pub(crate) const PLACES: Places =
        Places { query: "filter.query", from: "filter.from", to: "filter.to", cursor: "page.cursor" };

    /// The search.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    pub(crate) fn asked(self) -> Result<AuditQuery, ApiError> {
        let Filter { query, from, to } = self.filter.map(|Object(filter)| filter).unwrap_or_default();
        let PageOptions { cursor, limit } = self.page.map(|Object(page)| page).unwrap_or_default();
        AuditQuery::of_members([query, from, to, cursor], (limit, "page.limit"), (self.sort, "sort"))
    }
}

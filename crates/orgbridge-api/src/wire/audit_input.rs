//! What is searched for in the audit trail, as a body says it.
//!
//! Members that are not named here are ignored. So are `options`: every time that is taken says itself which one it is.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

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
    limit: Option<WholeNumber>,
}

/// A whole number, however it is written: JSON Schema takes `25.0` for one, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WholeNumber(i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeNumberVisitor)
    }
}

struct WholeNumberVisitor;

impl Visitor<'_> for WholeNumberVisitor {
    type Value = WholeNumber;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<WholeNumber, E> {
        Ok(WholeNumber(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<WholeNumber, E> {
        number.try_into().map(WholeNumber).map_err(|_| E::invalid_type(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<WholeNumber, E> {
        let whole = if number.fract() == 0.0 { format!("{number:.0}").parse().ok() } else { None };
        whole.map(WholeNumber).ok_or_else(|| E::invalid_type(Unexpected::Float(number), &self))
    }
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
        let limit = limit.map(|WholeNumber(limit)| limit);
        AuditQuery::of_members([query, from, to, cursor], (limit, "page.limit"), (self.sort, "sort"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read =
            |text: &str| serde_json::from_str::<WholeNumber>(text).map(|WholeNumber(number)| number).ok();
        for (text, number) in [("60", 60), ("60.0", 60), ("6e1", 60), ("-1", -1), ("-1.0", -1)] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for text in ["60.5", "1e300", "18446744073709551615", "true", "\"60\"", "null"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

//! What is searched for in the audit trail.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::json_schema;

use super::Parameters;
use crate::api::Api;
use crate::audit::{Asked, MAX_CHARS, NotACursor, NotAMoment, Places};
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};

const QUERY: &str = "filter[query]";
const FROM: &str = "filter[from]";
const TO: &str = "filter[to]";
const SORT: &str = "sort";
const CURSOR: &str = "page[cursor]";
const LIMIT: &str = "page[limit]";
const LIMITS: RangeInclusive<usize> = 1..=1_000;
const DEFAULT_LIMIT: usize = 10;

/// Whether the newest come first. The first is the default.
pub(crate) const AUDIT_SORTS: [(&str, bool); 2] = [("-timestamp", true), ("timestamp", false)];

/// `filter[query]`, `filter[from]`, `filter[to]`, `sort`, `page[cursor]` and `page[limit]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditQuery(pub(crate) Asked);

impl AuditQuery {
    /// What the parts are called.
    pub(crate) const PLACES: Places = Places { query: QUERY, from: FROM, to: TO, cursor: CURSOR };

    /// The query that asks the same and goes on at a cursor.
    pub(crate) fn continued(asked: &Asked, cursor: &str) -> String {
        let sort = AUDIT_SORTS.iter().find(|(_, newest_first)| *newest_first == asked.newest_first);
        let given = [(QUERY, &asked.query), (FROM, &asked.from), (TO, &asked.to)];
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(given.into_iter().filter(|(_, value)| !value.is_empty()))
            .extend_pairs(sort.map(|(name, _)| (SORT, name)))
            .append_pair(CURSOR, cursor)
            .append_pair(LIMIT, &asked.limit.to_string())
            .finish()
    }
}

impl Asks for AuditQuery {
    fn outline(outline: &mut Outline<'_>) {
        let text = |example: &str| json_schema!({"type": "string", "examples": [example]});
        let known: Vec<_> = AUDIT_SORTS.iter().map(|(name, _)| *name).collect();
        let query = json_schema!({"type": "string", "maxLength": MAX_CHARS, "examples": ["asset.type:org_connection"]});
        outline.query_parameter(QUERY, "Which events, in the query language of the audit trail.", query);
        outline.query_parameter(FROM, "The first moment; without it, from the beginning.", text("now-15m"));
        outline.query_parameter(TO, "The last moment; without it, until now.", text("now"));
        let sort = json_schema!({"type": "string", "enum": known, "default": known.first()});
        outline.query_parameter(SORT, "What to order by; `-` puts the newest first.", sort);
        let cursor = json_schema!({"type": "string"});
        outline.query_parameter(
            CURSOR,
            "meta.page.after of the answer to go on from, to the same search.",
            cursor,
        );
        let (first, last) = LIMITS.into_inner();
        let limit =
            json_schema!({"type": "integer", "minimum": first, "maximum": last, "default": DEFAULT_LIMIT});
        outline.query_parameter(LIMIT, "How many events a page holds at the most.", limit);
        outline.refusal(Parameters::not_within(LIMIT, &LIMITS));
        outline.refusal(Parameters::not_among(SORT, &AUDIT_SORTS));
        outline.refusal(ApiError::Invalid(format!("{FROM}: {NotAMoment}")));
        outline.refusal(ApiError::Invalid(format!("{CURSOR}: {NotACursor}")));
    }
}

impl FromRequestParts<Api> for AuditQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

impl AuditQuery {
    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        let text = |name| parameters.text(name).map(|text| text.unwrap_or_default().to_owned());
        Ok(Self(Asked {
            query: text(QUERY)?,
            from: text(FROM)?,
            to: text(TO)?,
            newest_first: parameters.choice(SORT, &AUDIT_SORTS)?.unwrap_or(AUDIT_SORTS[0].1),
            cursor: text(CURSOR)?,
            limit: parameters.number(LIMIT, LIMITS)?.unwrap_or(DEFAULT_LIMIT),
        }))
    }

    /// The same from the members of a body, whose places `limit` and `sort` are.
    pub(crate) fn of_members(
        [query, from, to, cursor]: [Option<String>; 4],
        (limit, limit_place): (Option<i64>, &str),
        (sort, sort_place): (Option<String>, &str),
    ) -> Result<Self, ApiError> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| LIMITS.contains(limit))
                .ok_or_else(|| Parameters::not_within(limit_place, &LIMITS))?,
        };
        let newest_first = match sort {
            None => AUDIT_SORTS[0].1,
            Some(sort) => AUDIT_SORTS
                .iter()
                .find(|(known, _)| *known == sort)
                .map(|(_, newest_first)| *newest_first)
                .ok_or_else(|| Parameters::not_among(sort_place, &AUDIT_SORTS))?,
        };
        let [query, from, to, cursor] = [query, from, to, cursor].map(Option::unwrap_or_default);
        Ok(Self(Asked { query, from, to, newest_first, cursor, limit }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, String> {
        let read = AuditQuery::read(&Parameters::read(Some(query)));
        read.map(|AuditQuery(asked)| asked).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a_search_that_goes_on_asks_the_same() {
        for query in ["", "filter[query]=a%20%2Bb%26&filter[to]=now%2B1d&sort=timestamp&page[limit]=7"] {
            let asked = read(query).unwrap();
            let continued = read(&AuditQuery::continued(&asked, "c-_4")).unwrap();
            assert_eq!(continued, Asked { cursor: "c-_4".to_owned(), ..asked });
        }
    }

    #[test]
    fn a_page_has_a_limit_and_an_order() {
        assert_eq!(read("").map(|asked| (asked.limit, asked.newest_first)), Ok((10, true)));
        assert_eq!(
            read("page[limit]=1000&sort=timestamp").map(|asked| (asked.limit, asked.newest_first)),
            Ok((1000, false))
        );
        for query in ["page[limit]=0", "page[limit]=1001", "sort=time", "filter[query]=a&filter[query]=b"] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}

//! What narrows a list of connections.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::org_connection::{Filter, OrgFilter};
use orgbridge_domain::{OrgId, Page};
use schemars::json_schema;

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;
use crate::openapi::{Asks, Outline};
use crate::wire::Textual as _;

/// The most connections that one page may hold, and how many it holds unasked. Source: contract, section 1.
const MAX_LIMIT: usize = 1000;

const SOURCE: &str = "source_org_id";
const SINK: &str = "sink_org_id";
const LIMIT: &str = "limit";
const LIMITS: RangeInclusive<usize> = 1..=MAX_LIMIT;
const OFFSET: &str = "offset";
const OFFSETS: RangeInclusive<usize> = 0..=usize::MAX;

/// `source_org_id`, `sink_org_id`, `limit` and `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) filter: Filter,
    pub(crate) page: Page,
}

impl Asks for ListQuery {
    fn outline(outline: &mut Outline<'_>) {
        let text = || json_schema!({"type": "string", "examples": [OrgId::EXAMPLE]});
        let number = |range: RangeInclusive<usize>, default: usize| {
            let (first, last) = range.into_inner();
            json_schema!({"type": "integer", "minimum": first, "maximum": last, "default": default})
        };
        for (name, description) in [
            (
                SOURCE,
                "Only connections by which this org shares. An empty value is no filter; one that is no id matches \
                 nothing.",
            ),
            (SINK, "Only connections by which this org is shown something, likewise."),
        ] {
            outline.query_parameter(name, description, text());
        }
        outline.query_parameter(
            LIMIT,
            "How many connections to show at the most.",
            number(LIMITS, MAX_LIMIT),
        );
        outline.query_parameter(
            OFFSET,
            "How many connections to leave out at the start.",
            number(OFFSETS, 0),
        );
        outline.refusal(Parameters::not_within(LIMIT, &LIMITS));
    }
}

impl FromRequestParts<Api> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Self::read(&Parameters::read(parts.uri.query()))
    }
}

impl ListQuery {
    fn read(parameters: &Parameters<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            filter: Filter {
                source: org_filter(parameters.text(SOURCE)?),
                sink: org_filter(parameters.text(SINK)?),
            },
            page: Page {
                offset: parameters.number(OFFSET, OFFSETS)?.unwrap_or(0),
                limit: parameters.number(LIMIT, LIMITS)?.unwrap_or(MAX_LIMIT),
            },
        })
    }
}

/// A value that is no org's id matches nothing; an empty one, which one client sends on import, is no filter.
fn org_filter(value: Option<&str>) -> OrgFilter {
    match value.map(str::parse) {
        None => OrgFilter::Any,
        Some(Ok(org)) => OrgFilter::Only(org),
        Some(Err(_)) => OrgFilter::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> ListQuery {
        ListQuery::read(&Parameters::read(Some(text))).unwrap()
    }

    #[test]
    fn nothing_asked_is_everything() {
        let all = ListQuery { filter: Filter::default(), page: Page { offset: 0, limit: 1000 } };
        assert_eq!(query(""), all);
        assert_eq!(query("sink_org_id=&source_org_id=&unknown=1"), all);
    }

    #[test]
    fn each_parameter_narrows() {
        let id = "4dee724d-00cc-11ea-a77b-570c9d03c6c5";
        let narrowed = query(&format!("source_org_id={}&sink_org_id=me&limit=1&offset=2", id.to_uppercase()));
        assert_eq!(narrowed.filter.source, OrgFilter::Only(id.parse().unwrap()));
        assert_eq!(narrowed.filter.sink, OrgFilter::Nothing);
        assert_eq!(narrowed.page, Page { offset: 2, limit: 1 });
    }
}

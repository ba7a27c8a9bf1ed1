//! What narrows a list of connections.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use orgbridge_domain::org_connection::{Filter, OrgFilter, Page};

use super::Parameters;
use crate::api::Api;
use crate::error::ApiError;

/// The most connections that one page may hold, and how many it holds unasked. Source: contract, section 1.
const MAX_LIMIT: usize = 1000;

/// `source_org_id`, `sink_org_id`, `limit` and `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) filter: Filter,
    pub(crate) page: Page,
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
                source: org_filter(parameters.text("source_org_id")?),
                sink: org_filter(parameters.text("sink_org_id")?),
            },
            page: Page {
                offset: parameters.number("offset", 0..=usize::MAX)?.unwrap_or(0),
                limit: parameters.number("limit", 1..=MAX_LIMIT)?.unwrap_or(MAX_LIMIT),
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

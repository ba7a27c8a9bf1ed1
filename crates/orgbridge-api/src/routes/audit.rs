//! The audit trail of an org.

use axum::extract::State;
use orgbridge_domain::right::AuditLogsRead;

use crate::api::Api;
use crate::audit::{Places, Search};
use crate::error::ApiError;
use crate::extract::{AuditQuery, Granted, JsonBodyIfAny};
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::{AuditEvents, SearchAuditEvents};

const DESCRIPTION: &str = "\
Finds events by time and by a query such as `asset.type:org_connection -action:created jane`: `key:value`, words of any \
value, `*` for anything, AND, OR, NOT and parentheses. The pages of one search hold what there was at its beginning, \
whatever is written in between. A search that has looked at many events without filling its page ends with the status \
`timeout`, and goes on where it ended.";

pub(crate) const LIST: Prose = Prose {
    id: "ListAuditLogs",
    tag: Tag::Audit,
    summary: "List audit events",
    description: DESCRIPTION,
    refusals: || vec![example::query("filter[query]"), ApiError::SearchesUnderWay],
};

/// Finds events by the parameters of the query string.
pub(crate) async fn list(
    granted: Granted<AuditLogsRead>,
    State(api): State<Api>,
    query: AuditQuery,
) -> Result<Reply<AuditEvents>, ApiError> {
    find(granted, &api, query, &AuditQuery::PLACES).await
}

pub(crate) const SEARCH: Prose = Prose {
    id: "SearchAuditLogs",
    tag: Tag::Audit,
    summary: "Search audit events",
    description: DESCRIPTION,
    refusals: || vec![example::query("filter.query"), ApiError::SearchesUnderWay],
};

/// Finds events by a body.
pub(crate) async fn search(
    granted: Granted<AuditLogsRead>,
    State(api): State<Api>,
    JsonBodyIfAny(body): JsonBodyIfAny<SearchAuditEvents>,
) -> Result<Reply<AuditEvents>, ApiError> {
    find(granted.again()?, &api, body.asked()?, &SearchAuditEvents::PLACES).await
}

async fn find(
    granted: Granted<AuditLogsRead>,
    api: &Api,
    AuditQuery(asked): AuditQuery,
    places: &Places,
) -> Result<Reply<AuditEvents>, ApiError> {
    let began = api.clock.elapsed();
    let turn = api.searches.turn(granted.org()).await?;
    // Until then others were waited for, and what was known before is no longer to be gone by.
    let granted = granted.again()?;
    let search = Search::understand(asked, places, granted.org(), granted.view(), api.ledger.now())?;
    let found = turn.take(search, api.ledger.clone(), granted.view().clone()).await?;
    let took = api.clock.elapsed().saturating_sub(began).as_millis();
    Reply::of(&AuditEvents::of(found, u64::try_from(took).unwrap_or(u64::MAX), granted.request()))
}

/// What the search refuses, by example.
mod example {
    use crate::error::ApiError;

    pub(super) fn query(place: &str) -> ApiError {
        ApiError::Invalid(format!(
            "{place}: character 1: a key and its colon are followed by a value without a space"
        ))
    }
}

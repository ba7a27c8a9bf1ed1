//! The admin listener: is the server alive, may it be sent requests, and what does it count?
//!
//! It asks nobody who they are, so it belongs on an address of its own that strangers can't reach.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use orgbridge_ledger::Ledger;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::rate_counting::RateCounting;

/// What the admin listener tells about.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) ledger: Ledger,
    pub(crate) rate_limits: RateCounting,
    pub(crate) metrics: Arc<Metrics>,
    /// Cancelled when the server has begun to stop.
    pub(crate) stopping: CancellationToken,
}

/// The routes of the admin listener.
pub(crate) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(admin)
}

/// The process answers. That says nothing about the ledger: restarting a process mends no disk.
async fn livez() -> &'static str {
    "alive\n"
}

/// Whether this server should be sent requests: whether it could keep changes, and decide by what it knows.
async fn readyz(State(admin): State<Admin>) -> Result<&'static str, (StatusCode, String)> {
    let unready = |reason: String| (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"));
    if admin.stopping.is_cancelled() {
        return Err(unready("stopping".to_owned()));
    }
    admin.ledger.health().map_err(|trouble| unready(trouble.to_string()))?;
    admin.ledger.fresh_view().map_err(|stale| unready(stale.to_string()))?;
    if let Some(wait) = admin.rate_limits.unready_for() {
        let seconds = wait.as_secs() + 1;
        return Err(unready(format!(
            "waiting {seconds} s for a share of the rate limits; see rate_limits.replicas"
        )));
    }
    Ok("ready\n")
}

async fn metrics(State(admin): State<Admin>) -> Result<impl IntoResponse, StatusCode> {
    let text = admin.metrics.text().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

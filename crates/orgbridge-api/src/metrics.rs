//! What is counted about requests.

use http::{Method, StatusCode};
use orgbridge_ledger::Noted;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::LimitName;

/// Upper bounds of the latency buckets, in seconds: from a read in memory to a commit that waits for a bad
/// disk.
const LATENCY_BUCKETS: [f64; 15] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Counts requests by route, method and status, their latency by route, and refusals by limit.
///
/// No label holds anything that a caller chose, so the number of time series is bounded.
#[derive(Debug)]
pub struct RequestMetrics {
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    refusals: Family<LimitLabels, Counter>,
    refused_attempts: Family<AttemptLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    kept: &'static str,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS)),
            refusals: Family::default(),
            refused_attempts: Family::default(),
        }
    }
}

impl RequestMetrics {
    /// Makes the families known under `http_requests_total`, `http_request_duration_seconds`,
    /// `rate_limit_refusals_total` and `audit_refused_attempts_total`, with the prefix of the registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            self.latency.clone(),
        );
        registry.register("rate_limit_refusals", "Requests refused by a rate limit", self.refusals.clone());
        registry.register(
            "audit_refused_attempts",
            "Attempts to change something that were refused, by whether the audit trail keeps them",
            self.refused_attempts.clone(),
        );
    }

    /// The latencies of one route, looked up once and not for every request.
    pub(crate) fn latency_of(&self, route: &'static str) -> Histogram {
        self.latency.get_or_create_owned(&RouteLabels { route })
    }

    pub(crate) fn count_request(&self, route: &'static str, method: &Method, status: StatusCode) {
        let labels = RequestLabels { route, method: method_label(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
    }

    pub(crate) fn count_refused_attempt(&self, noted: Noted) {
        let kept = match noted {
            Noted::Recorded => "yes",
            Noted::TooMany => "no",
        };
        self.refused_attempts.get_or_create(&AttemptLabels { kept }).inc();
    }

    pub(crate) fn count_refusal(&self, limit: LimitName) {
        self.refusals.get_or_create(&LimitLabels { limit: limit.as_str() }).inc();
    }
}

/// The method, if it is one of those that everybody knows: a caller may send any word as one.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_can_be_read() {
        let metrics = RequestMetrics::default();
        let mut registry = Registry::with_prefix("orgbridge");
        metrics.register(&mut registry);
        metrics.count_request("/api/v1/validate", &Method::GET, StatusCode::OK);
        metrics.count_request("none", &Method::from_bytes(b"BREW").unwrap(), StatusCode::NOT_FOUND);
        metrics.latency_of("/api/v1/validate").observe(0.000_2);
        metrics.count_refusal(LimitName::Validate);
        metrics.count_refused_attempt(Noted::TooMany);

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();

        for line in [
            r#"orgbridge_http_requests_total{route="/api/v1/validate",method="GET",status="200"} 1"#,
            r#"orgbridge_http_requests_total{route="none",method="other",status="404"} 1"#,
            r#"orgbridge_http_request_duration_seconds_bucket{le="0.00025",route="/api/v1/validate"} 1"#,
            r#"orgbridge_rate_limit_refusals_total{limit="validate"} 1"#,
            r#"orgbridge_audit_refused_attempts_total{kept="no"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}

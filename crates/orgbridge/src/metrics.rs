//! What the server counts, for `/metrics`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orgbridge_api::{RateStore, RequestMetrics};
use orgbridge_edge::EdgeStats;
use orgbridge_ledger::{CommitObserver, Ledger, Unavailable};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds for how long a commit takes, in seconds.
const COMMIT_SECONDS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0, 10.0];

/// Upper bounds for how many commands or changes one commit holds.
const COMMIT_SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 16384.0];

/// What is counted about commits.
#[derive(Debug)]
pub(crate) struct CommitMetrics {
    commands: Histogram,
    changes: Histogram,
    duration: Histogram,
    failures: Counter,
    other_histories: Counter,
}

impl Default for CommitMetrics {
    fn default() -> Self {
        Self {
            commands: Histogram::new(COMMIT_SIZES),
            changes: Histogram::new(COMMIT_SIZES),
            duration: Histogram::new(COMMIT_SECONDS),
            failures: Counter::default(),
            other_histories: Counter::default(),
        }
    }
}

impl CommitObserver for CommitMetrics {
    #[expect(clippy::cast_precision_loss, reason = "a batch of 2^52 commands does not fit into memory")]
    fn committed(&self, commands: usize, changes: usize, took: Duration) {
        self.commands.observe(commands as f64);
        self.changes.observe(changes as f64);
        self.duration.observe(took.as_secs_f64());
    }

    fn failed(&self, _trouble: &Unavailable) {
        self.failures.inc();
    }

    fn found_another_history(&self, _differing: usize) {
        self.other_histories.inc();
    }
}

/// Everything that the server counts.
pub(crate) struct Metrics {
    registry: Registry,
}

impl Metrics {
    pub(crate) fn new(
        requests: &RequestMetrics,
        commits: &CommitMetrics,
        edge: Arc<EdgeStats>,
        ledger: Ledger,
        store: Option<Arc<RateStore>>,
    ) -> Self {
        let mut registry = Registry::with_prefix("orgbridge");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running program", version);
        requests.register(&mut registry);
        registry.register("commit_commands", "Commands that one commit held", commits.commands.clone());
        registry.register("commit_changes", "Changes that one commit made", commits.changes.clone());
        registry.register_with_unit(
            "commit_duration",
            "Time from the begin of a transaction to its durable end",
            Unit::Seconds,
            commits.duration.clone(),
        );
        registry.register(
            "ledger_failures",
            "Times that the ledger became unable to keep changes",
            commits.failures.clone(),
        );
        registry.register(
            "ledger_other_histories",
            "Times that the database did not hold what was known, because it was restored or lacks the last changes",
            commits.other_histories.clone(),
        );
        registry.register_collector(Box::new(LedgerCollector(ledger)));
        registry.register_collector(Box::new(EdgeCollector(edge)));
        if let Some(store) = store {
            registry.register_collector(Box::new(StoreCollector(store)));
        }
        Self { registry }
    }

    /// All of it, in the text format of `OpenMetrics`, which Prometheus reads.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Reads where the ledger stands at the moment that it is asked.
#[derive(Debug)]
struct LedgerCollector(Ledger);

impl Collector for LedgerCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let view = self.0.view();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        for (name, help, value) in [
            ("ledger_revision", "Changes that the ledger keeps", view.position.revision.get()),
            (
                "ledger_epoch",
                "Which history it is; a restoration begins a new one",
                view.position.epoch.get(),
            ),
            ("ledger_healthy", "Whether changes can be kept now", u64::from(self.0.health().is_ok())),
            ("organizations", "Organizations that there are", count(view.state.org_count())),
            ("org_connections", "Connections that there are", count(view.state.connection_count())),
        ] {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            prometheus_client::encoding::EncodeMetric::encode(&ConstGauge::new(value), encoder)?;
        }
        Ok(())
    }
}

/// Sees whether the store of the rate limits is there at the moment that it is asked.
#[derive(Debug)]
struct StoreCollector(Arc<RateStore>);

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Whether requests are counted in the store that all replicas share";
        let encoder = encoder.encode_descriptor("rate_limit_store_used", help, None, MetricType::Gauge)?;
        let gauge = ConstGauge::new(u64::from(self.0.is_there()));
        prometheus_client::encoding::EncodeMetric::encode(&gauge, encoder)
    }
}

/// Reads the counters of the edge at the moment that it is asked.
#[derive(Debug)]
struct EdgeCollector(Arc<EdgeStats>);

impl Collector for EdgeCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = &self.0;
        let open = u64::try_from(stats.open_connections()).unwrap_or(u64::MAX);
        let gauge = encoder.encode_descriptor(
            "edge_connections",
            "Connections served now",
            None,
            MetricType::Gauge,
        )?;
        prometheus_client::encoding::EncodeMetric::encode(&ConstGauge::new(open), gauge)?;
        for (name, help, value) in [
            ("edge_connections_accepted", "Connections accepted", stats.accepted_connections()),
            ("edge_connections_evicted", "Idle connections closed to make room", stats.evicted_connections()),
            ("edge_connections_refused", "Connections refused for want of room", stats.refused_connections()),
            ("edge_connections_timed_out", "Connections closed for silence", stats.timed_out_connections()),
            (
                "edge_requests_malformed",
                "Requests that could be read in two ways",
                stats.malformed_requests(),
            ),
            ("edge_handshakes_failed", "TLS handshakes that failed", stats.failed_handshakes()),
        ] {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            prometheus_client::encoding::EncodeMetric::encode(&ConstCounter::new(value), encoder)?;
        }
        Ok(())
    }
}

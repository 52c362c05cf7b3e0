//! The counters, their names, and their help.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use super::labels::{Build, Outcome, Pool, Request, Route, Source};

/// Bounds of the histogram of times, in seconds: from a lookup to a client that waits for its brokers
/// and its password hash.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// What the service counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(super) requests: Family<Request, Counter>,
    pub(super) took: Family<Route, Histogram, fn() -> Histogram>,
    pub(super) logins: Family<Outcome, Counter>,
    pub(super) introspections: Family<Outcome, Counter>,
    pub(super) tokens_issued: Counter,
    pub(super) storage_failures: Counter,
    pub(super) log_records: Family<Source, Counter>,
    pub(super) handshakes_failed: Counter,
    pub(super) now: Now,
    registry: Registry,
}

/// What is so at the moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Now {
    pub(super) open: Gauge,
    pub(super) hashes_waiting: Gauge,
    pub(super) hashes_running: Gauge,
    pub(super) feed_listeners: Gauge,
    pub(super) feed_head: Gauge,
    pub(super) feed_lag: Gauge,
    pub(super) connections: Family<Pool, Gauge>,
    pub(super) log_records_dropped: Gauge,
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new() -> Metrics {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut metrics = Metrics {
            requests: Family::default(),
            took: Family::new_with_constructor(histogram),
            logins: Family::default(),
            introspections: Family::default(),
            tokens_issued: Counter::default(),
            storage_failures: Counter::default(),
            log_records: Family::default(),
            handshakes_failed: Counter::default(),
            now: Now::default(),
            registry: Registry::with_prefix("static_service"),
        };
        metrics.register_counters();
        metrics.register_gauges();
        metrics
    }

    fn register_counters(&mut self) {
        let mut names = Names(&mut self.registry);
        let version = env!("CARGO_PKG_VERSION");
        let build = Info::new(Build { version });
        names.add("build", "Which version this is", build);
        names.add("http_requests", "Requests answered", self.requests.clone());
        names.add(
            "http_request_duration_seconds",
            "Time until the answer began",
            self.took.clone(),
        );
        names.add("logins", "Logins of clients", self.logins.clone());
        names.add(
            "introspections",
            "Brokers' questions about login tokens",
            self.introspections.clone(),
        );
        names.add(
            "login_tokens_issued",
            "Login tokens given out",
            self.tokens_issued.clone(),
        );
        names.add(
            "storage_failures",
            "Requests that the database failed",
            self.storage_failures.clone(),
        );
        names.add(
            "log_records",
            "Log records taken in",
            self.log_records.clone(),
        );
        names.add(
            "tls_handshakes_failed",
            "TLS handshakes that failed",
            self.handshakes_failed.clone(),
        );
    }

    fn register_gauges(&mut self) {
        let mut names = Names(&mut self.registry);
        let now = self.now.clone();
        names.add("connections", "Connections open", now.open);
        names.add(
            "password_hashes_waiting",
            "Password checks that wait for their turn",
            now.hashes_waiting,
        );
        names.add(
            "password_hashes_running",
            "Password checks under way",
            now.hashes_running,
        );
        names.add(
            "feed_listeners",
            "Brokers that follow the feed",
            now.feed_listeners,
        );
        names.add("feed_newest_event", "Id of the newest event", now.feed_head);
        names.add(
            "feed_lag_events",
            "Events that the slowest listener has yet to be handed",
            now.feed_lag,
        );
        names.add(
            "database_connections",
            "Connections to the database",
            now.connections,
        );
        names.add(
            "log_records_dropped",
            "The service's own records that found no room or no database",
            now.log_records_dropped,
        );
    }

    /// All of it as text.
    pub(super) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Gives names to what is counted.
struct Names<'r>(&'r mut Registry);

impl Names<'_> {
    fn add(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.0.register(name, help, metric);
    }
}

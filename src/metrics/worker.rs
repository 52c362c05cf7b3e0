//! What the worker counts by itself: its questions to the static service, the feed, the audit log.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ending {
    outcome: &'static str,
}

/// How a question about a token ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `active: true`
    Active,
    /// `active: false`
    Inactive,
    /// No usable answer.
    Failed,
    /// Not asked: the breaker is open.
    LeftAlone,
}

impl Asked {
    fn word(self) -> &'static str {
        match self {
            Asked::Active => "active",
            Asked::Inactive => "inactive",
            Asked::Failed => "failed",
            Asked::LeftAlone => "left_alone",
        }
    }
}

/// The counters. Clones count together.
#[derive(Clone)]
pub struct Counted {
    asked: Family<Ending, Counter>,
    took: Histogram,
    /// Events of the feed that were read.
    pub feed_events: Counter,
    /// Connections of the feed that were begun.
    pub feed_connections: Counter,
    /// The newest event that was read.
    pub feed_newest: Gauge,
    /// The newest event whose effects are all carried out.
    pub feed_applied: Gauge,
    /// Records of the audit log that were written.
    pub audit_records: Counter,
    /// Records that were lost.
    pub audit_dropped: Counter,
    /// Records that wait to be written.
    pub audit_queue: Gauge,
    /// Bytes that wait to be sent.
    pub audit_spool_bytes: Gauge,
    /// 1 when the options file or the credentials were bad at the last SIGHUP.
    pub options_refused: Gauge,
    /// Memory of the process.
    pub resident_bytes: Gauge,
}

impl Counted {
    pub(super) fn new(registry: &mut Registry) -> Counted {
        let bounds = [
            0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
        ];
        let counted = Counted {
            asked: Family::default(),
            took: Histogram::new(bounds),
            feed_events: Counter::default(),
            feed_connections: Counter::default(),
            feed_newest: Gauge::default(),
            feed_applied: Gauge::default(),
            audit_records: Counter::default(),
            audit_dropped: Counter::default(),
            audit_queue: Gauge::default(),
            audit_spool_bytes: Gauge::default(),
            options_refused: Gauge::default(),
            resident_bytes: Gauge::default(),
        };
        for how in [
            Asked::Active,
            Asked::Inactive,
            Asked::Failed,
            Asked::LeftAlone,
        ] {
            // Told from the start on: what comes out of nothing has no rate.
            let outcome = how.word();
            drop(counted.asked.get_or_create(&Ending { outcome }));
        }
        let mut names = Names(registry);
        names.add(
            "introspections",
            "Questions about login tokens",
            &counted.asked,
        );
        names.add(
            "introspection_duration_seconds",
            "Time until a question was answered, or was given up",
            &counted.took,
        );
        names.add(
            "feed_events",
            "Events of the control feed that were read",
            &counted.feed_events,
        );
        names.add(
            "feed_connections",
            "Connections of the control feed that were begun",
            &counted.feed_connections,
        );
        names.add(
            "feed_newest_event",
            "Id of the newest event of the control feed that was read",
            &counted.feed_newest,
        );
        names.add(
            "feed_applied_event",
            "Id of the newest event whose effects are all carried out",
            &counted.feed_applied,
        );
        names.add(
            "audit_records",
            "Records of the audit log that were written",
            &counted.audit_records,
        );
        names.add(
            "audit_records_dropped",
            "Records of the audit log that were lost",
            &counted.audit_dropped,
        );
        names.add(
            "audit_queue_records",
            "Records that wait to be written",
            &counted.audit_queue,
        );
        names.add(
            "audit_spool_bytes",
            "Bytes of the audit log that wait to be sent",
            &counted.audit_spool_bytes,
        );
        names.add(
            "options_refused",
            "1 when the options file or the credentials were bad at the last SIGHUP",
            &counted.options_refused,
        );
        names.add(
            "process_resident_memory_bytes",
            "Memory of the broker's process, plugin included",
            &counted.resident_bytes,
        );
        counted
    }

    /// Books a question.
    pub fn asked(&self, how: Asked, took: Duration) {
        let outcome = how.word();
        self.asked.get_or_create(&Ending { outcome }).inc();
        if how != Asked::LeftAlone {
            self.took.observe(took.as_secs_f64());
        }
    }
}

struct Names<'r>(&'r mut Registry);

impl Names<'_> {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: &M) {
        self.0.register(name, help, metric.clone());
    }
}

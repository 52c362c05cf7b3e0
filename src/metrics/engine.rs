//! The engine's figures as metrics. The broker's thread shares them now and then; they are told as they stood last.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::lock;
use crate::engine::{Decisions, Figures};

/// What the broker's thread shares.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    /// What the engine has counted and holds.
    pub figures: Figures,
    /// How long some of its decisions took.
    pub times: DecisionTimes,
}

/// How long decisions took, of one in many.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecisionTimes {
    within: [u64; BOUNDS_NS.len()],
    count: u64,
    sum: Duration,
}

/// Upper bounds of the buckets.
const BOUNDS_NS: [u64; 11] = [
    100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000, 10_000_000,
];

impl DecisionTimes {
    /// Books one.
    pub fn book(&mut self, took: Duration) {
        self.count += 1;
        self.sum += took;
        let buckets = self.within.iter_mut().zip(BOUNDS_NS);
        for (bucket, bound) in buckets {
            if took <= Duration::from_nanos(bound) {
                *bucket += 1;
                return;
            }
        }
    }

    /// Upper bounds in seconds, and how many lie in each bucket alone.
    fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS_NS
            .iter()
            .map(|ns| Duration::from_nanos(*ns).as_secs_f64());
        let mut buckets: Vec<(f64, u64)> = bounds.zip(self.within).collect();
        let counted: u64 = self.within.iter().sum();
        buckets.push((f64::INFINITY, self.count.saturating_sub(counted)));
        buckets
    }
}

/// Tells them at each scrape.
pub(super) struct Collector {
    shared: Arc<Mutex<Shared>>,
    versions: Vec<(&'static str, String)>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("engine")
    }
}

impl Collector {
    pub(super) fn new(
        shared: Arc<Mutex<Shared>>,
        versions: &[(&'static str, String)],
    ) -> Collector {
        Collector {
            shared,
            versions: versions.to_vec(),
        }
    }
}

impl prometheus_client::collector::Collector for Collector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Shared { figures, times } = lock(&self.shared);
        let mut sheet = Sheet(encoder);
        sheet.info("build", "Which version this is", &self.versions)?;
        tell_counts(&mut sheet, &figures)?;
        tell_state(&mut sheet, &figures)?;
        sheet.histogram(
            "decision_duration_seconds",
            "How long a decision about a message or a subscription took, of one in 1,024",
            &times,
        )
    }
}

fn tell_counts(sheet: &mut Sheet<'_>, figures: &Figures) -> fmt::Result {
    let counts = &figures.counts;
    let granted = [
        ("announcement", counts.granted_announced),
        ("introspection", counts.granted_introspected),
    ];
    let granted = granted.map(|(via, n)| ([("via", via)], n));
    sheet.counters(
        "logins_granted",
        "Logins let in, by how the token was known",
        &granted,
    )?;
    let refused = counts.refused.iter();
    let refused: Vec<_> = refused.map(|(why, n)| ([("reason", *why)], *n)).collect();
    sheet.counters("logins_refused", "Logins refused", &refused)?;
    let tokens = counts.tokens;
    let found = [
        ("good", tokens.good),
        ("bad", tokens.bad),
        ("unknown", tokens.unknown),
    ];
    let found = found.map(|(found, n)| ([("found", found)], n));
    sheet.counters(
        "token_lookups",
        "Look-ups of login tokens among those known",
        &found,
    )?;
    sheet.counter(
        "logouts",
        "Connections of logged-in clients that have ended",
        counts.logouts,
    )?;
    sheet.counter("notices", "Notices that went out", counts.notices)?;
    sheet.counter(
        "waiting_notices_left_out",
        "How often a notice for an absent device found no room among those that are kept over restarts",
        figures.waiting_notices_left_out,
    )?;
    sheet.counter(
        "feed_losses",
        "How often events of the control feed were lost",
        counts.feed_lost,
    )?;
    let text =
        "Time for which the broker's thread has waited for the static service (Mosquitto 2.0)";
    sheet.seconds("stall_seconds", text, counts.stalled)?;
    let text = "Deliveries and publishes allowed without reading a name anew";
    sheet.counter("decisions_at_a_glance", text, counts.decisions.at_a_glance)?;
    let mut decisions = Vec::new();
    for (kind, [yes, no]) in Decisions::KINDS.into_iter().zip(counts.decisions.each) {
        decisions.push(([("access", kind), ("ruling", "allowed")], yes));
        decisions.push(([("access", kind), ("ruling", "denied")], no));
    }
    sheet.counters(
        "decisions",
        "All other decisions about messages and subscriptions",
        &decisions,
    )
}

fn tell_state(sheet: &mut Sheet<'_>, figures: &Figures) -> fmt::Result {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    for (name, text, value) in [
        (
            "sessions",
            "Connections that are logged in",
            number(figures.sessions),
        ),
        (
            "pending_logins",
            "Logins that wait for the static service (Mosquitto 2.1)",
            number(figures.pending_logins),
        ),
        (
            "known_tokens",
            "Login tokens remembered",
            number(figures.known_tokens),
        ),
        (
            "directory_users",
            "Users in the directory",
            number(figures.users),
        ),
        (
            "directory_groups",
            "Groups in the directory",
            number(figures.groups),
        ),
        (
            "directory_complete",
            "1 when the directory holds every user there is",
            i64::from(figures.is_complete),
        ),
        (
            "policy_rules",
            "Rules of the policy file in force",
            number(figures.rules),
        ),
        (
            "waiting_notices",
            "Notices that are kept over restarts for absent devices, counted for each device",
            number(figures.waiting_notices),
        ),
        (
            "retained_notices",
            "Topics whose retained notice is kept over restarts",
            number(figures.retained_notices),
        ),
        (
            "feed_live",
            "1 when the control feed is connected and caught up",
            i64::from(figures.feed_live),
        ),
        (
            "static_service_reachable",
            "0 when the circuit breaker is open: unknown tokens are refused",
            i64::from(figures.reachable),
        ),
        (
            "shadow_mode",
            "1 when nothing is enforced: refusals only say what would be refused",
            i64::from(figures.shadow),
        ),
    ] {
        sheet.gauge(name, text, value)?;
    }
    Ok(())
}

struct Sheet<'e>(DescriptorEncoder<'e>);

impl Sheet<'_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn seconds(&mut self, name: &str, help: &str, value: Duration) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value.as_secs_f64(), None)
    }

    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: &[(L, u64)],
    ) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in rows {
            let mut row = metric.encode_family(labels)?;
            row.encode_counter::<NoLabelSet, _, u64>(value, None)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: i64) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn info(&mut self, name: &str, help: &str, labels: &[(&'static str, String)]) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Info)?;
        metric.encode_info(&labels)
    }

    fn histogram(&mut self, name: &str, help: &str, times: &DecisionTimes) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Histogram)?;
        let sum = times.sum.as_secs_f64();
        metric.encode_histogram::<NoLabelSet>(sum, times.count, &times.buckets(), None)
    }
}

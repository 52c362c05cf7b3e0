//! What was measured, as JSON.

use serde_json::{Value, json};

use super::measured::{Row, Step};
use super::paper;
use crate::fleet::{Cores, Logins, Talk};
use crate::report::quantiles;

/// A row.
pub(super) fn row_json(row: &Row) -> Value {
    let paper = paper::of(row.users);
    json!({
        "users": row.users,
        "paper": paper.map(|p| json!({"loss_percent": p.loss_percent, "delay_s": p.delay_s})),
        "warm": logins_json(&row.warm), "cold": logins_json(&row.cold),
        "cold_all_s_extrapolated": row.cold_s(),
        "messages": talk_json(&row.talk),
        "login_cores": cores_json(&row.login_cores), "message_cores": cores_json(&row.talk_cores),
        "brokers_peak_bytes": row.peaks.brokers_bytes, "service_peak_bytes": row.peaks.service_bytes,
    })
}

/// A rate that was tried.
pub(super) fn step_json(step: &Step) -> Value {
    json!({
        "sent_per_s": step.per_second, "is_well": step.is_well(), "messages": talk_json(&step.talk),
        "cores": cores_json(&step.cores),
    })
}

fn logins_json(logins: &Logins) -> Value {
    json!({
        "done": logins.done, "failed": logins.failed, "retries": logins.retries, "why": logins.why,
        "took_s": logins.took.as_secs_f64(), "per_s": logins.per_second(), "latency": quantiles(&logins.latency),
    })
}

fn talk_json(talk: &Talk) -> Value {
    let [at_most_once, at_least_once] = &talk.latency;
    json!({
        "sent": talk.sent, "due": talk.counts.due, "lost": talk.counts.lost, "duplicated": talk.counts.duplicated,
        "stray": talk.counts.stray, "ended": talk.ended, "loss_percent": talk.counts.loss_percent(),
        "latency": quantiles(&talk.all()), "latency_qos0": quantiles(at_most_once),
        "latency_qos1": quantiles(at_least_once), "lag": quantiles(&talk.lag),
    })
}

fn cores_json(cores: &Cores) -> Value {
    json!({
        "brokers": cores.brokers, "busiest_broker": cores.busiest_broker, "service": cores.service,
        "load": cores.load,
    })
}

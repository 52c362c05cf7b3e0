//! What is told, and that documentation, dashboard and alerts speak of the same.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

const DOCUMENT: &str = include_str!("../../docs/metrics.md");
const USERS: [(&str, &str); 2] = [
    (
        "dashboard",
        include_str!("../../mosquitto-conf/grafana-dashboard.json"),
    ),
    (
        "alerts",
        include_str!("../../mosquitto-conf/prometheus-alerts.yml"),
    ),
];
const PREFIX: &str = "enterprise_push_";

fn metrics() -> (Metrics, Arc<Mutex<Shared>>) {
    let shared = Arc::<Mutex<Shared>>::default();
    let metrics = Metrics::new(Arc::clone(&shared), &[("version", "1.2.3".to_owned())]);
    (metrics, shared)
}

/// The names that are told, without the prefix, as PromQL knows them.
fn told() -> BTreeSet<String> {
    let text = metrics().0.encode().unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let name = name.strip_prefix(PREFIX).unwrap();
            match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            }
        })
        .collect()
}

#[test]
fn each_metric_is_documented_and_each_documented_one_is_told() {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `"));
    let metrics = rows.take_while(|line| !line.contains("logins/announced"));
    let documented: BTreeSet<String> = metrics
        .flat_map(|row| {
            let cell = row.split('|').nth(1).unwrap();
            cell.split('`').skip(1).step_by(2).map(str::to_owned)
        })
        .collect();
    assert_eq!(told(), documented);
}

#[test]
fn dashboard_and_alerts_ask_for_what_is_told() {
    let told = told();
    for (user, text) in USERS {
        let mut asked = 0;
        for (at, _) in text.match_indices(PREFIX) {
            let rest = &text[at + PREFIX.len()..];
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let name = &rest[..end.unwrap_or(rest.len())];
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name);
            assert!(told.contains(name), "{user}: {name}");
            asked += 1;
        }
        assert!(asked > 5, "{user}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(USERS[0].1).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}

#[test]
fn figures_are_told_as_they_were_shared_last() {
    let (metrics, shared) = metrics();
    {
        let mut shared = shared.lock().unwrap();
        shared.figures.sessions = 7;
        shared.figures.counts.refused.insert("expired", 3);
        shared.figures.counts.stalled = Duration::from_millis(1500);
        shared.times.book(Duration::from_nanos(150));
        shared.times.book(Duration::from_secs(100));
    }
    metrics
        .counted
        .asked(Asked::Active, Duration::from_millis(3));
    metrics.counted.asked(Asked::LeftAlone, Duration::ZERO);
    let text = metrics.encode().unwrap();
    for line in [
        "enterprise_push_build_info{version=\"1.2.3\"} 1",
        "enterprise_push_sessions 7",
        "enterprise_push_logins_refused_total{reason=\"expired\"} 3",
        "enterprise_push_logins_granted_total{via=\"announcement\"} 0",
        "enterprise_push_stall_seconds_total 1.5",
        "enterprise_push_decision_duration_seconds_bucket{le=\"2e-7\"} 1",
        "enterprise_push_decision_duration_seconds_bucket{le=\"+Inf\"} 2",
        "enterprise_push_introspections_total{outcome=\"left_alone\"} 1",
        "enterprise_push_introspection_duration_seconds_count 1",
    ] {
        assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

//! Tests of the tables.

use std::time::Duration;

use super::super::charts;
use super::*;
use crate::fleet::{Cores, Counts};

fn row(users: u32, lost: u64) -> Row {
    let mut row = Row {
        users,
        ..Row::default()
    };
    row.warm.done = u64::from(users);
    row.warm.took = Duration::from_secs(10);
    row.cold.done = 200;
    row.cold.took = Duration::from_secs(4);
    row.talk.counts = Counts {
        due: [0, 200],
        lost: [0, lost],
        ..Counts::default()
    };
    let [_, acknowledged] = &mut row.talk.latency;
    acknowledged.record(Duration::from_millis(4));
    row
}

fn report(lost: u64) -> Table3Report {
    Table3Report {
        setting: "A setting.".to_owned(),
        rows: vec![row(300, 0), row(35_000, lost)],
        steps: Vec::new(),
    }
}

fn step(per_second: u32, ms: u64, lost: u64) -> Step {
    let Row { mut talk, .. } = row(300, lost);
    let [_, acknowledged] = &mut talk.latency;
    acknowledged.record(Duration::from_millis(ms));
    Step {
        per_second,
        talk,
        cores: Cores::default(),
    }
}

#[test]
fn the_papers_figures_stand_beside_its_rows_alone() {
    let text = report(1).markdown();
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
    let ours = "| 35000 | 0.50 | 5.83 | 4.00 | 4.00 | 4.00 | 4400 | 0 | 200 | 1 |";
    assert!(line("| 35000").starts_with(ours), "{text}");
    assert!(
        line("| 300").starts_with("| 300 | 0.00 |  | 4.00 |"),
        "{text}"
    );
    assert!(!text.contains("### The limit"));
}

#[test]
fn cold_logins_of_all_are_extrapolated_from_the_few() {
    assert_eq!(row(35_000, 0).cold_s(), Some(700.0));
    assert_eq!(Row::default().cold_s(), None);
    assert!(report(0).markdown().contains("| 700 |"));
}

#[test]
fn loss_failures_and_ended_connections_are_complained_of_and_time_is_not() {
    assert!(report(0).complaints().is_empty());
    let mut report = report(2);
    let last = report.rows.last_mut().unwrap();
    last.warm.failed = 3;
    last.warm.why = Some("u000001@e000: 401".to_owned());
    last.talk.ended = 1;
    last.talk.counts.stray = 4;
    // At QoS 0 it may be.
    last.talk.counts.lost = [9, 2];
    let want = [
        "35000 users: 2 messages of QoS 1 lost",
        "35000 users: 4 messages to somebody else",
        "35000 users: 1 connections ended",
        "35000 users: 3 did not get in: u000001@e000: 401",
    ];
    assert_eq!(report.complaints(), want);
}

#[test]
fn the_limit_is_the_highest_rate_without_loss_and_within_a_second() {
    let mut report = report(0);
    report.steps = vec![step(2000, 5, 0), step(4000, 5, 0), step(8000, 3000, 0)];
    assert!(!step(4000, 5, 1).is_well());
    let said = report.limit();
    assert!(said.starts_with("4000/s went well. At 8000/s"), "{said}");
    assert!(report.markdown().contains("### The limit"));
    assert!(report.complaints().is_empty());
}

#[test]
fn csv_has_a_line_a_row_and_json_the_curves() {
    let report = report(0);
    let csv = report.csv();
    let commas: Vec<usize> = csv.lines().map(|l| l.matches(',').count()).collect();
    assert_eq!(commas, [25, 25, 25]);
    let json = report.json(&[]);
    assert_eq!(json["table3"][1]["paper"]["delay_s"], 4.4);
    let curves = json["series"].as_array().unwrap();
    let of = |name: &str| curves.iter().find(|s| s["name"] == name).unwrap();
    assert_eq!(of("p99 delay s")["points"].as_array().unwrap().len(), 2);
    assert_eq!(of("paper's delay s")["points"].as_array().unwrap().len(), 9);
}

#[test]
fn rows_are_drawn_with_the_papers_curves_beside_ours() {
    let folder = tempfile::tempdir().unwrap();
    charts::write(&report(3), folder.path()).unwrap();
    for (name, curves) in [
        ("table3-delay", ["p99 delay s", "paper&apos;s delay s"]),
        ("table3-loss", ["loss %", "paper&apos;s loss %"]),
        (
            "table3-login",
            ["warm login of all s", "cold login of all s"],
        ),
    ] {
        let svg = std::fs::read_to_string(folder.path().join(format!("{name}.svg"))).unwrap();
        for curve in curves {
            let plain = svg.replace("&#39;", "&apos;").replace('\'', "&apos;");
            assert!(plain.contains(curve), "{name}: {curve}");
        }
        assert!(folder.path().join(format!("{name}.png")).exists());
    }
}

//! How costs and verdicts are told.

use super::*;
use crate::scaling::stand::Cost;
use crate::scaling::talk::Talked;

fn entry(size: u32, round: u32, subject: Subject, login_us: f64) -> Entry {
    let talked = Talked {
        delivered: 400,
        ..Talked::default()
    };
    Entry {
        dimension: Dimension::Online,
        size,
        round,
        subject,
        cost: Cost {
            login_us,
            message_us: 2.0,
            failed_logins: 0,
            talked,
        },
    }
}

/// Three sizes, two rounds; the plugin's login costs a microsecond more for each ten users.
fn report() -> ScalingReport {
    let mut report = ScalingReport {
        broker: "2.1.2".to_owned(),
        rounds: 2,
        dimensions: vec![Dimension::Online],
        entries: Vec::new(),
    };
    for round in 1..=2 {
        // Sizes come in any order.
        for size in [1000, 10, 100] {
            let more = f64::from(round);
            report.push(entry(size, round, Subject::Bare, 20.0 * more));
            let plugin = (20.0 + f64::from(size) / 10.0) * more;
            report.push(entry(size, round, Subject::Plugin, plugin));
        }
    }
    report
}

#[test]
fn ratios_are_of_the_same_round_and_sizes_in_order() {
    let text = report().markdown();
    let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("| 10")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1].starts_with(
            "| 100 | 30.00 (20.00 to 40.00) | 45.00 (30.00 to 60.00) | 1.50 (1.50 to 1.50) |"
        ),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("| 1000 | "));
}

#[test]
fn every_curve_has_its_verdict() {
    let text = report().markdown();
    let verdict = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        line.split("**").nth(1).unwrap().to_owned()
    };
    assert_eq!(verdict("| users online | login | bare"), "flat");
    assert_eq!(verdict("| users online | login | plugin"), "linear");
    assert_eq!(verdict("| users online | message | plugin"), "flat");
    let json = report().json(&[]);
    assert_eq!(json["curves"].as_array().unwrap().len(), 4);
    assert_eq!(json["curves"][1]["fit"]["verdict"], "linear");
    assert_eq!(json["curves"][1]["places"][0]["rounds_us"][1], 42.0);
}

#[test]
fn csv_has_a_line_for_each_broker_that_ran() {
    let csv = report().csv();
    assert_eq!(csv.lines().count(), 1 + 12);
    assert!(csv.contains("\n2.1.2,online,10,1,plugin,21.000,2.000,400,0,0,0\n"));
}

#[test]
fn lost_messages_and_failed_logins_are_complaints() {
    let mut report = report();
    assert!(report.complaints().is_empty());
    let mut bad = entry(10, 3, Subject::Plugin, 20.0);
    (bad.cost.talked.lost, bad.cost.failed_logins) = (7, 1);
    report.push(bad);
    assert_eq!(
        report.complaints(),
        [
            "10 users online, plugin, round 3: 7 messages lost",
            "10 users online, plugin, round 3: 1 logins failed"
        ]
    );
}

//! What a report says of rows that are known.

use super::*;

fn row(subject: &'static str, phase: &str, p99_ms: u64) -> Row {
    let mut traffic = Traffic {
        sent: 1,
        ..Traffic::default()
    };
    traffic.latency[0].record(Duration::from_millis(p99_ms));
    Row {
        broker: "2.1.2".to_owned(),
        subject,
        phase: phase.to_owned(),
        traffic,
        logins: Vec::new(),
        asked: 0,
        asked_peak: 0,
        cores: 0.0,
        rss_bytes: 0,
    }
}

#[test]
fn ratios_are_to_the_quiet_phase_of_subject_and_of_bare() {
    let report = Report {
        rows: vec![
            row("bare", QUIET, 10),
            row("plugin", QUIET, 20),
            row("plugin", "storm", 40),
        ],
        ..Report::default()
    };
    let near = |got: Option<f64>, want: f64| (got.unwrap() - want).abs() < 0.02;
    assert!(near(report.ratio(&report.rows[2], "plugin"), 2.0));
    assert!(near(report.ratio(&report.rows[2], "bare"), 4.0));
    assert_eq!(report.ratio(&report.rows[2], "blocking"), None);
    let csv = report.csv();
    let columns: Vec<usize> = csv.lines().map(|l| l.split(',').count()).collect();
    assert_eq!(columns, [columns[0]; 4]);
}

#[test]
fn smoke_complains_of_losses_failures_and_forgeries_never_of_time() {
    let mut slow = row("plugin", "storm", 60_000);
    assert_eq!(slow.complaints(), Vec::<String>::new());
    slow.traffic.lost = 2;
    let all_in = Logins {
        begun: 3,
        retried: 3,
        ..Logins::default()
    };
    let failed = Logins {
        begun: 3,
        first_try: 2,
        ..Logins::default()
    };
    let one_in = Logins {
        begun: 3,
        first_try: 1,
        ..Logins::default()
    };
    slow.logins = vec![
        ("announced", all_in),
        ("unknown", failed),
        ("forged", one_in),
    ];
    let complaints = slow.complaints().join("\n");
    for part in ["2 messages lost", "unknown: 2 let in", "forged: 1 let in"] {
        assert!(complaints.contains(part), "{complaints}");
    }
    assert!(!complaints.contains("announced"));
}

//! What the static service carried, as tables.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::StaticArgs;
use super::receipts::Tally;
use crate::findings::Findings;
use crate::installation::load::Load;
use crate::process::Usage;
use crate::report::{ms, quantiles};
use crate::stats::Latencies;

/// All of it.
#[derive(Debug)]
pub(crate) struct StaticReport {
    storage: &'static str,
    rows: Vec<Row>,
    checks: Vec<Check>,
}

/// One thing that was measured.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) work: &'static str,
    pub(super) what: String,
    pub(super) replicas: usize,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) per_second: Option<f64>,
    pub(super) latency: Latencies,
    /// This side's own part of the latency, in open loop.
    pub(super) lag: Latencies,
    /// Processor time of all replicas together, in cores; none where it is another row's too.
    pub(super) cores: Option<f64>,
    /// Processor time for each thing done, in microseconds.
    pub(super) cpu_us: Option<f64>,
    /// The most memory of each replica.
    pub(super) peaks_bytes: Vec<u64>,
}

/// Something that must be so, counted.
#[derive(Debug)]
struct Check {
    work: &'static str,
    what: &'static str,
    wrong: u64,
    of: u64,
}

impl Row {
    /// What a load came to, and what the replicas used for it.
    pub(super) fn new(
        work: &'static str,
        what: impl Into<String>,
        load: &Load,
        before: &[Usage],
        after: &[Usage],
    ) -> Row {
        let cpu_s = |usage: &[Usage]| usage.iter().map(|u| u.cpu_s).sum::<f64>();
        let used_s = cpu_s(after) - cpu_s(before);
        Row {
            work,
            what: what.into(),
            replicas: after.len(),
            done: load.done,
            failed: load.failed,
            per_second: Some(load.per_second()),
            latency: load.latency.clone(),
            lag: load.lag.clone(),
            cores: Some(used_s / load.took.as_secs_f64().max(1e-9)),
            cpu_us: (load.done > 0).then(|| used_s * 1e6 / load.done as f64),
            peaks_bytes: after.iter().map(|u| u.peak_bytes).collect(),
        }
    }

    /// Something that has a duration and no more.
    pub(super) fn of_latency(
        work: &'static str,
        what: impl Into<String>,
        replicas: usize,
        latency: &Latencies,
    ) -> Row {
        Row {
            work,
            what: what.into(),
            replicas,
            done: latency.count(),
            latency: latency.clone(),
            ..Row::default()
        }
    }

    fn peaks_mib(&self) -> String {
        let mib = |bytes: &u64| format!("{:.1}", *bytes as f64 / f64::from(1 << 20));
        self.peaks_bytes
            .iter()
            .map(mib)
            .collect::<Vec<_>>()
            .join(" + ")
    }

    /// What both tables have in common.
    fn cells(&self) -> [String; 9] {
        let shown = |value: Option<f64>, digits: usize| {
            value.map_or(String::new(), |value| format!("{value:.digits$}"))
        };
        [
            self.done.to_string(),
            self.failed.to_string(),
            shown(self.per_second, 0),
            ms(self.latency.quantile_ms(0.5)),
            ms(self.latency.quantile_ms(0.99)),
            ms(self.latency.max_ms()),
            ms(self.lag.quantile_ms(0.99)),
            shown(self.cores, 2),
            shown(self.cpu_us, 0),
        ]
    }
}

impl StaticReport {
    pub(super) fn new(args: &StaticArgs) -> StaticReport {
        StaticReport {
            storage: args.storage(),
            rows: Vec::new(),
            checks: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Something that must never be; `of` says how often it could have been.
    pub(super) fn check(&mut self, work: &'static str, what: &'static str, wrong: u64, of: u64) {
        self.checks.push(Check {
            work,
            what,
            wrong,
            of,
        });
    }

    /// What must never be of announcements.
    pub(super) fn check_tally(&mut self, work: &'static str, tally: &Tally) {
        for (what, wrong) in [
            ("announcements lost", tally.lost),
            ("announcements doubled", tally.doubled),
            ("announcements out of order", tally.disordered),
        ] {
            self.check(work, what, wrong, tally.wanted);
        }
    }

    /// A work as lines of progress.
    pub(super) fn brief(&self, work: &str) -> String {
        let rows = self.rows.iter().filter(|row| row.work == work);
        let line = |row: &Row| {
            let p99 = ms(row.latency.quantile_ms(0.99));
            format!(
                "{}: {} done, {} failed, p99 {p99} ms",
                row.what, row.done, row.failed
            )
        };
        rows.map(line).collect::<Vec<_>>().join("; ")
    }
}

impl Findings for StaticReport {
    fn markdown(&self) -> String {
        let mut text = format!(
            "### The static service on {}\n\n\
             Milliseconds to the whole answer: from the intended time where questions come at fixed times, else from sending; `lag`: p99 from the intended \
             time to the write, which is the bench's own part and the waiting for the connection's former answer. `cores`, `CPU us`: processor time of all replicas together, and for each request; `peak MiB`: \
             the most memory of each replica. The database's own processes, if it has any, are not in it.\n\n\
             | work | what | replicas | done | failed | per second | p50 | p99 | max | lag | cores | CPU us | peak MiB |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
            self.storage,
        );
        for row in &self.rows {
            let (cells, replicas) = (row.cells().join(" | "), row.replicas);
            let (work, what, peaks) = (row.work, &row.what, row.peaks_mib());
            let _ = writeln!(text, "| {work} | {what} | {replicas} | {cells} | {peaks} |");
        }
        text.push_str("\n| work | must not be | times | of |\n|---|---|---|---|\n");
        for Check {
            work,
            what,
            wrong,
            of,
        } in &self.checks
        {
            let _ = writeln!(text, "| {work} | {what} | {wrong} | {of} |");
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = String::from(
            "storage,work,what,replicas,done,failed,per_s,p50_ms,p99_ms,max_ms,lag_p99_ms,cores,cpu_us,peak_bytes\n",
        );
        for row in &self.rows {
            let peak: u64 = row.peaks_bytes.iter().sum();
            let (storage, cells) = (self.storage, row.cells().join(","));
            let (work, what, replicas) = (row.work, &row.what, row.replicas);
            let _ = writeln!(
                text,
                "{storage},{work},\"{what}\",{replicas},{cells},{peak}"
            );
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let row = |row: &Row| {
            json!({
                "work": row.work, "what": row.what, "replicas": row.replicas, "done": row.done,
                "failed": row.failed, "per_s": row.per_second, "latency": quantiles(&row.latency),
                "lag": quantiles(&row.lag), "cores": row.cores, "cpu_us": row.cpu_us,
                "peaks_bytes": row.peaks_bytes,
            })
        };
        let check =
            |c: &Check| json!({"work": c.work, "what": c.what, "times": c.wrong, "of": c.of});
        json!({
            "head": head.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "storage": self.storage,
            "static": self.rows.iter().map(row).collect::<Vec<_>>(),
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
        })
    }

    fn complaints(&self) -> Vec<String> {
        let failed = self.rows.iter().filter(|row| row.failed > 0);
        let failed = failed.map(|row| {
            let all = row.done + row.failed;
            format!("{}: {}: {} of {all} failed", row.work, row.what, row.failed)
        });
        let wrong = self.checks.iter().filter(|check| check.wrong > 0);
        let wrong = wrong.map(|c| format!("{}: {} {} of {}", c.work, c.wrong, c.what, c.of));
        failed.chain(wrong).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(failed: u64, lost: u64) -> StaticReport {
        let mut load = Load {
            done: 500,
            failed,
            took: Duration::from_secs(2),
            ..Load::default()
        };
        load.latency.record(Duration::from_millis(4));
        let usage = |cpu_s, peak_bytes| Usage {
            cpu_s,
            peak_bytes,
            ..Usage::default()
        };
        let before = [usage(1.0, 1 << 20), usage(2.0, 1 << 20)];
        let after = [usage(1.5, 3 << 20), usage(2.5, 5 << 20)];
        let mut report = StaticReport {
            storage: "SQLite",
            rows: Vec::new(),
            checks: Vec::new(),
        };
        report.row(Row::new(
            "refresh",
            "by refresh token",
            &load,
            &before,
            &after,
        ));
        report.row(Row::of_latency("feed", "lag", 2, &load.latency));
        report.check("refresh", "announcements lost", lost, 500);
        report
    }

    #[test]
    fn rates_processor_time_and_memory_are_of_all_replicas() {
        let text = report(0, 0).markdown();
        let line = text
            .lines()
            .find(|l| l.contains("by refresh token"))
            .unwrap();
        let wanted = "| 2 | 500 | 0 | 250 | 4.00 | 4.00 | 4.00 |  | 0.50 | 2000 | 3.0 + 5.0 |";
        assert!(line.ends_with(wanted), "{line}");
        let json = report(0, 0).json(&[]);
        assert_eq!(json["static"][0]["peaks_bytes"], json!([3 << 20, 5 << 20]));
        assert_eq!(json["static"][1]["per_s"], Value::Null);
        let csv = report(0, 0).csv();
        let commas = |line: &str| line.matches(',').count();
        assert!(
            csv.lines()
                .all(|line| commas(line) == commas(csv.lines().next().unwrap()))
        );
        assert_eq!(csv.lines().count(), 3);
    }

    #[test]
    fn failures_and_losses_are_complained_of_and_time_is_not() {
        assert!(report(0, 0).complaints().is_empty());
        let complaints = report(2, 3).complaints();
        assert_eq!(
            complaints,
            [
                "refresh: by refresh token: 2 of 502 failed",
                "refresh: 3 announcements lost of 500"
            ]
        );
    }
}

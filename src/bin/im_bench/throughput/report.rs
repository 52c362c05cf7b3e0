//! What the rivals carried, as tables.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{ThroughputArgs, Work};
use crate::findings::Findings;
use crate::report::middle_half;
use crate::rivals::Rival;

/// One work of one rival in one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    /// Messages received a second.
    pub(crate) per_second: f64,
    /// The broker's processor time, in cores.
    pub(crate) cores: f64,
    /// The broker's processor time for each message received, in microseconds.
    pub(crate) cpu_us: f64,
    /// Messages that never arrived.
    pub(crate) lost: u64,
}

#[derive(Debug)]
struct Entry {
    broker: String,
    work: Work,
    round: u32,
    rival: Rival,
    cell: Cell,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct ThroughputReport {
    rivals: Vec<Rival>,
    works: Vec<Work>,
    subscribers: u32,
    entries: Vec<Entry>,
}

/// One line of the table: a rival's rounds, and the rounds of the bare broker beside them.
struct Line<'a> {
    broker: &'a str,
    work: Work,
    rival: Rival,
    /// Of each round, with the bare broker's in the same round.
    rounds: Vec<(Cell, Option<Cell>)>,
}

impl ThroughputReport {
    pub(super) fn new(args: &ThroughputArgs) -> ThroughputReport {
        ThroughputReport {
            rivals: args.rivals.clone(),
            works: args.works.clone(),
            subscribers: args.subscribers,
            entries: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, broker: &str, work: Work, round: u32, rival: Rival, cell: Cell) {
        self.entries.push(Entry {
            broker: broker.to_owned(),
            work,
            round,
            rival,
            cell,
        });
    }

    /// A work as one line of progress.
    pub(super) fn brief(&self, broker: &str, work: Work) -> String {
        let lines = self.lines().into_iter();
        let of_it = lines.filter(|l| l.broker == broker && l.work == work);
        let parts = of_it.map(|line| {
            let per_second = middle_half(&line.values(|c| c.per_second), 0);
            let ratio = middle_half(&line.ratios(|c| c.per_second), 3);
            format!("{} {per_second}/s, x bare {ratio}", line.rival.name())
        });
        format!("{}: {}", work.name(), parts.collect::<Vec<_>>().join("; "))
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let mut brokers: Vec<&str> = self.entries.iter().map(|e| e.broker.as_str()).collect();
        brokers.dedup();
        let mut lines = Vec::new();
        for broker in brokers {
            for work in &self.works {
                for rival in &self.rivals {
                    let rounds = self.rounds(broker, *work, *rival);
                    let (work, rival) = (*work, *rival);
                    lines.push(Line {
                        broker,
                        work,
                        rival,
                        rounds,
                    });
                }
            }
        }
        lines
    }

    fn rounds(&self, broker: &str, work: Work, rival: Rival) -> Vec<(Cell, Option<Cell>)> {
        let of = |rival, round: Option<u32>| {
            self.entries.iter().filter(move |e| {
                let same = e.broker == broker && e.work == work && e.rival == rival;
                same && round.is_none_or(|round| e.round == round)
            })
        };
        of(rival, None)
            .map(|entry| {
                let bare = of(Rival::Bare, Some(entry.round)).next();
                (entry.cell, bare.map(|bare| bare.cell))
            })
            .collect()
    }
}

impl Line<'_> {
    fn values(&self, value: impl Fn(&Cell) -> f64) -> Vec<f64> {
        self.rounds.iter().map(|(cell, _)| value(cell)).collect()
    }

    /// Against the bare broker in the same round.
    fn ratios(&self, value: impl Fn(&Cell) -> f64) -> Vec<f64> {
        let both = self.rounds.iter();
        both.filter_map(|(cell, bare)| Some(value(cell) / value(bare.as_ref()?)))
            .collect()
    }

    fn lost(&self) -> u64 {
        self.rounds.iter().map(|(cell, _)| cell.lost).sum()
    }
}

impl Findings for ThroughputReport {
    fn markdown(&self) -> String {
        let mut text = format!(
            "### Messages a second\n\n\
             As received, 64 bytes of data and our header; closed loop with a window. Fan-out: deliveries to {} subscribers. Median (quarter to \
             three quarters) of {} rounds, in each of which the rivals take turns; `x bare` is against the bare broker in the same round. Each broker has a core \
             of its own while it is measured, and the load has the others. `cores`: its processor time; near 1.00 the broker is what limits.\n\n\
             | broker | work | rival | messages/s | x bare | CPU us a message | x bare | cores | lost |\n\
             |---|---|---|---|---|---|---|---|---|\n",
            self.subscribers,
            self.entries.iter().map(|e| e.round).max().unwrap_or(0),
        );
        for line in self.lines() {
            let cells = [
                line.broker.to_owned(),
                line.work.name().to_owned(),
                line.rival.name().to_owned(),
                middle_half(&line.values(|c| c.per_second), 0),
                middle_half(&line.ratios(|c| c.per_second), 3),
                middle_half(&line.values(|c| c.cpu_us), 2),
                middle_half(&line.ratios(|c| c.cpu_us), 3),
                middle_half(&line.values(|c| c.cores), 2),
                line.lost().to_string(),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    fn csv(&self) -> String {
        let mut text =
            String::from("broker,work,rival,round,messages_per_s,cpu_us_per_message,cores,lost\n");
        for entry in &self.entries {
            let cell = &entry.cell;
            let _ = writeln!(
                text,
                "{},\"{}\",{},{},{:.0},{:.3},{:.3},{}",
                entry.broker,
                entry.work.name(),
                entry.rival.name(),
                entry.round,
                cell.per_second,
                cell.cpu_us,
                cell.cores,
                cell.lost
            );
        }
        text
    }

    /// Messages that our plugin lost; what becomes of others' is theirs.
    fn complaints(&self) -> Vec<String> {
        let ours = self.entries.iter().filter(|e| e.rival == Rival::Plugin);
        let lost = ours.filter(|e| e.cell.lost > 0);
        lost.map(|e| {
            let (work, round, lost) = (e.work.name(), e.round, e.cell.lost);
            format!("{}, {work}, round {round}: {lost} messages lost", e.broker)
        })
        .collect()
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let cell = |entry: &Entry| {
            json!({
                "broker": entry.broker, "work": entry.work.name(), "rival": entry.rival.name(), "round": entry.round,
                "messages_per_s": entry.cell.per_second, "cpu_us_per_message": entry.cell.cpu_us,
                "cores": entry.cell.cores, "lost": entry.cell.lost,
            })
        };
        json!({
            "head": head.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "subscribers": self.subscribers,
            "throughput": self.entries.iter().map(cell).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(per_second: f64) -> Cell {
        Cell {
            per_second,
            cores: 1.0,
            cpu_us: 1e6 / per_second,
            lost: 1,
        }
    }

    fn report() -> ThroughputReport {
        let mut report = ThroughputReport {
            rivals: vec![Rival::Bare, Rival::Plugin],
            works: vec![Work::Qos0],
            subscribers: 500,
            entries: Vec::new(),
        };
        for (round, bare, plugin) in [(1, 100.0, 90.0), (2, 200.0, 100.0), (3, 100.0, 80.0)] {
            report.push("2.1.2", Work::Qos0, round, Rival::Bare, cell(bare));
            report.push("2.1.2", Work::Qos0, round, Rival::Plugin, cell(plugin));
        }
        report
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let text = report().markdown();
        let line = text.lines().find(|l| l.contains("| plugin |")).unwrap();
        assert!(
            line.contains("90 (85 to 95) | 0.800 (0.650 to 0.850)"),
            "{line}"
        );
        assert!(line.ends_with("| 1.00 (1.00 to 1.00) | 3 |"), "{line}");
    }

    #[test]
    fn only_what_our_plugin_loses_is_a_complaint() {
        let complaints = report().complaints();
        assert_eq!(complaints.len(), 3, "{complaints:?}");
        assert_eq!(
            complaints[0],
            "2.1.2, 1 to 1, QoS 0, round 1: 1 messages lost"
        );
    }

    #[test]
    fn every_writing_has_every_round() {
        let report = report();
        assert_eq!(report.csv().lines().count(), 7);
        let json = report.json(&[]);
        assert_eq!(json["throughput"].as_array().unwrap().len(), 6);
        assert_eq!(json["throughput"][1]["messages_per_s"], 90.0);
        let brief = report.brief("2.1.2", Work::Qos0);
        assert!(brief.ends_with("x bare 0.800 (0.650 to 0.850)"), "{brief}");
    }
}

//! What a soak has seen, as Markdown, CSV and JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::day::Done;
use super::memory::Memory;
use crate::findings::Findings;

/// One broker's day.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) broker: String,
    pub(super) seconds: u64,
    pub(super) done: Done,
    pub(super) delivered: u64,
    pub(super) kept: u64,
    pub(super) again: u64,
    pub(super) refused: u64,
    pub(super) ended: u64,
    pub(super) wrong: u64,
    pub(super) memory: Memory,
    pub(super) complaints: Vec<String>,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct SoakReport {
    pub(super) seed: u64,
    pub(super) rows: Vec<Row>,
}

impl Row {
    /// Names and numbers, in the order of the table.
    fn figures(&self) -> Vec<(&'static str, u64)> {
        let Done {
            messages,
            forbidden,
            logins,
            takeovers,
            cuts,
            kicks,
            revocations,
            forged,
            subscriptions,
            changes,
            service_kills,
            histories_lost,
            reloads,
            clock_jumps,
            restarts,
        } = self.done;
        let (first, last) = self.memory.ends();
        vec![
            ("seconds", self.seconds),
            ("messages sent", messages),
            ("messages that are forbidden", forbidden),
            ("publishes refused", self.refused),
            ("deliveries", self.delivered),
            ("owed and delivered", self.kept),
            ("delivered again, and marked so", self.again),
            ("logins", logins),
            ("takeovers", takeovers),
            ("lines cut", cuts),
            ("kicks", kicks),
            ("revocations", revocations),
            ("forged tokens", forged),
            ("subscriptions", subscriptions),
            ("connections ended by the broker", self.ended),
            ("changes of the directory", changes),
            ("static service killed", service_kills),
            ("its history lost", histories_lost),
            ("SIGHUP", reloads),
            ("clock jumps", clock_jumps),
            ("restarts of the broker", restarts),
            ("memory at the start, KiB", first / 1024),
            ("memory at the end, KiB", last / 1024),
            ("found wrong", self.wrong),
        ]
    }

    fn growth(&self) -> f64 {
        self.memory.per_hour() / 1024.0
    }
}

impl Findings for SoakReport {
    fn markdown(&self) -> String {
        let mut text = format!("### Soak, seed {}\n\n", self.seed);
        let all: Vec<_> = self.rows.iter().map(Row::figures).collect();
        let brokers: Vec<&str> = self.rows.iter().map(|row| row.broker.as_str()).collect();
        let _ = writeln!(
            text,
            "| | {} |\n|---|{}",
            brokers.join(" | "),
            "---|".repeat(brokers.len())
        );
        let first = all.first().map_or(&[][..], Vec::as_slice);
        for (at, (name, _)) in first.iter().enumerate() {
            let numbers = all.iter().filter_map(|row| row.get(at));
            let numbers: Vec<String> = numbers.map(|(_, number)| number.to_string()).collect();
            let _ = writeln!(text, "| {name} | {} |", numbers.join(" | "));
        }
        let growth: Vec<String> = self
            .rows
            .iter()
            .map(|row| format!("{:.0}", row.growth()))
            .collect();
        let _ = writeln!(
            text,
            "| memory grows by, KiB an hour, once warm | {} |",
            growth.join(" | ")
        );
        text
    }

    fn csv(&self) -> String {
        let mut text = String::from("broker,seed,what,number\n");
        for row in &self.rows {
            for (name, number) in row.figures() {
                let _ = writeln!(text, "{},{},\"{name}\",{number}", row.broker, self.seed);
            }
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let row = |row: &Row| {
            let figures = row
                .figures()
                .into_iter()
                .map(|(name, number)| (name.to_owned(), number.into()));
            let figures: serde_json::Map<String, Value> = figures.collect();
            json!({
                "broker": row.broker, "figures": figures, "memory_kib_per_hour": row.growth(),
                "complaints": row.complaints,
            })
        };
        let head: serde_json::Map<String, Value> = head
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({"head": head, "seed": self.seed, "soak": rows})
    }

    fn complaints(&self) -> Vec<String> {
        let each = |row: &Row| {
            let named = row
                .complaints
                .iter()
                .map(|text| format!("{}: {text}", row.broker));
            named.collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(each).collect()
    }
}

//! The rows as curves over the users online, ours and the paper's. Pure.

use super::measured::Row;
use super::paper;
use super::report::Table3Report;

/// A named curve: points of users online and a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Table3Report {
    /// Delays, loss, and what logins take.
    pub(crate) fn series(&self) -> Vec<Series> {
        let ours = |name, value: fn(&Row) -> Option<f64>| {
            let points = self.rows.iter();
            let points = points.filter_map(|row| Some((f64::from(row.users), value(row)?)));
            let points = points.collect();
            Series { name, points }
        };
        let theirs = |name, value: fn(&paper::PaperRow) -> f64| {
            let points = paper::TABLE.iter();
            let points = points.map(|row| (f64::from(row.users), value(row)));
            let points = points.collect();
            Series { name, points }
        };
        vec![
            ours("p50 delay s", |row| in_seconds(row.quantile_ms(0.5))),
            ours("p99 delay s", |row| in_seconds(row.quantile_ms(0.99))),
            theirs("paper's delay s", |row| row.delay_s),
            ours("loss %", |row| Some(row.talk.counts.loss_percent())),
            theirs("paper's loss %", |row| row.loss_percent),
            ours("warm login of all s", |row| Some(row.warm_s())),
            ours("cold login of all s", Row::cold_s),
        ]
    }
}

fn in_seconds(ms: Option<f64>) -> Option<f64> {
    ms.map(|ms| ms / 1e3)
}

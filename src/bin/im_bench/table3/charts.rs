//! The rows as charts: delay, loss, and what all logins take.

use std::path::Path;

use super::report::Table3Report;
use crate::plot::{Axis, Chart, Point, Series};

/// What is drawn: a name for its files, a title, the vertical axis, and the curves by their names in the series.
struct Drawn {
    file: &'static str,
    title: &'static str,
    y: fn() -> Axis,
    curves: &'static [&'static str],
}

const DRAWN: [Drawn; 3] = [
    Drawn {
        file: "table3-delay",
        title: "Delay against users online (the paper's zeros are not shown)",
        y: || Axis::logarithmic("delay, s"),
        curves: &["p50 delay s", "p99 delay s", "paper's delay s"],
    },
    Drawn {
        file: "table3-loss",
        title: "Messages lost against users online",
        y: || Axis::linear("lost, % of deliveries"),
        curves: &["loss %", "paper's loss %"],
    },
    Drawn {
        file: "table3-login",
        title: "Login of all users (cold ones extrapolated)",
        y: || Axis::logarithmic("until all are in, s"),
        curves: &["warm login of all s", "cold login of all s"],
    },
];

/// Writes them all.
pub(super) fn write(report: &Table3Report, folder: &Path) -> anyhow::Result<()> {
    DRAWN
        .iter()
        .try_for_each(|drawn| chart(report, drawn).write(folder, drawn.file))
}

fn chart(report: &Table3Report, drawn: &Drawn) -> Chart {
    let y = (drawn.y)();
    let of = |(x, value): &(f64, f64)| Point {
        x: *x,
        y: *value,
        spread: None,
    };
    let all = report.series().into_iter();
    let wanted = all.filter(|series| drawn.curves.contains(&series.name));
    let series = wanted.map(|series| {
        let shown = series.points.iter().filter(|(_, value)| y.can_show(*value));
        Series::new(series.name, shown.map(of).collect())
    });
    let series = series.collect();
    Chart::new(drawn.title, Axis::linear("users online"), y, series)
}

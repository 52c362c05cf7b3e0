//! The curves as charts: two for each dimension, bare and plugin in both.

use std::path::Path;

use super::args::Dimension;
use super::curve::{Curve, What};
use super::report::ScalingReport;
use super::stand::Subject;
use crate::plot::{Axis, Chart, Point, Series};

/// Writes them all.
pub(super) fn write(report: &ScalingReport, folder: &Path) -> anyhow::Result<()> {
    for dimension in report.dimensions() {
        for what in What::ALL {
            let name = format!("scaling-{}-{}", dimension.name(), what.name());
            chart(report, *dimension, what).write(folder, &name)?;
        }
    }
    Ok(())
}

fn chart(report: &ScalingReport, dimension: Dimension, what: What) -> Chart {
    let cost = match what {
        What::Login => "broker's processor time, us a login",
        What::Message => "broker's processor time, us a delivery",
    };
    let curves = Subject::ALL.map(|subject| report.curve(dimension, what, subject));
    let title = format!("Cost of a {} against {}", what.name(), dimension.unit());
    let series = curves.iter().map(series).collect();
    let x = Axis::logarithmic(dimension.unit());
    Chart::new(title, x, Axis::linear(cost), series)
}

/// A curve, named with its verdict.
fn series(curve: &Curve) -> Series {
    let points = curve.places.iter().map(|place| {
        let (median, least, most) = place.median_and_spread();
        Point {
            x: f64::from(place.size),
            y: median,
            spread: Some((least, most)),
        }
    });
    let subject = curve.subject.name();
    let name = match curve.fit() {
        Some(fit) => format!("{subject}: {}", fit.verdict),
        None => subject.to_owned(),
    };
    Series::new(name, points.collect())
}

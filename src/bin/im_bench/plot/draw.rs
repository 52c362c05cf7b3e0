//! A chart in kuva's words.

use std::sync::Arc;

use anyhow::anyhow;
use kuva::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, LineStyle, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple};

use super::{Chart, Point, Scale, Series};

/// Okabe and Ito's colours for readers who tell fewer apart, the dark ones first.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9",
];
const MARKERS: [MarkerShape; 6] = [
    MarkerShape::Circle,
    MarkerShape::Square,
    MarkerShape::Triangle,
    MarkerShape::Diamond,
    MarkerShape::TriangleDown,
    MarkerShape::Star,
];
/// Seven, six and five: no two of the first 200 series have all three in common.
const DASHES: [&str; 5] = ["", "8 4", "2 4", "12 3 2 3", "4 4"];

const MARKER_PX: f64 = 5.0;
const LINE_PX: f64 = 2.0;
/// Room on either side of a logarithmic axis, as a factor.
const MARGIN: f64 = 1.3;
/// Room above what an even axis shows, as a factor.
const ROOF: f64 = 1.05;

pub(super) fn svg(chart: &Chart) -> String {
    SvgBackend::new().render_scene(&scene(chart))
}

pub(super) fn png(chart: &Chart) -> anyhow::Result<Vec<u8>> {
    // One pixel of the picture for each of the chart.
    PngBackend::new()
        .with_scale(1.0)
        .render_scene(&scene(chart))
        .map_err(|error| anyhow!("{error}"))
}

fn scene(chart: &Chart) -> Scene {
    let styled = chart.series.iter().enumerate();
    let plots: Vec<Plot> = styled
        .flat_map(|(number, series)| {
            let colour = pick(&COLOURS, number);
            [
                line(series, number, colour),
                markers(series, number, colour),
            ]
        })
        .collect();
    let layout = layout(chart, &plots);
    render_multiple(plots, layout)
}

fn line(series: &Series, number: usize, colour: &str) -> Plot {
    let style = match pick(&DASHES, number) {
        "" => LineStyle::Solid,
        dashes => LineStyle::Custom(dashes.to_owned()),
    };
    let arms = series.points.iter().map(|point| {
        let (least, most) = point.spread.unwrap_or((point.y, point.y));
        (point.y - least, most - point.y)
    });
    let mut plot = LinePlot::new()
        .with_data(places(&series.points))
        .with_color(colour)
        .with_stroke_width(LINE_PX)
        .with_line_style(style);
    if series.points.iter().any(|point| point.spread.is_some()) {
        plot = plot.with_y_err_asymmetric(arms);
    }
    plot.into()
}

fn markers(series: &Series, number: usize, colour: &str) -> Plot {
    ScatterPlot::new()
        .with_data(places(&series.points))
        .with_color(colour)
        .with_size(MARKER_PX)
        .with_marker(pick(&MARKERS, number))
        .with_legend(series.name.clone())
        .into()
}

fn layout(chart: &Chart, plots: &[Plot]) -> Layout {
    let mut layout = Layout::auto_from_plots(plots)
        .with_width(f64::from(chart.width_px))
        .with_height(f64::from(chart.height_px))
        .with_title(chart.title.clone())
        .with_x_label(chart.x.label.clone())
        .with_y_label(chart.y.label.clone());
    if chart.x.scale == Scale::Logarithmic {
        // No marker lies on the frame, and no decade stays empty.
        let (least, most) = bounds(chart, |point| [point.x, point.x]);
        layout = layout
            .with_log_x()
            .with_x_tick_format(TickFormat::Custom(Arc::new(plain)))
            .with_x_axis_min(least / MARGIN)
            .with_x_axis_max(most * MARGIN);
    }
    let (least, most) = bounds(chart, |point| {
        let (least, most) = point.spread.unwrap_or((point.y, point.y));
        [least.min(point.y), most.max(point.y)]
    });
    match chart.y.scale {
        Scale::Logarithmic => layout
            .with_log_y()
            .with_y_tick_format(TickFormat::Custom(Arc::new(plain))),
        Scale::Linear if least >= 0.0 => layout.with_y_axis_min(0.0).with_y_axis_max(most * ROOF),
        Scale::Linear => layout,
    }
}

/// A tick of a logarithmic axis, which has one digit that is not zero.
fn plain(tick: f64) -> String {
    let one_digit = format!("{tick:.0e}").parse().unwrap_or(tick);
    format!("{one_digit}")
}

/// The least and the most of what the points have.
fn bounds(chart: &Chart, values: impl Fn(&Point) -> [f64; 2]) -> (f64, f64) {
    let points = chart.series.iter().flat_map(|series| &series.points);
    let values = points.flat_map(values);
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    values.fold(start, |(least, most), value| {
        (least.min(value), most.max(value))
    })
}

fn places(points: &[Point]) -> Vec<(f64, f64)> {
    points.iter().map(|point| (point.x, point.y)).collect()
}

/// The one whose turn it is.
fn pick<T: Copy, const N: usize>(from: &[T; N], number: usize) -> T {
    *from
        .get(number % N)
        .expect("a remainder is below its divisor")
}

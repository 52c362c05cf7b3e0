//! Line charts: pure data in, an SVG and a PNG out.
//!
//! The drawing is kuva's, which brings its own font (DejaVu Sans) for the PNG: what comes out does not hang on
//! what the machine has installed. Series differ in colour, marker and dashes, so that no reader needs the
//! colours to tell them apart.

mod draw;

use std::path::Path;

use anyhow::{Context, bail};

/// Pixels of a chart that says nothing else.
const WIDTH_PX: u32 = 960;
const HEIGHT_PX: u32 = 560;

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
}

/// What an axis is called, unit included, and how it is divided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) scale: Scale,
}

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Evenly; a `y` axis then begins at zero.
    Linear,
    /// By powers of ten: for values above zero alone.
    Logarithmic,
}

/// Points that belong together, in the order of the line through them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

/// A point, with the least and the most that was measured where there is more than one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) spread: Option<(f64, f64)>,
}

impl Axis {
    /// Whether a value has a place on it.
    pub(crate) fn can_show(&self, value: f64) -> bool {
        value.is_finite() && (self.scale == Scale::Linear || value > 0.0)
    }

    pub(crate) fn linear(label: impl Into<String>) -> Axis {
        let label = label.into();
        let scale = Scale::Linear;
        Axis { label, scale }
    }

    pub(crate) fn logarithmic(label: impl Into<String>) -> Axis {
        let label = label.into();
        let scale = Scale::Logarithmic;
        Axis { label, scale }
    }
}

impl Series {
    pub(crate) fn new(name: impl Into<String>, points: Vec<Point>) -> Series {
        let name = name.into();
        Series { name, points }
    }
}

impl Point {
    /// All that the chart must be able to show.
    fn values(&self) -> [(f64, bool); 4] {
        let (least, most) = self.spread.unwrap_or((self.y, self.y));
        [
            (self.x, true),
            (self.y, false),
            (least, false),
            (most, false),
        ]
    }
}

impl Chart {
    /// A chart of the usual size.
    pub(crate) fn new(title: impl Into<String>, x: Axis, y: Axis, series: Vec<Series>) -> Chart {
        Chart {
            title: title.into(),
            x,
            y,
            series,
            width_px: WIDTH_PX,
            height_px: HEIGHT_PX,
        }
    }

    /// Writes `name.svg` and `name.png` into the folder, which is made if need be.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        let write = |ending: &str, bytes: &[u8]| {
            let file = folder.join(format!("{name}.{ending}"));
            std::fs::write(&file, bytes)
                .with_context(|| format!("cannot write `{}`", file.display()))
        };
        write("svg", self.svg()?.as_bytes())?;
        write("png", &self.png()?)
    }

    /// The chart as an SVG document.
    pub(crate) fn svg(&self) -> anyhow::Result<String> {
        self.check()?;
        Ok(draw::svg(self))
    }

    /// The chart as a PNG of exactly its pixels.
    pub(crate) fn png(&self) -> anyhow::Result<Vec<u8>> {
        self.check()?;
        draw::png(self).with_context(|| format!("chart `{}`", self.title))
    }

    fn check(&self) -> anyhow::Result<()> {
        let mut values = self.series.iter().flat_map(|series| &series.points);
        if values.clone().next().is_none() {
            bail!("chart `{}`: it has no points", self.title);
        }
        let shown = |(value, is_x): (f64, bool)| {
            let axis = if is_x { &self.x } else { &self.y };
            axis.can_show(value)
        };
        match values.find_map(|point| point.values().into_iter().find(|value| !shown(*value))) {
            Some((value, _)) => bail!("chart `{}`: its axes cannot show {value}", self.title),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

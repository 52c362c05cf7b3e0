//! Is a curve flat, logarithmic or linear? Least squares on the medians, and a plain rule. Pure.
//!
//! 1. *Flat*: the largest is within 1.3 of the smallest. No more is asked.
//! 2. Else `y = a`, `y = a + b ln x` and `y = a + b x` are fitted. The curve is logarithmic or linear,
//!    whichever leaves the smaller residual, if that is at most half of what the constant leaves.
//! 3. Else none of them explains it: *scattered*.

use std::fmt;

/// Largest by smallest, up to which a curve is called flat.
const FLAT: f64 = 1.3;
/// What a curve may leave of the constant's residual to be believed.
const EXPLAINED: f64 = 0.5;

/// What a curve is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Flat,
    Logarithmic(Trend),
    Linear(Trend),
    Scattered,
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trend {
    Rising,
    Falling,
}

/// The verdict, and what it stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    pub(super) verdict: Verdict,
    /// Largest by smallest.
    pub(super) span: f64,
    /// Root mean square of what each model leaves: constant, logarithmic, linear.
    pub(super) residuals: [f64; 3],
    /// What each unit (linear) or each tenfold (logarithmic) adds, by the model of the verdict.
    pub(super) step: f64,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, trend) = match self {
            Verdict::Flat => ("flat", None),
            Verdict::Logarithmic(trend) => ("logarithmic", Some(trend)),
            Verdict::Linear(trend) => ("linear", Some(trend)),
            Verdict::Scattered => ("scattered", None),
        };
        let falling = trend.is_some_and(|trend| *trend == Trend::Falling);
        write!(f, "{name}{}", if falling { ", falling" } else { "" })
    }
}

/// Judges a curve of at least three points whose values are above zero.
pub(super) fn judge(points: &[(f64, f64)]) -> Option<Fit> {
    if points.len() < 3 || points.iter().any(|(x, y)| !(*x > 0.0 && *y > 0.0)) {
        return None;
    }
    let ys = points.iter().map(|(_, y)| *y);
    let span = ys.clone().fold(0.0, f64::max) / ys.fold(f64::INFINITY, f64::min);
    let constant = Line::through(points, |_| 0.0);
    let logarithmic = Line::through(points, f64::log10);
    let linear = Line::through(points, |x| x);
    let best = [
        (logarithmic, Verdict::Logarithmic as fn(Trend) -> Verdict),
        (linear, Verdict::Linear),
    ];
    let [one, other] = best;
    let (line, name) = if other.0.residual < one.0.residual {
        other
    } else {
        one
    };
    let (verdict, step) = if span <= FLAT {
        (Verdict::Flat, 0.0)
    } else if line.residual <= EXPLAINED * constant.residual {
        (name(line.trend()), line.slope)
    } else {
        (Verdict::Scattered, 0.0)
    };
    Some(Fit {
        verdict,
        span,
        residuals: [constant.residual, logarithmic.residual, linear.residual],
        step,
    })
}

/// `y = a + b g(x)`, as near as can be.
#[derive(Debug, Clone, Copy)]
struct Line {
    slope: f64,
    residual: f64,
}

impl Line {
    fn through(points: &[(f64, f64)], g: impl Fn(f64) -> f64) -> Line {
        let count = points.len().max(1) as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (mean_g, mean_y) = (mean(&|(x, _)| g(*x)), mean(&|(_, y)| *y));
        let variance = mean(&|(x, _)| (g(*x) - mean_g).powi(2));
        let together = mean(&|(x, y)| (g(*x) - mean_g) * (y - mean_y));
        let slope = if variance > 0.0 {
            together / variance
        } else {
            0.0
        };
        let left = |(x, y): &(f64, f64)| (y - mean_y - slope * (g(*x) - mean_g)).powi(2);
        Line {
            slope,
            residual: mean(&left).sqrt(),
        }
    }

    fn trend(&self) -> Trend {
        if self.slope < 0.0 {
            Trend::Falling
        } else {
            Trend::Rising
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XS: [f64; 5] = [100.0, 500.0, 2000.0, 8000.0, 16_000.0];

    fn of(y: impl Fn(f64) -> f64) -> Fit {
        let points: Vec<(f64, f64)> = XS.iter().map(|x| (*x, y(*x))).collect();
        judge(&points).unwrap()
    }

    #[test]
    fn a_curve_within_1_3_is_flat_whatever_its_form() {
        let fit = of(|x| 100.0 + x / 16_000.0 * 29.0);
        assert_eq!((fit.verdict, fit.step), (Verdict::Flat, 0.0));
        assert!(of(|x| 100.0 + x / 16_000.0 * 31.0).verdict != Verdict::Flat);
    }

    #[test]
    fn lines_and_logarithms_are_told_apart_with_their_steps() {
        let linear = of(|x| 10.0 + x * 0.01);
        assert_eq!(linear.verdict, Verdict::Linear(Trend::Rising));
        assert!((linear.step - 0.01).abs() < 1e-9, "{linear:?}");
        let logarithmic = of(|x| 10.0 + 20.0 * x.log10());
        assert_eq!(logarithmic.verdict, Verdict::Logarithmic(Trend::Rising));
        assert!((logarithmic.step - 20.0).abs() < 1e-9, "{logarithmic:?}");
        let [constant, log, line] = logarithmic.residuals;
        assert!(log < 1e-9 && log < line && line < constant);
    }

    #[test]
    fn noise_does_not_hide_a_line_and_is_none_by_itself() {
        let noisy = |x: f64| if x < 1000.0 { 1.04 } else { 0.96 };
        let fit = of(|x| (30.0 + x * 0.02) * noisy(x));
        assert_eq!(fit.verdict, Verdict::Linear(Trend::Rising));
        let points = [
            (1.0, 10.0),
            (10.0, 20.0),
            (100.0, 9.0),
            (1000.0, 19.0),
            (10_000.0, 11.0),
        ];
        assert_eq!(judge(&points).unwrap().verdict, Verdict::Scattered);
    }

    #[test]
    fn what_gets_cheaper_is_said_to_fall() {
        let fit = of(|x| 100.0 - 20.0 * x.log10());
        assert_eq!(fit.verdict.to_string(), "logarithmic, falling");
    }

    #[test]
    fn two_points_or_none_above_zero_are_no_curve() {
        assert_eq!(judge(&[(1.0, 1.0), (2.0, 2.0)]), None);
        assert_eq!(judge(&[(1.0, 1.0), (2.0, 0.0), (3.0, 1.0)]), None);
    }
}

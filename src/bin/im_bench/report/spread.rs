//! A value of each round as one cell of a table.

use crate::stats::{median_and_spread, quantile};

/// The middle one, the least and the most.
pub(crate) fn spread(values: &[f64], digits: usize) -> String {
    median_and_spread(values).map_or(String::new(), |(median, least, most)| {
        format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
    })
}

/// As [`spread`], of many values: from the first to the third quarter instead of least to most.
pub(crate) fn middle_half(values: &[f64], digits: usize) -> String {
    let quarters = [0.5, 0.25, 0.75].map(|part| quantile(values, part));
    match quarters {
        [Some(median), Some(first), Some(third)] => {
            format!("{median:.digits$} ({first:.digits$} to {third:.digits$})")
        }
        _ => String::new(),
    }
}

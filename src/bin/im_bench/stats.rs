//! What is counted: latencies, sequence numbers, rates. Pure.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longest latency told apart from longer ones.
const LONGEST: Duration = Duration::from_secs(600);

/// Latencies, to three digits.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Latencies {
        let longest = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
        Latencies(Histogram::new_with_bounds(1_000, longest, 3).expect("the bounds are in order"))
    }
}

impl Latencies {
    /// One more.
    pub(crate) fn record(&mut self, latency: Duration) {
        self.0
            .saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// All of another's too.
    pub(crate) fn merge(&mut self, other: &Latencies) {
        self.0
            .add(&other.0)
            .expect("all histograms here have the same bounds");
    }

    /// Each value in nanoseconds with how often it came: what another process needs to know of them.
    pub(crate) fn counts(&self) -> Vec<(u64, u64)> {
        let recorded = self.0.iter_recorded();
        let pair = recorded.map(|step| (step.value_iterated_to(), step.count_at_value()));
        pair.collect()
    }

    /// All of them again, from [`Self::counts`].
    pub(crate) fn from_counts(counts: &[(u64, u64)]) -> Latencies {
        let mut latencies = Latencies::default();
        for (nanos, times) in counts {
            latencies.0.saturating_record_n(*nanos, *times);
        }
        latencies
    }

    /// How many.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds within which this part (0 to 1) of them lies; `None` when there are none.
    pub(crate) fn quantile_ms(&self, part: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(part) as f64 / 1e6)
    }

    /// The longest, in milliseconds.
    pub(crate) fn max_ms(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.max() as f64 / 1e6)
    }
}

/// One sender's sequence numbers in one phase: each must arrive once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sequence {
    first: u32,
    seen: Vec<u8>,
}

impl Sequence {
    /// A new phase, whose first number will be `first`.
    pub(crate) fn begin(&mut self, first: u32) {
        self.first = first;
        self.seen.clear();
    }

    /// The next number has been sent.
    pub(crate) fn sent(&mut self) {
        self.seen.push(0);
    }

    /// A number has arrived; true when it is the first time.
    pub(crate) fn arrived(&mut self, number: u32) -> bool {
        let at = number.wrapping_sub(self.first);
        let Some(times) = usize::try_from(at)
            .ok()
            .and_then(|at| self.seen.get_mut(at))
        else {
            return false;
        };
        *times = times.saturating_add(1);
        *times == 1
    }

    /// Numbers sent.
    pub(crate) fn total(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Numbers that have not arrived.
    pub(crate) fn lost(&self) -> u64 {
        self.seen.iter().filter(|times| **times == 0).count() as u64
    }

    /// Arrivals beyond the first.
    pub(crate) fn duplicated(&self) -> u64 {
        self.seen
            .iter()
            .map(|times| u64::from(times.saturating_sub(1)))
            .sum()
    }
}

/// Counts per tenth of a second, for the peak over any second.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateMeter {
    tenths: Vec<u32>,
}

impl RateMeter {
    /// One event, this long after the meter's start.
    pub(crate) fn count(&mut self, since_start: Duration) {
        let at = usize::try_from(since_start.as_millis() / 100).unwrap_or(usize::MAX);
        // An hour; what comes later is somebody else's.
        if at > 36_000 {
            return;
        }
        if self.tenths.len() <= at {
            self.tenths.resize(at + 1, 0);
        }
        if let Some(tenth) = self.tenths.get_mut(at) {
            *tenth += 1;
        }
    }

    /// All events.
    pub(crate) fn total(&self) -> u64 {
        self.tenths.iter().map(|n| u64::from(*n)).sum()
    }

    /// Most events in ten tenths in a row.
    pub(crate) fn peak_per_second(&self) -> u64 {
        let sum = |tenths: &[u32]| tenths.iter().map(|n| u64::from(*n)).sum();
        let windows = self.tenths.windows(10).map(sum).max();
        windows.unwrap_or_else(|| sum(&self.tenths))
    }
}

/// The value below which this part of them lies, between the two around it in proportion.
pub(crate) fn quantile(values: &[f64], part: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part.clamp(0.0, 1.0) * (sorted.len().checked_sub(1)? as f64);
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let (below, above) = (*sorted.get(below)?, *sorted.get(above)?);
    Some(below + (above - below) * place.fract())
}

/// The middle one of some values, and the least and the most.
pub(crate) fn median_and_spread(values: &[f64]) -> Option<(f64, f64, f64)> {
    let at = |part| quantile(values, part);
    Some((at(0.5)?, at(0.0)?, at(1.0)?))
}

/// The mean of some values and, of more than one, its standard error.
pub(crate) fn mean_and_error(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    (!values.is_empty()).then_some((mean, (values.len() > 1).then_some(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_one_value_has_no_error() {
        assert_eq!(mean_and_error(&[]), None);
        assert_eq!(mean_and_error(&[3.0]), Some((3.0, None)));
        assert_eq!(
            mean_and_error(&[1.0, 3.0, 2.0, 2.0]),
            Some((2.0, Some((1.0_f64 / 6.0).sqrt())))
        );
    }

    #[test]
    fn quantiles_are_milliseconds_and_none_without_values() {
        let mut some = Latencies::default();
        assert_eq!((some.quantile_ms(0.5), some.max_ms()), (None, None));
        for ms in 1..=100 {
            some.record(Duration::from_millis(ms));
        }
        let near = |got: Option<f64>, want: f64| (got.unwrap() / want - 1.0).abs() < 0.002;
        assert!(near(some.quantile_ms(0.5), 50.0));
        assert!(near(some.quantile_ms(0.99), 99.0));
        assert!(near(some.max_ms(), 100.0));
        let mut both = Latencies::default();
        both.record(Duration::from_secs(5000));
        both.merge(&some);
        assert_eq!(both.count(), 101);
        assert!(near(both.max_ms(), 600_000.0));
    }

    #[test]
    fn latencies_come_back_from_their_counts() {
        let mut some = Latencies::default();
        for micros in [1, 5, 5, 999_999_999] {
            some.record(Duration::from_micros(micros));
        }
        let again = Latencies::from_counts(&some.counts());
        assert_eq!(again.counts(), some.counts());
        assert_eq!((again.count(), again.max_ms()), (4, some.max_ms()));
        assert!(Latencies::default().counts().is_empty());
    }

    #[test]
    fn lost_and_duplicated_numbers_are_counted_exactly() {
        let mut sequence = Sequence::default();
        sequence.begin(u32::MAX - 1);
        for _ in 0..4 {
            sequence.sent();
        }
        assert!(sequence.arrived(u32::MAX - 1));
        assert!(sequence.arrived(1), "numbers wrap");
        assert!(!sequence.arrived(1));
        assert!(!sequence.arrived(7), "never sent");
        assert_eq!(
            (sequence.total(), sequence.lost(), sequence.duplicated()),
            (4, 2, 1)
        );
        sequence.begin(2);
        assert!(!sequence.arrived(u32::MAX), "the former phase's");
        assert_eq!((sequence.total(), sequence.lost()), (0, 0));
    }

    #[test]
    fn peak_is_taken_over_any_second() {
        let mut meter = RateMeter::default();
        for ms in [900, 950, 1000, 1800, 1850, 3000] {
            meter.count(Duration::from_millis(ms));
        }
        assert_eq!((meter.total(), meter.peak_per_second()), (6, 5));
        let mut short = RateMeter::default();
        short.count(Duration::from_millis(10));
        assert_eq!(short.peak_per_second(), 1);
        assert_eq!(RateMeter::default().peak_per_second(), 0);
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.25), Some(3.0));
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), Some(2.5));
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.25), Some(1.5));
    }

    #[test]
    fn median_of_odd_and_even_numbers_of_values() {
        assert_eq!(median_and_spread(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(
            median_and_spread(&[4.0, 1.0, 2.0, 3.0]),
            Some((2.5, 1.0, 4.0))
        );
        assert_eq!(median_and_spread(&[]), None);
    }
}

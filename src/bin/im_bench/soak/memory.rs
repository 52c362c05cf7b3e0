//! Whether memory stays flat: samples of a process's resident memory, and the line that fits them. Pure.

use std::time::Duration;

/// Samples before this are warm-up: caches fill, the heap takes its shape.
const WARM_UP: f64 = 0.3;
/// Growth that is none: less than this many bytes an hour, which no leak that matters keeps under...
const MOST_PER_HOUR: f64 = 8.0 * 1024.0 * 1024.0;
/// ... or less than this in all, which in a short run is the heap's own doing.
const MOST_IN_ALL: f64 = 3.0 * 1024.0 * 1024.0;

/// Samples of resident memory.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<(Duration, u64)>);

impl Memory {
    pub(super) fn sample(&mut self, at: Duration, bytes: u64) {
        if bytes > 0 {
            self.0.push((at, bytes));
        }
    }

    /// Bytes at the first and at the last sample.
    pub(super) fn ends(&self) -> (u64, u64) {
        let bytes = |sample: Option<&(Duration, u64)>| sample.map_or(0, |(_, bytes)| *bytes);
        (bytes(self.0.first()), bytes(self.0.last()))
    }

    /// What it grows by in an hour once it is warm, in bytes, by the line of least squares.
    pub(super) fn per_hour(&self) -> f64 {
        let warm = self.warm();
        let n = warm.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| warm.iter().map(of).sum::<f64>() / n;
        let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
        let (mut up, mut along) = (0.0, 0.0);
        for (x, y) in &warm {
            up += (x - mean_x) * (y - mean_y);
            along += (x - mean_x).powi(2);
        }
        if along > 0.0 {
            up / along * 3600.0
        } else {
            0.0
        }
    }

    /// What is wrong with it.
    pub(super) fn complaint(&self) -> Option<String> {
        let hours = self
            .0
            .last()
            .map_or(0.0, |(at, _)| at.as_secs_f64() / 3600.0);
        let per_hour = self.per_hour();
        let in_all = per_hour * hours * (1.0 - WARM_UP);
        let grows = per_hour > MOST_PER_HOUR && in_all > MOST_IN_ALL;
        grows.then(|| {
            format!(
                "memory grows by {:.1} MiB an hour",
                per_hour / f64::from(1 << 20)
            )
        })
    }

    fn warm(&self) -> Vec<(f64, f64)> {
        let end = self.0.last().map_or(Duration::ZERO, |(at, _)| *at);
        let warm = self.0.iter().filter(|(at, _)| *at >= end.mul_f64(WARM_UP));
        warm.map(|(at, bytes)| (at.as_secs_f64(), *bytes as f64))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(per_minute: u64, warm_up: u64) -> Memory {
        let mut memory = Memory::default();
        for minute in 0..60 {
            let warm = 20_000_000 + warm_up.min(minute * warm_up / 10);
            memory.sample(
                Duration::from_secs(minute * 60),
                warm + minute * per_minute + minute % 3 * 4096,
            );
        }
        memory
    }

    #[test]
    fn a_leak_is_told_from_warming_up() {
        assert_eq!(grown(0, 30_000_000).complaint(), None);
        assert_eq!(grown(10_000, 1_000_000).complaint(), None);
        let leak = grown(1 << 20, 0).complaint().unwrap();
        assert!(leak.contains("60.0 MiB"), "{leak}");
        assert_eq!(Memory::default().complaint(), None);
    }
}

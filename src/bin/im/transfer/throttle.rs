//! How often progress is told: to programs four times a second at most.

use std::time::Duration;

use tokio::time::Instant;

const BETWEEN: Duration = Duration::from_millis(250);

/// Lets through what is due.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    told: Option<Instant>,
}

impl Throttle {
    /// Whether it is time to tell again; the first time it is.
    pub(crate) fn is_due(&mut self) -> bool {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&mut self, now: Instant) -> bool {
        let due = self.told.is_none_or(|told| now - told >= BETWEEN);
        if due {
            self.told = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_a_second_and_the_first_at_once() {
        let mut throttle = Throttle::default();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let told = (0..100).filter(|nth| throttle.is_due_at(after(nth * 10)));
        assert_eq!(told.collect::<Vec<u64>>(), [0, 25, 50, 75]);
    }
}

//! What the parts use: brokers, service, load. Pure but for the clock.

use std::time::Instant;

use crate::process::Usage;

/// What each part has used up to a moment.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) at: Instant,
    pub(super) brokers: Vec<Usage>,
    pub(super) service: Vec<Usage>,
    pub(super) load: Vec<Usage>,
}

/// Processor time over a while, in cores.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Cores {
    /// All brokers together.
    pub(crate) brokers: f64,
    /// The one that used most.
    pub(crate) busiest_broker: f64,
    pub(crate) service: f64,
    /// The workers, and the process that orders them.
    pub(crate) load: f64,
}

impl Cores {
    pub(crate) fn all(&self) -> f64 {
        self.brokers + self.service + self.load
    }
}

/// The most memory of each part, in bytes; of all brokers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Peaks {
    pub(crate) brokers_bytes: u64,
    pub(crate) service_bytes: u64,
}

impl Mark {
    /// What was used from another moment on up to this one.
    pub(super) fn since(&self, before: &Mark) -> Cores {
        let seconds = (self.at - before.at).as_secs_f64().max(1e-9);
        let used = |now: &[Usage], then: &[Usage]| -> Vec<f64> {
            let both = now.iter().zip(then);
            both.map(|(now, then)| (now.cpu_s - then.cpu_s) / seconds)
                .collect()
        };
        let brokers = used(&self.brokers, &before.brokers);
        Cores {
            brokers: brokers.iter().sum(),
            busiest_broker: brokers.iter().copied().fold(0.0, f64::max),
            service: used(&self.service, &before.service).iter().sum(),
            load: used(&self.load, &before.load).iter().sum(),
        }
    }

    pub(super) fn peaks(&self) -> Peaks {
        let most = |of: &[Usage]| of.iter().map(|usage| usage.peak_bytes).sum();
        Peaks {
            brokers_bytes: most(&self.brokers),
            service_bytes: most(&self.service),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn processor_time_is_told_in_cores_of_each_part() {
        let usage = |cpu_s, peak_bytes| Usage {
            cpu_s,
            peak_bytes,
            ..Usage::default()
        };
        let at = Instant::now();
        let before = Mark {
            at,
            brokers: vec![usage(1.0, 0), usage(1.0, 0)],
            service: vec![usage(5.0, 0)],
            load: vec![usage(0.0, 0); 2],
        };
        let after = Mark {
            at: at + Duration::from_secs(2),
            brokers: vec![usage(2.0, 3), usage(1.5, 4)],
            service: vec![usage(5.5, 9)],
            load: vec![usage(0.5, 0), usage(1.5, 0)],
        };
        let cores = after.since(&before);
        let want = Cores {
            brokers: 0.75,
            busiest_broker: 0.5,
            service: 0.25,
            load: 1.0,
        };
        assert_eq!((cores, cores.all()), (want, 2.0));
        assert_eq!(
            (after.peaks().brokers_bytes, after.peaks().service_bytes),
            (7, 9)
        );
    }
}

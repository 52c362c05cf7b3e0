//! What must arrive at a worker's users in a phase, and what has: each message once at each receiver. Pure.

use std::collections::HashMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::census::Census;
use super::plan::Plan;

/// Deliveries of some messages, for QoS 0 and QoS 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// That had to be made: one for each receiver.
    pub(crate) due: [u64; 2],
    /// Not made.
    pub(crate) lost: [u64; 2],
    /// Made beyond the first.
    pub(crate) duplicated: [u64; 2],
    /// To somebody who should have got nothing of the kind.
    pub(crate) stray: u64,
}

impl Counts {
    /// Part of the deliveries that were not made, in percent.
    pub(crate) fn loss_percent(&self) -> f64 {
        let sum = |of: &[u64; 2]| of.iter().sum::<u64>() as f64;
        100.0 * sum(&self.lost) / sum(&self.due).max(1.0)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        let add = |to: &mut [u64; 2], more: [u64; 2]| {
            to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
        };
        add(&mut self.due, other.due);
        add(&mut self.lost, other.lost);
        add(&mut self.duplicated, other.duplicated);
        self.stray += other.stray;
    }
}

/// A delivery that is due.
#[derive(Debug, Clone, Copy)]
struct Due {
    acknowledged: bool,
    times: u8,
}

/// One phase's deliveries at one worker.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By message and receiver.
    due: HashMap<(u32, u32), Due>,
    missing: u64,
    stray: u64,
}

impl Tally {
    /// What a plan brings to those users for whom `is_here` says so.
    pub(super) fn of(plan: &Plan, census: Census, is_here: impl Fn(u32) -> bool) -> Tally {
        let mut tally = Tally::default();
        for sending in plan.sendings(census) {
            for receiver in plan.receivers(&census, &sending).filter(|n| is_here(*n)) {
                tally.expect(sending.event, receiver, sending.acknowledged);
            }
        }
        tally
    }

    fn expect(&mut self, event: u32, receiver: u32, acknowledged: bool) {
        let times = 0;
        self.due.insert(
            (event, receiver),
            Due {
                acknowledged,
                times,
            },
        );
        self.missing += 1;
    }

    /// A message has come; true when it is the first time.
    pub(super) fn arrived(&mut self, event: u32, receiver: u32) -> bool {
        let Some(due) = self.due.get_mut(&(event, receiver)) else {
            self.stray += 1;
            return false;
        };
        due.times = due.times.saturating_add(1);
        let first = due.times == 1;
        self.missing -= u64::from(first);
        first
    }

    /// Deliveries yet to come.
    pub(super) fn missing(&self) -> u64 {
        self.missing
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts {
            stray: self.stray,
            ..Counts::default()
        };
        for due in self.due.values() {
            let again = u64::from(due.times.saturating_sub(1));
            let [unacknowledged, acknowledged] =
                [!due.acknowledged, due.acknowledged].map(u64::from);
            let lost = u64::from(due.times == 0);
            counts += Counts {
                due: [unacknowledged, acknowledged],
                lost: [unacknowledged * lost, acknowledged * lost],
                duplicated: [unacknowledged * again, acknowledged * again],
                stray: 0,
            };
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pairs::Qos;

    #[test]
    fn each_delivery_is_counted_at_each_receiver() {
        let mut tally = Tally::default();
        for receiver in [4, 5, 6] {
            tally.expect(1, receiver, true);
        }
        tally.expect(2, 4, false);
        assert!(tally.arrived(1, 4));
        assert!(!tally.arrived(1, 4), "a second time");
        assert!(tally.arrived(1, 5));
        assert!(!tally.arrived(2, 5), "not for this one");
        assert_eq!(tally.missing(), 2);
        let want = Counts {
            due: [1, 3],
            lost: [1, 1],
            duplicated: [0, 1],
            stray: 1,
        };
        assert_eq!(tally.counts(), want);
        assert_eq!(want.loss_percent(), 50.0);
    }

    #[test]
    fn the_workers_together_expect_what_the_plan_sends() {
        let census = Census::new(500, 0, 5, 2, 20);
        let plan = Plan {
            phase: 1,
            online: 500,
            per_second: 300,
            time: Duration::from_secs(2),
            group_percent: 10,
            partner_percent: 10,
            qos: Qos::Both,
        };
        let all = plan.sendings(census);
        let deliveries: usize = all.map(|s| plan.receivers(&census, &s).count()).sum();
        let mut sum = Counts::default();
        for worker in 0..3 {
            sum += Tally::of(&plan, census, |n| n % 3 == worker).counts();
        }
        assert_eq!(sum.due.iter().sum::<u64>(), deliveries as u64);
        assert_eq!(sum.lost, sum.due);
    }
}

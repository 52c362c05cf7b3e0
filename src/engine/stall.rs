//! The stall budget: how long the broker's thread may wait for answers, in any one second.
//!
//! Waits of the last second are kept and summed up, so the limit holds for every window of a second, not
//! only on average.
//!
//! Waiting is worth its price only while it lets people in. Each wait that lets nobody in halves what the
//! next second may cost, and one that does restores it: a flood of forged tokens, or a static service that
//! is slower than the budget, soon costs next to nothing, and its clients find their answer at the retry.
//! How long answers take is known without waiting for them, and a wait in vain shows what they take at least. While
//! that is longer than could be waited, nobody is waited for; and nobody is waited for much longer than answers take, so
//! that a service which falls silent costs little.

use std::collections::VecDeque;
use std::time::Duration;

/// The window over which waits are summed up.
const WINDOW: Duration = Duration::from_secs(1);
/// Less than this is not worth a wait: the thread would be woken as late as that.
const LEAST: Duration = Duration::from_millis(1);
/// What a wait is booked as at least.
const SHORTEST: Duration = Duration::from_micros(20);
/// The share of a new answer in what answers are expected to take.
const NEWS: f64 = 0.25;
/// So long is waited where answers are quicker than that: what comes after it is late by any measure.
const LATE: Duration = Duration::from_millis(10);
/// In this time without a wait, what a second may cost doubles again; and what answers took is forgotten after it.
const RECOVERY: Duration = Duration::from_secs(5);

/// What a wait has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// Somebody was let in.
    LetIn,
    /// There was an answer, and it was no.
    Refused,
    /// There was no answer.
    InVain,
}

/// The budget.
pub struct StallBudget {
    per_second: Duration,
    /// When each wait ended, and how long it was. None is booked as shorter than [`SHORTEST`], so they are few.
    waits: VecDeque<(Duration, Duration)>,
    spent: Duration,
    /// The share of the budget that may be used, 0 to 1, as it stood at `hope_at`.
    hope: f64,
    hope_at: Duration,
    /// What an answer takes, by the last ones and by waits in vain, and when that was learned.
    expected: Option<(Duration, Duration)>,
    /// What the last answers took, however long ago.
    usual: Option<Duration>,
}

impl StallBudget {
    /// An untouched budget.
    pub fn new(per_second: Duration) -> StallBudget {
        StallBudget {
            per_second,
            waits: VecDeque::new(),
            spent: Duration::ZERO,
            hope: 1.0,
            hope_at: Duration::ZERO,
            expected: None,
            usual: None,
        }
    }

    /// Another budget from now on.
    pub fn set_per_second(&mut self, per_second: Duration) {
        self.per_second = per_second;
    }

    /// How long may be waited now, by one who would wait no longer than this.
    pub fn available(&mut self, longest: Duration, now: Duration) -> Duration {
        while let Some((_, waited)) = self.waits.pop_front_if(|(ended, _)| *ended + WINDOW <= now) {
            self.spent = self.spent.saturating_sub(waited);
        }
        let usable = self.per_second.mul_f64(self.hope(now));
        let longest = match self.usual {
            Some(usual) => longest.min(LATE.max(usual * 2)),
            None => longest,
        };
        let wait = usable.saturating_sub(self.spent).min(longest);
        let in_vain = self.expected(now).is_some_and(|expected| expected >= wait);
        if wait < LEAST || in_vain {
            Duration::ZERO
        } else {
            wait
        }
    }

    /// An answer came, so long after its question.
    pub fn answered(&mut self, took: Duration, now: Duration) {
        let after = |former: Option<Duration>| {
            let former = former.unwrap_or(took);
            former.mul_f64(1.0 - NEWS) + took.mul_f64(NEWS)
        };
        self.expected = Some((after(self.expected(now)), now));
        self.usual = Some(after(self.usual));
    }

    /// Books a wait that ended now.
    pub fn spend(&mut self, waited: Duration, came_to: Waited, now: Duration) {
        let waited = waited.max(SHORTEST);
        self.waits.push_back((now, waited));
        self.spent += waited;
        self.hope = match came_to {
            Waited::LetIn => 1.0,
            Waited::Refused | Waited::InVain => self.hope(now) / 2.0,
        };
        self.hope_at = now;
        if came_to == Waited::InVain {
            let former = self.expected(now).unwrap_or_default();
            self.expected = Some((former.max(waited), now));
        }
    }

    /// What an answer takes; `None` when that is not known any more.
    fn expected(&self, now: Duration) -> Option<Duration> {
        let (time, learned) = self.expected?;
        (now < learned + RECOVERY).then_some(time)
    }

    fn hope(&self, now: Duration) -> f64 {
        let doublings = now.saturating_sub(self.hope_at).as_secs_f64() / RECOVERY.as_secs_f64();
        (self.hope * doublings.exp2()).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn budget_is_spent_and_comes_back_a_second_later() {
        let mut budget = StallBudget::new(ms(50));
        assert_eq!(budget.available(ms(500), ms(100)), ms(50));
        budget.spend(ms(30), Waited::LetIn, ms(130));
        assert_eq!(budget.available(ms(500), ms(130)), ms(20));
        budget.spend(ms(25), Waited::LetIn, ms(160));
        assert_eq!(budget.available(ms(500), ms(1129)), ms(0));
        assert_eq!(budget.available(ms(500), ms(1130)), ms(25));
        assert_eq!(budget.available(ms(500), ms(1160)), ms(50));
        assert!(budget.waits.is_empty());
    }

    #[test]
    fn no_window_of_a_second_costs_more_than_the_budget() {
        let mut budget = StallBudget::new(ms(50));
        let mut waits: Vec<(u64, u64)> = Vec::new();
        let mut now = 0;
        while now < 5000 {
            let wait = budget.available(ms(7), ms(now));
            if !wait.is_zero() {
                now += u64::try_from(wait.as_millis()).unwrap();
                budget.spend(wait, Waited::LetIn, ms(now));
                waits.push((now, u64::try_from(wait.as_millis()).unwrap()));
            }
            now += 3;
        }
        for start in 0..4000 {
            let inside = waits
                .iter()
                .filter(|(end, _)| (start..start + 1000).contains(end));
            let total: u64 = inside.map(|(_, waited)| waited).sum();
            assert!(total <= 50, "{total} ms in the second from {start}");
        }
        assert!(waits.len() > 30);
    }

    #[test]
    fn waits_that_let_nobody_in_soon_cost_next_to_nothing() {
        let mut budget = StallBudget::new(ms(50));
        let mut cost = Vec::new();
        let (mut now, mut this_second) = (0, ms(0));
        while now < 60_000 {
            let wait = budget.available(ms(10), ms(now));
            if !wait.is_zero() {
                now += u64::try_from(wait.as_millis()).unwrap();
                budget.spend(wait, Waited::Refused, ms(now));
                this_second += wait;
            }
            now += 2;
            if now / 1000 > cost.len() as u64 {
                cost.push(std::mem::take(&mut this_second));
            }
        }
        let later: Duration = cost.iter().skip(5).sum();
        assert!(later < ms(300), "{later:?} in 55 seconds");
        budget.spend(ms(1), Waited::LetIn, ms(now));
        assert_eq!(
            budget.available(ms(500), ms(now)),
            ms(49),
            "one that lets somebody in restores it"
        );
    }

    #[test]
    fn service_that_is_known_to_be_slow_is_not_waited_for() {
        let mut budget = StallBudget::new(ms(50));
        let mut waited = ms(0);
        let wait_at = |budget: &mut StallBudget, now: u64| {
            let wait = budget.available(ms(10), ms(now));
            if !wait.is_zero() {
                budget.spend(wait, Waited::InVain, ms(now));
            }
            wait
        };
        for now in (0..60_000).step_by(10) {
            waited += wait_at(&mut budget, now);
            if now >= 300 {
                budget.answered(ms(300), ms(now));
            }
        }
        assert_eq!(waited, ms(10), "once, before anything was known");
        // It is quick again, which the answers tell that nobody waits for.
        for _ in 0..20 {
            budget.answered(ms(1), ms(61_000));
        }
        assert_eq!(wait_at(&mut budget, 61_000), ms(10));
        assert_eq!(wait_at(&mut budget, 65_900), ms(0));
        assert_eq!(
            wait_at(&mut budget, 66_000),
            ms(10),
            "it is not known any more"
        );
    }

    #[test]
    fn nobody_is_waited_for_much_longer_than_answers_take() {
        let mut budget = StallBudget::new(ms(50));
        assert_eq!(
            budget.available(ms(2000), ms(0)),
            ms(50),
            "nothing is known"
        );
        budget.answered(ms(1), ms(10));
        assert_eq!(budget.available(ms(2000), ms(20)), ms(10));
        assert_eq!(budget.available(ms(2000), ms(3_600_000)), ms(10));
        for _ in 0..50 {
            budget.answered(ms(15), ms(3_600_000));
        }
        let wait = budget.available(ms(2000), ms(3_600_000));
        assert!((ms(29)..=ms(30)).contains(&wait), "{wait:?}");
    }

    #[test]
    fn zero_budget_never_waits() {
        let mut budget = StallBudget::new(ms(0));
        assert_eq!(budget.available(ms(500), ms(5000)), ms(0));
    }
}

//! What a row and a step of the search came to, and the cells of their tables. Pure.

use super::paper;
use crate::fleet::{Cores, Logins, Peaks, Talk};
use crate::report::ms;

/// When p99 is beyond this, so is the rate beyond the limit.
const LATE_MS: f64 = 1000.0;

/// A number of users.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(super) users: u32,
    pub(super) warm: Logins,
    pub(super) login_cores: Cores,
    /// Of the few who log in by password.
    pub(super) cold: Logins,
    pub(super) talk: Talk,
    pub(super) talk_cores: Cores,
    pub(super) peaks: Peaks,
}

/// A rate that was tried.
#[derive(Debug)]
pub(crate) struct Step {
    pub(super) per_second: u32,
    pub(super) talk: Talk,
    pub(super) cores: Cores,
}

impl Row {
    pub(super) fn quantile_ms(&self, part: f64) -> Option<f64> {
        self.talk.all().quantile_ms(part)
    }

    /// What the login of all with refresh tokens took.
    pub(super) fn warm_s(&self) -> f64 {
        self.warm.took.as_secs_f64()
    }

    /// What the login of all by password would take at the rate of the few: extrapolated.
    pub(super) fn cold_s(&self) -> Option<f64> {
        let rate = self.cold.per_second();
        (rate > 0.0).then(|| f64::from(self.users) / rate)
    }

    pub(super) fn message_cells(&self) -> [String; 13] {
        let (paper, counts) = (paper::of(self.users), &self.talk.counts);
        let [lost, doubled] = [counts.lost, counts.duplicated].map(|of| of.iter().sum::<u64>());
        [
            self.users.to_string(),
            format!("{:.2}", counts.loss_percent()),
            paper.map_or(String::new(), |paper| format!("{:.2}", paper.loss_percent)),
            ms(self.quantile_ms(0.5)),
            ms(self.quantile_ms(0.99)),
            ms(self.talk.all().max_ms()),
            paper.map_or(String::new(), |paper| format!("{:.0}", paper.delay_s * 1e3)),
            self.talk.sent.to_string(),
            counts.due.iter().sum::<u64>().to_string(),
            lost.to_string(),
            doubled.to_string(),
            self.talk.ended.to_string(),
            ms(self.talk.lag.quantile_ms(0.99)),
        ]
    }

    pub(super) fn login_cells(&self) -> [String; 12] {
        let (warm, cold) = (&self.warm, &self.cold);
        [
            self.users.to_string(),
            warm.done.to_string(),
            warm.failed.to_string(),
            warm.retries.to_string(),
            format!("{:.1}", self.warm_s()),
            format!("{:.0}", warm.per_second()),
            ms(warm.latency.quantile_ms(0.5)),
            ms(warm.latency.quantile_ms(0.99)),
            format!("{:.0}", cold.per_second()),
            ms(cold.latency.quantile_ms(0.5)),
            ms(cold.latency.quantile_ms(0.99)),
            self.cold_s().map_or(String::new(), |s| format!("{s:.0}")),
        ]
    }

    pub(super) fn use_cells(&self) -> [String; 4] {
        let mib = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(1 << 20));
        [
            cores(&self.login_cores),
            cores(&self.talk_cores),
            mib(self.peaks.brokers_bytes),
            mib(self.peaks.service_bytes),
        ]
    }

    /// What is wrong whatever the machine.
    pub(super) fn complaints(&self) -> Vec<String> {
        let (counts, users) = (&self.talk.counts, self.users);
        let [_, lost] = counts.lost;
        let [_, doubled] = counts.duplicated;
        let why = |logins: &Logins| logins.why.clone().unwrap_or_default();
        [
            (lost, "messages of QoS 1 lost".to_owned()),
            (doubled, "messages of QoS 1 doubled".to_owned()),
            (counts.stray, "messages to somebody else".to_owned()),
            (self.talk.ended, "connections ended".to_owned()),
            (
                self.warm.failed,
                format!("did not get in: {}", why(&self.warm)),
            ),
            (
                self.cold.failed,
                format!("did not get in by password: {}", why(&self.cold)),
            ),
        ]
        .into_iter()
        .filter(|(times, _)| *times > 0)
        .map(|(times, what)| format!("{users} users: {times} {what}"))
        .collect()
    }
}

impl Step {
    fn lost(&self) -> u64 {
        self.talk.counts.lost.iter().sum()
    }

    /// Whether nothing is lost and p99 is not late.
    pub(super) fn is_well(&self) -> bool {
        let p99 = self.talk.all().quantile_ms(0.99);
        self.lost() == 0 && self.talk.ended == 0 && p99.is_some_and(|p99| p99 <= LATE_MS)
    }

    /// A line of progress.
    pub(super) fn brief(&self) -> String {
        let p99 = ms(self.talk.all().quantile_ms(0.99));
        format!("{}/s: p99 {p99} ms, {} lost", self.per_second, self.lost())
    }

    pub(super) fn cells(&self) -> [String; 9] {
        let all = self.talk.all();
        [
            self.per_second.to_string(),
            self.talk.counts.due.iter().sum::<u64>().to_string(),
            ms(all.quantile_ms(0.5)),
            ms(all.quantile_ms(0.99)),
            ms(all.max_ms()),
            ms(self.talk.lag.quantile_ms(0.99)),
            self.lost().to_string(),
            cores(&self.cores),
            format!("{:.2}", self.cores.busiest_broker),
        ]
    }
}

/// Of brokers, service, load.
fn cores(of: &Cores) -> String {
    format!("{:.2} / {:.2} / {:.2}", of.brokers, of.service, of.load)
}

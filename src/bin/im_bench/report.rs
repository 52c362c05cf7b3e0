//! What was measured, as Markdown, CSV and JSON.

mod spread;

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::findings::Findings;
use crate::pairs::Traffic;
use crate::rate::Slice;
use crate::stats::{Latencies, median_and_spread};
use crate::storm::Logins;

pub(crate) use spread::{middle_half, spread};

/// The phase that others are compared with.
const QUIET: &str = "no logins";

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) rates: Vec<RateRow>,
    pub(crate) outages: Vec<Outage>,
}

/// One phase.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) broker: String,
    pub(crate) subject: &'static str,
    pub(crate) phase: String,
    pub(crate) traffic: Traffic,
    pub(crate) logins: Vec<(&'static str, Logins)>,
    /// Token checks at the static service, and the most of them in any second.
    pub(crate) asked: u64,
    pub(crate) asked_peak: u64,
    /// The broker's processor time, in cores, and its memory at the end.
    pub(crate) cores: f64,
    pub(crate) rss_bytes: u64,
}

/// Connect rates of one broker version.
#[derive(Debug)]
pub(crate) struct RateRow {
    pub(crate) broker: String,
    /// Bare and plugin, in turns.
    pub(crate) rounds: Vec<(Slice, Slice)>,
    pub(crate) asked: u64,
}

/// How soon all was well after the static service had come back.
#[derive(Debug)]
pub(crate) struct Outage {
    pub(crate) broker: String,
    pub(crate) first_login: Option<Duration>,
    pub(crate) feed: Option<Duration>,
}

impl Row {
    fn latency(&self) -> Latencies {
        self.traffic.all()
    }

    /// In ms.
    pub(crate) fn p99(&self) -> Option<f64> {
        self.latency().quantile_ms(0.99)
    }

    /// One line of progress.
    pub(crate) fn brief(&self) -> String {
        let all = self.latency();
        let mut text = format!(
            "p50 {} p99 {} max {} ms, lost {} of {}",
            ms(all.quantile_ms(0.5)),
            ms(all.quantile_ms(0.99)),
            ms(all.max_ms()),
            self.traffic.lost,
            self.traffic.sent
        );
        for (name, logins) in &self.logins {
            let _ = write!(
                text,
                "; {name}: {} of {} in",
                logins.succeeded(),
                logins.begun
            );
        }
        text
    }

    /// What is wrong whatever the machine: lost or doubled messages, failed good logins, forged ones let in.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut say = |text: String| {
            wrong.push(format!(
                "{} {}, {}: {text}",
                self.broker, self.subject, self.phase
            ));
        };
        let Traffic {
            lost,
            duplicated,
            broken,
            ..
        } = self.traffic;
        for (what, number) in [
            ("messages lost", lost),
            ("messages duplicated", duplicated),
            ("established connections ended", broken),
        ] {
            if number > 0 {
                say(format!("{number} {what}"));
            }
        }
        for (name, logins) in &self.logins {
            let wanted = if *name == "forged" { 0 } else { logins.begun };
            if logins.succeeded() != wanted {
                let let_in = logins.succeeded();
                say(format!(
                    "{name}: {let_in} let in, not {wanted} of {}",
                    logins.begun
                ));
            }
        }
        wrong
    }
}

impl Report {
    /// p99 of the phase without logins of a broker and subject.
    fn quiet(&self, broker: &str, subject: &str) -> Option<f64> {
        self.rows
            .iter()
            .find(|r| r.broker == broker && r.subject == subject && r.phase == QUIET)?
            .p99()
    }

    fn ratio(&self, row: &Row, subject: &str) -> Option<f64> {
        Some(row.p99()? / self.quiet(&row.broker, subject)?)
    }

    pub(crate) fn message_table(&self) -> String {
        let mut text = String::from(
            "### Messages of established pairs\n\n\
             Milliseconds from the intended time of sending to arrival. `x quiet`: p99 against the same broker and subject with no logins; `x bare`: \
             against the bare broker with no logins. `lag`: p99 from the intended time to the write, the bench's own part of it.\n\n\
             | broker | subject | phase | p50 | p99 | max | p99 QoS 0 | p99 QoS 1 | x quiet | x bare | lag | sent | lost | doubled | broken | cores | RSS MiB |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let all = row.latency();
            let [qos0, qos1] = &row.traffic.latency;
            let cells = [
                row.broker.clone(),
                row.subject.to_owned(),
                row.phase.clone(),
                ms(all.quantile_ms(0.5)),
                ms(all.quantile_ms(0.99)),
                ms(all.max_ms()),
                ms(qos0.quantile_ms(0.99)),
                ms(qos1.quantile_ms(0.99)),
                times(self.ratio(row, row.subject)),
                times(self.ratio(row, "bare")),
                ms(row.traffic.lag.quantile_ms(0.99)),
                row.traffic.sent.to_string(),
                row.traffic.lost.to_string(),
                row.traffic.duplicated.to_string(),
                row.traffic.broken.to_string(),
                format!("{:.2}", row.cores),
                format!("{:.1}", row.rss_bytes as f64 / f64::from(1 << 20)),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    fn login_table(&self) -> String {
        let mut text = String::from(
            "\n### Logins\n\n\
             Milliseconds from the intended time of the login to being in, retries included. `refused`: told no for good; `gave up`: not in within 10 s (forged \
             logins: cut off without an answer). `asked`: token checks at the static service in the whole phase, and the most in any second.\n\n\
             | broker | subject | phase | logins | begun | in at once | in on retry | refused | gave up | p50 | p99 | max | asked | peak/s |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            for (name, logins) in &row.logins {
                let cells = [
                    row.broker.clone(),
                    row.subject.to_owned(),
                    row.phase.clone(),
                    (*name).to_owned(),
                    logins.begun.to_string(),
                    logins.first_try.to_string(),
                    logins.retried.to_string(),
                    logins.refused.to_string(),
                    logins.gave_up.to_string(),
                    ms(logins.latency.quantile_ms(0.5)),
                    ms(logins.latency.quantile_ms(0.99)),
                    ms(logins.latency.max_ms()),
                    row.asked.to_string(),
                    row.asked_peak.to_string(),
                ];
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
        text
    }

    fn rate_table(&self) -> String {
        if self.rates.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\n### Connects a second\n\n\
             64 connectors, each connect, CONNACK, disconnect, over and over; bare (anonymous) and plugin (announced tokens) in turns. Median (least to most) over the \
             rounds; ratios are of neighbours.\n\n\
             | broker | bare/s | plugin/s | plugin / bare | bare CPU us | plugin CPU us | bare / plugin CPU | cores bare, plugin | asked |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rates {
            let of = |value: &dyn Fn(&(Slice, Slice)) -> f64| -> Vec<f64> {
                row.rounds.iter().map(value).collect()
            };
            let middle = |values: Vec<f64>| median_and_spread(&values).map_or(0.0, |m| m.0);
            let cells = [
                row.broker.clone(),
                spread(&of(&|r| r.0.per_second), 0),
                spread(&of(&|r| r.1.per_second), 0),
                spread(&of(&|r| r.1.per_second / r.0.per_second), 2),
                spread(&of(&|r| r.0.cpu_us), 0),
                spread(&of(&|r| r.1.cpu_us), 0),
                spread(&of(&|r| r.0.cpu_us / r.1.cpu_us), 2),
                format!(
                    "{:.2}, {:.2}",
                    middle(of(&|r| r.0.cores)),
                    middle(of(&|r| r.1.cores))
                ),
                row.asked.to_string(),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    fn outage_table(&self) -> String {
        if self.outages.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\n### After the static service's return\n\n\
             | broker | first unknown token let in, ms | feed followed again, ms |\n|---|---|---|\n",
        );
        for outage in &self.outages {
            let shown = |after: Option<Duration>| {
                after.map_or("not within 10 s".to_owned(), |t| t.as_millis().to_string())
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                outage.broker,
                shown(outage.first_login),
                shown(outage.feed)
            );
        }
        text
    }
}

impl Findings for Report {
    fn markdown(&self) -> String {
        let mut text = self.message_table();
        text.push_str(&self.login_table());
        text.push_str(&self.rate_table());
        text.push_str(&self.outage_table());
        text
    }

    /// One line a phase; of the logins, all good ones together and forged ones let in.
    fn csv(&self) -> String {
        let mut text = String::from(
            "broker,subject,phase,p50_ms,p99_ms,max_ms,p99_qos0_ms,p99_qos1_ms,x_quiet,x_bare,lag_p99_ms,sent,lost,duplicated,broken,\
             logins,logins_in,forged_in,asked,asked_peak_per_s,cores,rss_bytes\n",
        );
        for row in &self.rows {
            let all = row.latency();
            let [qos0, qos1] = &row.traffic.latency;
            let sum = |forged: bool, count: fn(&Logins) -> u64| -> u64 {
                let of = row
                    .logins
                    .iter()
                    .filter(|(n, _)| (*n == "forged") == forged);
                of.map(|(_, logins)| count(logins)).sum()
            };
            let cells = [
                row.broker.clone(),
                row.subject.to_owned(),
                format!("\"{}\"", row.phase),
                ms(all.quantile_ms(0.5)),
                ms(all.quantile_ms(0.99)),
                ms(all.max_ms()),
                ms(qos0.quantile_ms(0.99)),
                ms(qos1.quantile_ms(0.99)),
                times(self.ratio(row, row.subject)),
                times(self.ratio(row, "bare")),
                ms(row.traffic.lag.quantile_ms(0.99)),
                row.traffic.sent.to_string(),
                row.traffic.lost.to_string(),
                row.traffic.duplicated.to_string(),
                row.traffic.broken.to_string(),
                sum(false, |l| l.begun).to_string(),
                sum(false, Logins::succeeded).to_string(),
                sum(true, Logins::succeeded).to_string(),
                row.asked.to_string(),
                row.asked_peak.to_string(),
                format!("{:.3}", row.cores),
                row.rss_bytes.to_string(),
            ];
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let logins = |(name, logins): &(&str, Logins)| {
            json!({
                "kind": name, "begun": logins.begun, "first_try": logins.first_try, "retried": logins.retried,
                "refused": logins.refused, "gave_up": logins.gave_up, "latency": quantiles(&logins.latency),
            })
        };
        let row = |row: &Row| {
            let [qos0, qos1] = &row.traffic.latency;
            json!({
                "broker": row.broker, "subject": row.subject, "phase": row.phase,
                "latency": quantiles(&row.latency()), "qos0": quantiles(qos0), "qos1": quantiles(qos1),
                "lag": quantiles(&row.traffic.lag),
                "x_quiet": self.ratio(row, row.subject), "x_bare": self.ratio(row, "bare"),
                "sent": row.traffic.sent, "lost": row.traffic.lost, "duplicated": row.traffic.duplicated,
                "broken": row.traffic.broken, "logins": row.logins.iter().map(logins).collect::<Vec<_>>(),
                "asked": row.asked, "asked_peak_per_s": row.asked_peak, "cores": row.cores, "rss_bytes": row.rss_bytes,
            })
        };
        let slice =
            |s: &Slice| json!({"per_s": s.per_second, "cpu_us": s.cpu_us, "cores": s.cores});
        let rounds = |r: &RateRow| -> Vec<Value> {
            let both = r.rounds.iter();
            both.map(|(bare, plugin)| json!({"bare": slice(bare), "plugin": slice(plugin)}))
                .collect()
        };
        let rate = |r: &RateRow| json!({"broker": r.broker, "asked": r.asked, "rounds": rounds(r)});
        let outage = |o: &Outage| {
            json!({
                "broker": o.broker,
                "first_login_ms": o.first_login.map(|t| t.as_secs_f64() * 1e3),
                "feed_ms": o.feed.map(|t| t.as_secs_f64() * 1e3),
            })
        };
        json!({
            "head": head.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "phases": self.rows.iter().map(row).collect::<Vec<_>>(),
            "connect_rates": self.rates.iter().map(rate).collect::<Vec<_>>(),
            "outages": self.outages.iter().map(outage).collect::<Vec<_>>(),
        })
    }
}

pub(crate) fn quantiles(of: &Latencies) -> Value {
    json!({
        "count": of.count(), "p50_ms": of.quantile_ms(0.5), "p90_ms": of.quantile_ms(0.9),
        "p99_ms": of.quantile_ms(0.99), "p999_ms": of.quantile_ms(0.999), "max_ms": of.max_ms(),
    })
}

/// Milliseconds with as many digits as tell something.
pub(crate) fn ms(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(ms) if ms < 10.0 => format!("{ms:.2}"),
        Some(ms) if ms < 100.0 => format!("{ms:.1}"),
        Some(ms) => format!("{ms:.0}"),
    }
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or(String::new(), |r| {
        if r < 10.0 {
            format!("{r:.2}")
        } else {
            format!("{r:.0}")
        }
    })
}

#[cfg(test)]
mod tests;

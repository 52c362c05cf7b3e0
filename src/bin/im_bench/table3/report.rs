//! What the rows came to, as tables.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::Table3Args;
use super::json::{row_json, step_json};
use super::measured::{Row, Step};
use super::verdict::gave_out;
use crate::findings::Findings;
use crate::report::ms;

/// All of it.
#[derive(Debug)]
pub(crate) struct Table3Report {
    /// What was set up, in a sentence.
    setting: String,
    pub(super) rows: Vec<Row>,
    /// The search for the limit.
    pub(super) steps: Vec<Step>,
}

impl Table3Report {
    pub(super) fn new(args: &Table3Args) -> Table3Report {
        let census = args.census();
        let setting = format!(
            "Mosquitto {}, {} brokers, {} enterprises of {} people in all, groups of {}, {} workers; {} messages sent a second, {} % of them to groups, {} % to partners.",
            args.broker_version,
            census.brokers(),
            census.enterprises(),
            census.people(),
            census.group(),
            args.workers(),
            args.rate,
            args.group_percent,
            args.partner_percent,
        );
        Table3Report {
            setting,
            rows: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The latest row as a line of progress.
    pub(super) fn brief(&self) -> String {
        self.rows.last().map_or(String::new(), |row| {
            let (p50, p99) = (ms(row.quantile_ms(0.5)), ms(row.quantile_ms(0.99)));
            format!(
                "{} users: in after {:.1} s, p50 {p50} ms, p99 {p99} ms, {:.2} % lost",
                row.users,
                row.warm_s(),
                row.talk.counts.loss_percent()
            )
        })
    }

    /// How far it goes and what gave out first.
    fn limit(&self) -> String {
        let rates = |well| self.steps.iter().filter(move |step| step.is_well() == well);
        let best = rates(true).max_by_key(|step| step.per_second);
        let worst = rates(false).min_by_key(|step| step.per_second);
        let best = best.map_or("No rate that was tried went well.".to_owned(), |step| {
            format!("{}/s went well.", step.per_second)
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let worst = worst.map_or("Nothing gave out.".to_owned(), |step| {
            gave_out(step, cores as f64)
        });
        format!("{best} {worst}")
    }
}

fn table<const N: usize>(head: [&str; N], lines: impl Iterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for cells in lines {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

impl Findings for Table3Report {
    fn markdown(&self) -> String {
        let mut text = format!(
            "### Table 3 again\n\n{}\n\n\
             Milliseconds from the intended time of sending to arrival. A delivery is due for each receiver. `ended`: connections that ended by \
             themselves. `lag`: p99 from the intended time to the write, the bench's own part.\n\n",
            self.setting
        );
        text += &table(
            [
                "users",
                "loss %",
                "paper's loss %",
                "p50",
                "p99",
                "max",
                "paper's delay",
                "sent",
                "deliveries",
                "lost",
                "doubled",
                "ended",
                "lag",
            ],
            self.rows.iter().map(Row::message_cells),
        );
        text += "\n### Logins\n\n\
             Warm: refresh token, changes of the address book, broker, subscriptions, presence; all users of the row. Cold: password, all of the address \
             book, and the same at the broker; a few others, while all are online. Milliseconds of a whole login.\n\n";
        text += &table(
            [
                "users",
                "in",
                "failed",
                "retries",
                "seconds",
                "warm/s",
                "p50",
                "p99",
                "cold/s",
                "p50",
                "p99",
                "all of them cold, s (extrapolated)",
            ],
            self.rows.iter().map(Row::login_cells),
        );
        text += "\n### What the parts use\n\nProcessor time in cores: brokers / static service / load.\n\n";
        let uses = self.rows.iter().map(|row| {
            let [login, talk, brokers, service] = row.use_cells();
            [row.users.to_string(), login, talk, brokers, service]
        });
        let head = [
            "users",
            "cores while logging in",
            "cores with messages",
            "brokers' peak MiB",
            "service's peak MiB",
        ];
        text += &table(head, uses);
        if !self.steps.is_empty() {
            let _ = writeln!(text, "\n### The limit\n\n{}\n", self.limit());
            let head = [
                "sent/s",
                "deliveries",
                "p50",
                "p99",
                "max",
                "lag",
                "lost",
                "cores: brokers / service / load",
                "busiest broker",
            ];
            text += &table(head, self.steps.iter().map(Step::cells));
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = String::from(
            "users,loss_percent,paper_loss_percent,p50_ms,p99_ms,max_ms,paper_delay_ms,sent,deliveries,lost,doubled,ended,lag_p99_ms,\
             in,failed,retries,warm_s,warm_per_s,warm_p50_ms,warm_p99_ms,cold_per_s,cold_p50_ms,cold_p99_ms,cold_all_s_extrapolated,\
             brokers_peak_mib,service_peak_mib\n",
        );
        for row in &self.rows {
            let [_, logins @ ..] = row.login_cells();
            let [.., brokers, service] = row.use_cells();
            let messages = row.message_cells();
            let cells = messages.into_iter().chain(logins).chain([brokers, service]);
            let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join(","));
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let series = self.series().into_iter();
        let series = series.map(|series| json!({"name": series.name, "points": series.points}));
        json!({
            "head": head.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "setting": self.setting,
            "table3": self.rows.iter().map(row_json).collect::<Vec<_>>(),
            "limit": self.steps.iter().map(step_json).collect::<Vec<_>>(),
            "series": series.collect::<Vec<_>>(),
        })
    }

    fn complaints(&self) -> Vec<String> {
        self.rows.iter().flat_map(Row::complaints).collect()
    }
}

#[cfg(test)]
mod tests;

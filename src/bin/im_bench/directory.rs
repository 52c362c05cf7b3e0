//! The scenario `directory`: what loading a whole directory does to the messages of those who are in.
//!
//! The plugin asks for one when it starts, and the static service is not ready to give it (503) until the
//! middle of the measured phase. The load is complete when the plugin's log says so.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::broker::Broker;
use crate::cli::{Case, LoginArgs, Place, Subject, seconds};
use crate::findings::Findings;
use crate::login::Bench;
use crate::output::progress;
use crate::pairs::{Pairs, Qos};
use crate::report::Report;
use crate::service::{Listing, Service};

/// Longest wait for a load to be complete, beyond the phase.
const LOADING: Duration = Duration::from_secs(60);

/// Options of `directory`
#[derive(Debug, Clone, Args)]
pub(crate) struct DirectoryArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Users in the directory, beside the pairs
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    pub(crate) users: u32,
    /// Groups in the directory, of 50 members each
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=200_000))]
    pub(crate) groups: u32,
    /// Pairs of established users
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) pairs: u32,
    /// Messages a second, of all pairs together
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// Quality of service of the messages
    #[arg(long, value_enum, default_value_t = Qos::Both)]
    pub(crate) qos: Qos,
    /// Seconds of each phase: before, with the load in it, after
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

/// A load under way and its end.
#[derive(Debug)]
struct Load {
    broker: String,
    entries: usize,
    bytes: usize,
    /// From the moment at which it could be had to the plugin's line in the log, up to 2 s of waiting for the
    /// plugin's next try included; `None` when the line did not come.
    took: Option<Duration>,
    /// The plugin's line.
    said: String,
}

/// The phases, and the loads.
#[derive(Debug, Default)]
pub(crate) struct DirectoryReport {
    phases: Report,
    loads: Vec<Load>,
}

/// Runs it all.
pub(crate) fn run(args: &DirectoryArgs, runtime: &Runtime) -> anyhow::Result<DirectoryReport> {
    let own = Pairs::users(args.pairs);
    let large = Listing::new(&own, args.users, args.groups);
    progress(&format!(
        "directory of {} entries, {} bytes",
        large.entries,
        large.bytes()
    ));
    let login = as_login(args);
    let mut report = DirectoryReport::default();
    for version in &args.place.brokers {
        let bench = Bench::new(&login, runtime, version)?;
        let service = Service::start()?;
        service.list_later();
        let mut stand = bench.stand_with_plugin(service)?;
        let rows = &mut report.phases.rows;
        rows.push(stand.quiet("no logins")?);
        let name = "directory loads";
        let (row, load) = stand.measure(name, args.seconds, Vec::new(), |stand| {
            std::thread::sleep(args.seconds / 4);
            let service = stand.service()?;
            load(version, &stand.broker, service, &large, args.seconds)
        })?;
        rows.push(row);
        rows.push(stand.quiet("no logins, again")?);
        report.loads.push(load?);
    }
    Ok(report)
}

fn as_login(args: &DirectoryArgs) -> LoginArgs {
    LoginArgs {
        pairs: args.pairs,
        rate: args.rate,
        qos: args.qos,
        seconds: args.seconds,
        subjects: vec![Subject::Plugin],
        cases: Vec::<Case>::new(),
        ..LoginArgs::for_smoke(args.place.clone())
    }
}

/// Orders the load and waits until it is complete.
fn load(
    version: &str,
    broker: &Broker,
    service: &Service,
    large: &Listing,
    phase: Duration,
) -> anyhow::Result<Load> {
    let before = loads_said(&broker.log()).len();
    service.list(large);
    let began = Instant::now();
    let mut load = Load {
        broker: version.to_owned(),
        entries: large.entries,
        bytes: large.bytes(),
        took: None,
        said: String::new(),
    };
    while began.elapsed() < phase + LOADING {
        if !broker.is_running() {
            bail!("the broker ended while it loaded the directory");
        }
        let log = broker.log();
        if let Some(line) = loads_said(&log).get(before) {
            load.took = Some(began.elapsed());
            load.said = (*line).to_owned();
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = load
        .took
        .context("the plugin never said that it has loaded a directory");
    if let Err(error) = took {
        progress(&format!("{version}: {error:#}"));
    }
    Ok(load)
}

/// The lines that say that a directory has been loaded: `directory: N users, ...`.
pub(crate) fn loads_said(log: &str) -> Vec<&str> {
    let after = |line: &'_ str| {
        let said = line.split_once("directory: ")?.1;
        let (count, rest) = said.split_once(' ')?;
        let number = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        (number && rest.starts_with("users")).then_some(())
    };
    log.lines().filter(|line| after(line).is_some()).collect()
}

impl Load {
    fn took_ms(&self) -> Option<u128> {
        self.took.map(|took| took.as_millis())
    }
}

impl Findings for DirectoryReport {
    fn markdown(&self) -> String {
        let mut text = String::from(
            "### Loading the directory\n\n\
             | broker | entries | MB | from ready to complete, ms | the plugin's line |\n|---|---|---|---|---|\n",
        );
        for load in &self.loads {
            let took = load.took_ms();
            text.push_str(&format!(
                "| {} | {} | {:.1} | {} | `{}` |\n",
                load.broker,
                load.entries,
                load.bytes as f64 / 1e6,
                took.map_or("not seen".to_owned(), |ms| ms.to_string()),
                load.said
            ));
        }
        text + "\n" + &self.phases.message_table()
    }

    fn csv(&self) -> String {
        self.phases.csv()
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let load = |load: &Load| {
            json!({
                "broker": load.broker, "entries": load.entries, "bytes": load.bytes,
                "complete_ms": load.took.map(|took| took.as_secs_f64() * 1e3), "said": load.said,
            })
        };
        let mut all = self.phases.json(head);
        if let Some(members) = all.as_object_mut() {
            let loads = self.loads.iter().map(load).collect();
            members.insert("directory_loads".to_owned(), loads);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_load_counts() {
        let log = "1: directory: 100 users, 3 groups\n2: directory: cannot be read\n\
                   3: directory:  users\n4: the directory: 7 users, 0 groups\n5: directory: 12 entries";
        let said = loads_said(log);
        assert_eq!(
            said,
            [
                "1: directory: 100 users, 3 groups",
                "4: the directory: 7 users, 0 groups"
            ]
        );
    }
}

//! `im-bench`: the load harness. It starts real brokers with the plugin, plays the static service and the
//! users, and reports what it saw. Everything on loopback, bounded in count and time.
//!
//! | module | what it is for |
//! |---|---|
//! | `cli`, `output`, `machine` | the command line, what is said, on what machine |
//! | `login`, `throughput`, `directory`, `audit` | the scenarios |
//! | `scaling` | the scenario `scaling`: costs against how much there is of everything |
//! | `broker`, `service` | a Mosquitto process; the static service, in this process |
//! | `installation` | the real static service, as processes of its own |
//! | `static_side` | the scenario `static`: what that carries |
//! | `fleet`, `table3` | many users in many processes; the scenario that takes them through the paper's table |
//! | `peers`, `rivals` | the scenario `peers`; brokers of our own and others', each with its own login |
//! | `mobile` | the scenario `mobile`: bytes on the wire |
//! | `soak` | the scenario `soak`: random life while things break |
//! | `smoke` | a little of all scenarios |
//! | `process`, `cores` | a process that ends with us; which processor cores are whose |
//! | `people`, `wire` | users and tokens; one MQTT connection |
//! | `pairs`, `storm`, `rate` | the loads: messages, logins in open loop, logins as fast as can be |
//! | `schedule`, `stats`, `report`, `findings` | pure: when, how much, and how it is told |
//! | `plot` | charts, as SVG and PNG |

mod audit;
mod broker;
mod cli;
mod cores;
mod directory;
mod findings;
mod fleet;
mod installation;
mod login;
mod machine;
mod mobile;
mod output;
mod pairs;
mod peers;
mod people;
mod plot;
mod process;
mod rate;
mod report;
mod rivals;
mod scaling;
mod schedule;
mod service;
mod smoke;
mod soak;
mod static_side;
mod stats;
mod storm;
mod table3;
mod throughput;
mod wire;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Parser;

use cli::{Cli, Command};
use findings::Findings;

fn main() -> ExitCode {
    if let Some(done) = mosquitto_enterprise_push::manual::written::<Cli>() {
        return done;
    }
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::progress(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("storm")
        .enable_all()
        .build()?;
    runtime.spawn(die_cleanly());
    let mut head = head();
    let began = Instant::now();
    let (report, files): (Box<dyn Findings>, _) = match command {
        Command::Login(args) => (
            Box::new(login::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Throughput(args) => (
            Box::new(throughput::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Directory(args) => (
            Box::new(directory::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Audit(args) => (
            Box::new(audit::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Scaling(args) => (
            Box::new(scaling::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Static(args) => (
            Box::new(static_side::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Table3(args) => (
            Box::new(table3::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Soak(args) => (Box::new(soak::run(&args, &runtime)?), [args.csv, args.json]),
        Command::FleetWorker => return fleet::serve(),
        Command::Peers(args) => (
            Box::new(peers::run(&args, &runtime)?),
            [args.csv, args.json],
        ),
        Command::Mobile(args) => (Box::new(mobile::run(&args)?), [args.csv, args.json]),
        Command::Smoke(place) => (Box::new(smoke::run(&place, &runtime)?), [None, None]),
    };
    head.push(("load average after".to_owned(), machine::load()));
    head.push((
        "took".to_owned(),
        format!("{} s", began.elapsed().as_secs()),
    ));
    let [csv, json] = &files;
    write(csv.as_deref(), || report.csv())?;
    write(json.as_deref(), || format!("{:#}\n", report.json(&head)))?;
    output::publish(&page(&head, &*report));
    let complaints = report.complaints();
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    Ok(())
}

/// What stands at the top of a report.
fn head() -> Vec<(String, String)> {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH);
    let words: Vec<String> = std::env::args().skip(1).map(without_login).collect();
    [
        ("command", format!("im-bench {}", words.join(" "))),
        ("unix time", unix.map_or(0, |t| t.as_secs()).to_string()),
        ("machine", machine::describe()),
        ("load average before", machine::load()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// A word of the command line; no URL, since there may be a password in it.
fn without_login(word: String) -> String {
    match word.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://[not shown]"),
        None => word,
    }
}

fn page(head: &[(String, String)], report: &dyn Findings) -> String {
    let lines: Vec<String> = head
        .iter()
        .map(|(name, value)| format!("- {name}: {value}"))
        .collect();
    format!("{}\n\n{}", lines.join("\n"), report.markdown())
}

fn write(file: Option<&Path>, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let Some(file) = file else {
        return Ok(());
    };
    std::fs::write(file, text()).with_context(|| format!("cannot write `{}`", file.display()))
}

/// On Ctrl-C or SIGTERM: no broker may outlive us.
async fn die_cleanly() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let Ok(mut terminate) = terminate else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    process::kill_all();
    std::process::exit(130);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_repeats_the_command_line_without_passwords() {
        for (word, want) in [
            ("--replicas", "--replicas"),
            ("postgres://me:p@h:1/db?x=a@b", "postgres://[not shown]"),
            (
                "--database-url=postgres://h/db?password=p",
                "--database-url=postgres://[not shown]",
            ),
        ] {
            assert_eq!(without_login(word.to_owned()), want);
        }
    }
}

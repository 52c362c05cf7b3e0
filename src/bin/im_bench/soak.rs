//! The scenario `soak`: minutes or hours of random life on each version of the broker, while the static service is killed,
//! the broker reloads and its clocks jump. It fails when somebody hears over a wall, when a message at QoS 1 is lost or
//! doubled, when a connection ends without a cause, when a good token stays out or a forged one gets in, when the log
//! holds a line that nothing explains, and when memory grows.
//!
//! | module | what it is for |
//! |---|---|
//! | `town`, `ledger` | pure: who may hear what, and what is owed to whom |
//! | `crowd`, `line` | the devices; one MQTT connection |
//! | `day` | what happens, at random |
//! | `service`, `clock` | the static service; a broker's clocks |
//! | `memory`, `watch` | the broker's memory and its log |
//! | `diary` | what happened when |
//! | `report` | how it is told |

mod args;
mod clock;
mod crowd;
mod day;
mod diary;
mod ledger;
mod line;
mod memory;
mod report;
mod service;
mod town;
mod watch;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rand::RngExt as _;
use tokio::runtime::Runtime;

pub(crate) use args::SoakArgs;
pub(crate) use report::SoakReport;

use crate::broker::{Broker, Setup};
use crate::login::{broker_program, plugin_file};
use crate::output::progress;
use clock::Clocks;
use day::Day;
use diary::Diary;
use memory::Memory;
use report::Row;
use service::Service;
use town::Town;
use watch::Watch;

/// Between two samples of memory, and two looks at what is owed.
const LOOK: Duration = Duration::from_secs(2);
/// Between two disturbances, on average.
const DISTURBANCE: Duration = Duration::from_secs(4);

/// Between two restarts of the broker.
const RESTART: Duration = Duration::from_secs(15);

/// Runs it all.
pub(crate) fn run(args: &SoakArgs, runtime: &Runtime) -> anyhow::Result<SoakReport> {
    let seed = args.seed.unwrap_or_else(|| rand::rng().random());
    progress(&format!("soak: --seed {seed}"));
    let mut rows = Vec::new();
    for version in &args.place.brokers {
        progress(&format!(
            "soak: Mosquitto {version}, {} minutes",
            args.minutes
        ));
        rows.push(runtime.block_on(one(args, version, seed))?);
    }
    Ok(SoakReport { seed, rows })
}

/// The day of one broker.
async fn one(args: &SoakArgs, version: &str, seed: u64) -> anyhow::Result<Row> {
    let folder = crate::process::temporary_folder()?;
    let clocks = match args.steady_clock {
        true => None,
        false => Some(Clocks::new(folder.path())?),
    };
    let town = Town::default();
    let service = Service::start(&town)?;
    let mut broker = start(args, version, &service, folder.path(), clocks.as_ref())?;
    let mut watch = Watch::new(broker.log_file());
    let mut day = Day::new(&broker, service, town, clocks, seed);
    if let Some(folder) = &args.diary {
        std::fs::create_dir_all(folder).context("--diary")?;
        day.crowd.seen.diary = Diary::begin(&folder.join(format!("soak-{version}.diary")))?;
    }
    let mut memory = Memory::default();
    let began = Instant::now();
    day.begin().await;
    let end = began + Duration::from_secs(u64::from(args.minutes) * 60);
    let pause = Duration::from_secs(1) / args.rate;
    let (mut look, mut disturb) = (began, began + DISTURBANCE);
    let mut restart = began + RESTART;
    let mut logs = String::new();
    while Instant::now() < end {
        if !broker.is_running() {
            bail!("the broker has ended:\n{}", broker.log());
        }
        day.step(pause).await;
        day.revive()?;
        if Instant::now() >= disturb {
            disturb = Instant::now() + DISTURBANCE;
            day.disturb(&broker)?;
        }
        if args.restarts && Instant::now() >= restart {
            restart = Instant::now() + RESTART;
            watch.lines();
            logs.push_str(&broker.log());
            day.restart(&mut broker).await?;
            watch.begins_anew();
        }
        if Instant::now() >= look {
            look = Instant::now() + LOOK;
            if !args.restarts {
                memory.sample(began.elapsed(), broker.usage().rss_bytes);
            }
            day.look_back();
            watch.lines();
        }
    }
    day.end().await?;
    watch.lines();
    if let Some(folder) = &args.diary {
        let log = folder.join(format!("soak-{version}.log"));
        logs.push_str(&broker.log());
        std::fs::write(&log, logs).context("--diary")?;
    }
    if day.crowd.seen.wrong > 0 {
        progress(&format!(
            "the log of Mosquitto {version} ends so:\n{}",
            watch.tail()
        ));
    }
    Ok(row(version, began.elapsed(), &mut day, memory, watch))
}

fn start(
    args: &SoakArgs,
    version: &str,
    service: &Service,
    folder: &std::path::Path,
    clocks: Option<&Clocks>,
) -> anyhow::Result<Broker> {
    let state = folder.join("state");
    std::fs::create_dir(&state).context("a folder for the plugin's state")?;
    let options = vec![
        ("static_url", service.url()),
        ("client_id", "soak".to_owned()),
        ("client_secret", "soak".to_owned()),
        ("node", "soak".to_owned()),
        ("state_dir", state.display().to_string()),
        ("audit_file", folder.join("audit.log").display().to_string()),
        ("audit_ship", "on".to_owned()),
        ("stall_budget_ms", "200".to_owned()),
        ("peer_failures_per_min", "0".to_owned()),
    ];
    let log_types: &[&str] = match args.diary {
        Some(_) => &["all"],
        None => &["error", "warning", "notice"],
    };
    let persistence = format!("persistence_location {}/", folder.display());
    let lines = match args.restarts {
        true => vec!["persistence true".to_owned(), persistence],
        false => Vec::new(),
    };
    let setup = Setup {
        plugin: Some((plugin_file(&args.place)?, options)),
        lines,
        log_types: log_types.iter().map(|kind| (*kind).to_owned()).collect(),
        environment: clocks.map(Clocks::environment).unwrap_or_default(),
    };
    Broker::start(&broker_program(&args.place, version)?, &setup)
}

fn row(version: &str, took: Duration, day: &mut Day, memory: Memory, watch: Watch) -> Row {
    let seen = &mut day.crowd.seen;
    for line in watch.suspicious {
        seen.complain(format!("the log says: {line}"));
    }
    if let Some(grows) = memory.complaint() {
        seen.complain(grows);
    }
    Row {
        broker: version.to_owned(),
        seconds: took.as_secs(),
        done: day.done.clone(),
        delivered: seen.delivered,
        kept: day.crowd.ledger.kept,
        again: day.crowd.ledger.again,
        refused: seen.refused,
        ended: seen.ended,
        wrong: seen.wrong,
        memory,
        complaints: seen.complaints.iter().cloned().collect(),
    }
}

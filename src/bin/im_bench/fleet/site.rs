//! The place: one static service with everybody in it, and brokers that follow it, each for some enterprises.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::runtime::Runtime;

use super::census::Census;
use super::crew::{Crew, Talk};
use super::orders::Kept;
use super::plan::Plan;
use super::settlement::settle;
use super::usage::{Cores, Mark, Peaks};
use crate::broker::{ADDRESSES, Broker, Setup};
use crate::installation::{Hashes, Installation, Services};
use crate::output::progress;
use crate::process::own_usage;

/// The longest wait until a broker has the directory.
const DIRECTORY: Duration = Duration::from_secs(60);

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) census: Census,
    pub(crate) broker: PathBuf,
    pub(crate) plugin: PathBuf,
    /// By default the program beside this one.
    pub(crate) static_service: Option<PathBuf>,
}

/// All of it, running.
pub(crate) struct Site {
    brokers: Vec<Broker>,
    services: Services,
    kept: Vec<Kept>,
    census: Census,
    /// Holds the database.
    _installation: Installation,
}

impl Site {
    /// Puts everybody in, starts service and brokers, and says which broker is whose.
    pub(crate) fn build(wanted: &Wanted, runtime: &Runtime) -> anyhow::Result<Site> {
        let census = wanted.census;
        let installation = Installation::new(wanted.static_service.as_deref(), None, 1)?;
        let kept = settle(&installation, census, runtime)?;
        let services = installation.serve(Hashes::Owasp)?;
        let service = services.addresses();
        let url = format!("http://{}", service.first().context("no service")?);
        let brokers = (0..census.brokers())
            .map(|number| start_broker(wanted, &installation, &url, number))
            .collect::<anyhow::Result<Vec<Broker>>>()?;
        route(&installation, census, &brokers)?;
        for broker in &brokers {
            wait_for_directory(broker)?;
        }
        progress(&format!("{} brokers have the directory", brokers.len()));
        Ok(Site {
            brokers,
            services,
            kept,
            census,
            _installation: installation,
        })
    }

    /// Workers with everybody dealt out to them.
    pub(crate) fn crew(&self, workers: u32) -> anyhow::Result<Crew> {
        let mut crew = Crew::start(workers)?;
        let service = self.services.addresses();
        let service = service.first().context("no service")?;
        crew.begin(self.census, *service, &self.kept)?;
        Ok(crew)
    }

    /// Lets the peaks of memory begin anew.
    pub(crate) fn forget_peaks(&self) {
        self.services.forget_peaks();
        for broker in &self.brokers {
            broker.forget_peak();
        }
    }

    fn mark(&self, crew: &Crew) -> Mark {
        let mut load = crew.usage();
        load.push(own_usage());
        Mark {
            at: Instant::now(),
            brokers: self.brokers.iter().map(Broker::usage).collect(),
            service: self.services.usage(),
            load,
        }
    }

    /// Does something with the workers, and tells what the parts used meanwhile.
    pub(crate) fn watch<T>(
        &self,
        crew: &mut Crew,
        work: impl FnOnce(&mut Crew) -> anyhow::Result<T>,
    ) -> anyhow::Result<(T, Cores)> {
        let before = self.mark(crew);
        let done = work(crew)?;
        Ok((done, self.mark(crew).since(&before)))
    }

    /// A phase of messages, and what the parts used in its time.
    pub(crate) fn talk(&self, crew: &mut Crew, plan: &Plan) -> anyhow::Result<(Talk, Cores)> {
        let run_up = crew.begin_talk(plan)?;
        std::thread::sleep(run_up);
        let before = self.mark(crew);
        std::thread::sleep(plan.time);
        let cores = self.mark(crew).since(&before);
        Ok((crew.end_talk(plan)?, cores))
    }

    /// The most memory since it was last forgotten.
    pub(crate) fn peaks(&self, crew: &Crew) -> Peaks {
        self.mark(crew).peaks()
    }

    /// Fails when a broker has ended, with its last words.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for broker in &self.brokers {
            if !broker.is_running() {
                let log = broker.log();
                let lines: Vec<&str> = log.lines().rev().take(10).collect();
                bail!(
                    "a broker has ended; its last words, the last first:\n{}",
                    lines.join("\n")
                );
            }
        }
        Ok(())
    }
}

fn start_broker(
    wanted: &Wanted,
    installation: &Installation,
    url: &str,
    number: u32,
) -> anyhow::Result<Broker> {
    let name = format!("bench-{number}");
    let secret = installation.add_broker(&name)?;
    let options = vec![
        ("static_url", url.to_owned()),
        ("client_id", name.clone()),
        ("client_secret", secret),
        ("node", name),
    ];
    let setup = Setup {
        plugin: Some((wanted.plugin.clone(), options)),
        // Notices say when the directory is there; those of each connection are left out.
        log_types: ["error", "warning", "notice"].map(str::to_owned).into(),
        lines: vec!["connection_messages false".to_owned()],
        ..Setup::default()
    };
    Broker::start(Path::new(&wanted.broker), &setup)
}

/// Central routing: each enterprise's broker, and enterprises of one broker at its addresses in turns.
fn route(installation: &Installation, census: Census, brokers: &[Broker]) -> anyhow::Result<()> {
    for enterprise in 0..census.enterprises() {
        let broker = brokers.get(census.broker(enterprise) as usize);
        let turn = enterprise / census.brokers() % u32::from(ADDRESSES);
        let address = broker
            .context("too few brokers")?
            .address(u8::try_from(turn + 1)?);
        let (eid, url) = (Census::eid(enterprise), format!("tcp://{address}"));
        let set = ["enterprise", "broker", "set", &eid, &url];
        installation.admin(Hashes::Owasp, &set, "")?;
    }
    Ok(())
}

fn wait_for_directory(broker: &Broker) -> anyhow::Result<()> {
    let began = Instant::now();
    while !has_directory(&broker.log()) {
        if !broker.is_running() || began.elapsed() > DIRECTORY {
            bail!("no directory within {DIRECTORY:?}:\n{}", broker.log());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whether the plugin has said `directory: N users, ...`.
fn has_directory(log: &str) -> bool {
    log.lines().any(|line| {
        let said = line.split_once("directory: ");
        let count = said.and_then(|(_, said)| said.split_once(" users"));
        count.is_some_and(|(count, _)| count.parse::<u64>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_there_when_the_plugin_says_how_many_users_it_has() {
        assert!(has_directory("1: x: directory: 300 users, 6 groups"));
        assert!(!has_directory("1: x: directory: cut off; trying again"));
    }
}

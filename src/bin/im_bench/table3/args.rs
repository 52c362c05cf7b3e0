//! What can be asked of the scenario on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::{Place, seconds};
use crate::fleet::{Census, Plan};
use crate::pairs::Qos;

/// Users that one worker takes, unless told otherwise.
const USERS_A_WORKER: u32 = 12_000;
/// What `--quick` makes of it.
const QUICK_USERS: [u32; 2] = [100, 300];

/// Options of `table3`
#[derive(Debug, Clone, Args)]
pub(crate) struct Table3Args {
    /// Version of Mosquitto
    #[arg(long, default_value = "2.1.2")]
    pub(super) broker_version: String,
    /// Folder with a folder for each version, as scripts/brokers.sh makes it
    #[arg(long, env = "MEP_BROKER_CACHE", default_value = ".cache/brokers")]
    pub(super) broker_cache: PathBuf,
    /// The plugin; by default the one beside this program
    #[arg(long)]
    pub(super) plugin: Option<PathBuf>,
    /// The static service's program; by default the one beside this program
    #[arg(long, value_name = "FILE")]
    pub(super) static_service: Option<PathBuf>,
    /// Users online, a row each
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "100,1000,5000,10000,15000,20000,25000,30000,35000",
        value_parser = clap::value_parser!(u32).range(2..=100_000)
    )]
    pub(super) users: Vec<u32>,
    /// Enterprises that they are of
    #[arg(long, default_value_t = 35, value_parser = clap::value_parser!(u32).range(1..=900))]
    pub(super) enterprises: u32,
    /// Brokers that the enterprises are sharded over
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(super) brokers: u32,
    /// Processes that the users are dealt out to; by default one for 12,000 users, and two at least
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(super) workers: Option<u32>,
    /// Members of each group; of 50 users, so many are of one
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=50))]
    pub(super) group_size: u32,
    /// Logins at once
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(super) at_once: u32,
    /// Users who log in by password beside each row's
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(super) password_users: u32,
    /// Messages sent a second, of all users together
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) rate: u32,
    /// Of a hundred messages, how many go to a group
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(super) group_percent: u32,
    /// Of a hundred messages, how many go to a partner in another enterprise
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(super) partner_percent: u32,
    /// Quality of service of the messages; with `both` every other one
    #[arg(long, value_enum, default_value_t = Qos::One)]
    pub(super) qos: Qos,
    /// Seconds of each row's messages
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(super) seconds: Duration,
    /// Afterwards, with all users online: the most messages a second until p99 passes 1 s or something is lost
    #[arg(long)]
    pub(super) limit: bool,
    /// 100 and 300 users, two brokers, little of everything: in less than 40 s, to see that it works
    #[arg(long)]
    pub(super) quick: bool,
    /// Draw delay, loss and logins as SVG and PNG in this folder
    #[arg(long, value_name = "FOLDER")]
    pub(super) plots: Option<PathBuf>,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl Table3Args {
    /// What `--quick` is, on the last of these brokers.
    pub(crate) fn for_smoke(place: &Place) -> Table3Args {
        Table3Args {
            broker_version: place.brokers.last().cloned().unwrap_or_default(),
            broker_cache: place.broker_cache.clone(),
            plugin: place.plugin.clone(),
            static_service: None,
            users: QUICK_USERS.into(),
            enterprises: 35,
            brokers: 2,
            workers: None,
            group_size: 20,
            at_once: 32,
            password_users: 6,
            rate: 200,
            group_percent: 5,
            partner_percent: 5,
            qos: Qos::One,
            seconds: Duration::from_secs(2),
            limit: false,
            quick: true,
            plots: None,
            csv: None,
            json: None,
        }
    }

    /// The same with rows in their order, and small if that is asked for.
    pub(super) fn checked(&self) -> Table3Args {
        let mut args = self.clone();
        if self.quick {
            args.at_most_a_smoke();
        }
        args.users.sort_unstable();
        args.users.dedup();
        args
    }

    fn at_most_a_smoke(&mut self) {
        self.users = QUICK_USERS.into();
        for (size, most) in [
            (&mut self.brokers, 2),
            (&mut self.at_once, 32),
            (&mut self.password_users, 6),
            (&mut self.rate, 200),
        ] {
            *size = (*size).min(most);
        }
        self.seconds = self.seconds.min(Duration::from_secs(2));
    }

    /// Where brokers and plugin are found.
    pub(super) fn place(&self) -> Place {
        Place {
            brokers: vec![self.broker_version.clone()],
            broker_cache: self.broker_cache.clone(),
            plugin: self.plugin.clone(),
            // No peers here, and a fleet has log types of its own.
            peer_cache: PathBuf::new(),
            log_types: Vec::new(),
        }
    }

    /// The most users online.
    fn people(&self) -> u32 {
        self.users.iter().copied().max().unwrap_or(2)
    }

    pub(super) fn workers(&self) -> u32 {
        let enough = self.people().div_ceil(USERS_A_WORKER).max(2);
        self.workers.unwrap_or(enough)
    }

    pub(super) fn census(&self) -> Census {
        let (people, typists) = (self.people(), self.password_users);
        Census::new(
            people,
            typists,
            self.enterprises,
            self.brokers,
            self.group_size,
        )
    }

    /// The messages of a row.
    pub(super) fn plan(&self, online: u32, phase: u32) -> Plan {
        Plan {
            phase,
            online,
            per_second: self.rate,
            time: self.seconds,
            group_percent: self.group_percent,
            partner_percent: self.partner_percent,
            qos: self.qos,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    pub(crate) fn args(more: &[&str]) -> Result<Table3Args, clap::Error> {
        let words = ["im-bench", "table3"].iter().chain(more);
        match Cli::try_parse_from(words)?.command {
            Command::Table3(args) => Ok(args.checked()),
            _ => panic!("not table3"),
        }
    }

    #[test]
    fn defaults_are_the_papers_rows_over_three_brokers() {
        let args = args(&[]).unwrap();
        assert_eq!(args.users.len(), 9);
        assert_eq!((args.people(), args.workers()), (35_000, 3));
        let census = args.census();
        assert_eq!((census.brokers(), census.enterprises()), (3, 35));
        assert_eq!((args.rate, args.seconds.as_secs()), (2000, 10));
        assert_eq!((args.qos, args.at_once), (Qos::One, 256));
    }

    #[test]
    fn rows_come_in_their_order_and_once() {
        let args = args(&["--users", "300,100,300"]).unwrap();
        assert_eq!(args.users, [100, 300]);
        assert_eq!(args.workers(), 2);
    }

    #[test]
    fn quick_is_small_and_never_more_than_asked_for() {
        let args = args(&["--quick", "--rate", "50"]).unwrap();
        assert_eq!(args.users, QUICK_USERS);
        assert_eq!((args.rate, args.seconds.as_secs()), (50, 2));
        assert_eq!(args.census().brokers(), 2);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            &["--users", "1"][..],
            &["--brokers", "0"],
            &["--workers", "17"],
            &["--group-percent", "101"],
            &["--qos", "2"],
        ] {
            assert!(args(bad).is_err(), "{bad:?}");
        }
    }
}

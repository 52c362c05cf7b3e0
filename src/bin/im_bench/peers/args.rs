//! What can be asked of the scenario on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::{Place, milliseconds, seconds};
use crate::rivals::Rival;
use crate::throughput;

/// Options of `peers`
#[derive(Debug, Clone, Args)]
#[command(mut_arg("brokers", |arg| arg.default_value("2.0.21,2.1.2")))]
pub(crate) struct PeersArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Who is compared; each Mosquitto in each version
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "bare,plugin,password-file,dynamic-security,rabbitmq,rabbitmq-cached"
    )]
    pub(crate) rivals: Vec<Rival>,
    /// What they have to do
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "connect,qos0,qos1,fan-out,latency,storm,idle"
    )]
    pub(crate) works: Vec<Work>,
    /// Rounds; in each, every rival is started anew and does every work once, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,
    /// Further rounds of the Mosquittos' throughput and storm alone: to tell a ratio from one, or one tail from another, takes many
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=50))]
    pub(crate) more_rounds: u32,
    /// Seconds of one work that is done as fast as can be
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Seconds of one work that measures latency
    #[arg(long, default_value = "5", value_parser = seconds)]
    pub(crate) talk_seconds: Duration,
    /// Subscribers of the fan-out
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) subscribers: u32,
    /// Pairs of established users, who write at QoS 1
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) pairs: u32,
    /// Messages a second, of all pairs together
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// Logins a second in the storm
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) logins: u32,
    /// Milliseconds that whoever is asked about a login takes in the storm
    #[arg(long, default_value = "300", value_parser = milliseconds)]
    pub(crate) check_ms: Duration,
    /// Idle connections, each with one subscription
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=8000))]
    pub(crate) idle: u32,
    /// One small round with the last of the versions: less than a minute without RabbitMQ
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write the figures to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl PeersArgs {
    /// With what `--quick` cuts down.
    pub(super) fn checked(&self) -> PeersArgs {
        let mut args = self.clone();
        if args.quick {
            let second = Duration::from_secs(1);
            let last = args.place.brokers.len().saturating_sub(1);
            args.place.brokers.drain(..last);
            args.rounds = 1;
            args.more_rounds = 0;
            args.seconds = args.seconds.min(second);
            args.talk_seconds = args.talk_seconds.min(second);
            args.subscribers = args.subscribers.min(50);
            args.pairs = args.pairs.min(10);
            args.rate = args.rate.min(200);
            args.logins = args.logins.min(50);
            args.idle = args.idle.min(200);
        }
        args
    }

    /// What is done in the further rounds; `None` when that is nothing.
    pub(super) fn of_more_rounds(&self) -> Option<PeersArgs> {
        let mut args = self.clone();
        args.rivals.retain(|rival| rival.is_mosquitto());
        args.works
            .retain(|work| work.carried().is_some() || *work == Work::Storm);
        let any = !args.rivals.is_empty() && !args.works.is_empty();
        any.then_some(args)
    }
}

/// What is to be done
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Logins as fast as can be
    Connect,
    /// One user writes to another at QoS 0, as fast as can be
    Qos0,
    /// One user writes to another at QoS 1, as fast as can be
    Qos1,
    /// One user writes to a group at QoS 0, as fast as can be
    FanOut,
    /// Latency of pairs at a fixed rate
    Latency,
    /// The same while others log in, and whoever is asked about them is slow
    Storm,
    /// Memory of idle connections, at a broker of their own
    Idle,
}

impl Work {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Connect => "connect",
            Work::Qos0 => "1 to 1, QoS 0",
            Work::Qos1 => "1 to 1, QoS 1",
            Work::FanOut => "fan-out, QoS 0",
            Work::Latency => "latency",
            Work::Storm => "login storm",
            Work::Idle => "idle connections",
        }
    }

    /// The work of the scenario `throughput` that it is.
    pub(super) fn carried(self) -> Option<throughput::Work> {
        match self {
            Work::Qos0 => Some(throughput::Work::Qos0),
            Work::Qos1 => Some(throughput::Work::Qos1),
            Work::FanOut => Some(throughput::Work::FanOut),
            Work::Connect | Work::Latency | Work::Storm | Work::Idle => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn peers(more: &[&str]) -> PeersArgs {
        let words = ["im-bench", "peers"].iter().chain(more);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Peers(args) => args,
            _ => panic!("not peers"),
        }
    }

    #[test]
    fn defaults_are_the_issues() {
        let args = peers(&[]);
        assert_eq!(args.place.brokers, ["2.0.21", "2.1.2"]);
        assert_eq!((args.subscribers, args.idle, args.logins), (500, 2000, 100));
        assert_eq!(args.check_ms, Duration::from_millis(300));
        assert_eq!((args.rivals.len(), args.works.len()), (6, 7));
        let more = args.of_more_rounds().unwrap();
        assert_eq!((more.rivals.len(), more.works.len()), (4, 4));
        assert!(peers(&["--works", "latency"]).of_more_rounds().is_none());
    }

    #[test]
    fn quick_is_one_small_round_with_the_last_version() {
        let args = peers(&["--quick", "--idle", "20"]).checked();
        assert_eq!(args.place.brokers, ["2.1.2"]);
        assert_eq!((args.rounds, args.idle, args.subscribers), (1, 20, 50));
        assert_eq!(args.more_rounds, 0);
        assert_eq!(args.check_ms, Duration::from_millis(300));
    }
}

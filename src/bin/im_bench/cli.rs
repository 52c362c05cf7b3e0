//! What can be asked for on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::AuditArgs;
use crate::directory::DirectoryArgs;
use crate::mobile::MobileArgs;
use crate::pairs::Qos;
use crate::peers::PeersArgs;
use crate::scaling::ScalingArgs;
use crate::soak::SoakArgs;
use crate::static_side::StaticArgs;
use crate::table3::Table3Args;
use crate::throughput::ThroughputArgs;

/// The word by which this program starts itself as a worker of a fleet.
pub(crate) const FLEET_WORKER: &str = "fleet-worker";

/// The load harness of mosquitto-enterprise-push: its own brokers, its own static service, loopback only
#[derive(Debug, Parser)]
#[command(name = "im-bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Message latency of established users while others log in; connect rates
    Login(LoginArgs),
    /// Messages a second: bare, our plugin, Mosquitto's acl_file and its dynamic-security, in turns
    Throughput(ThroughputArgs),
    /// Message latency of established users while the plugin loads a large directory
    Directory(DirectoryArgs),
    /// Message latency of established users while everything goes on record and nobody takes the records
    Audit(AuditArgs),
    /// What a login and a message cost, against users online, enterprises, groups, group size and topics; fails on
    /// lost messages and failed logins, never on what they cost
    Scaling(ScalingArgs),
    /// The real static service: refresh storms, introspection, address books, the feed; fails on what is lost or
    /// wrong, never on time
    Static(StaticArgs),
    /// Logins, messages, latency and memory beside what else one would pick: bare Mosquitto, its password_file and
    /// acl_file, its dynamic-security, RabbitMQ with HTTP authorisation; in turns
    Peers(PeersArgs),
    /// Bytes on the wire for a login, a message and staying connected: ours, JSON over MQTT, XMPP, HTTP polling
    Mobile(MobileArgs),
    /// The paper's Table 3 again: logins and messages of up to 35,000 users over several brokers; fails on what is
    /// lost or doubled and on who does not get in, never on time
    Table3(Table3Args),
    /// Minutes or hours of random life while things break; fails on what is lost, doubled or heard over a wall
    Soak(SoakArgs),
    /// Users of a fleet, as told on standard input
    #[command(name = FLEET_WORKER, hide = true)]
    FleetWorker,
    /// A little of `login`, `throughput`, `static` and `table3`, less than three minutes; fails on lost messages and
    /// failed good logins, never on time
    Smoke(Place),
}

/// What is run, and where it is found
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Versions of Mosquitto
    #[arg(long, value_delimiter = ',', default_value = "2.0.11,2.0.21,2.1.2")]
    pub(crate) brokers: Vec<String>,
    /// Folder with a folder for each version, as scripts/brokers.sh makes it
    #[arg(long, env = "MEP_BROKER_CACHE", default_value = ".cache/brokers")]
    pub(crate) broker_cache: PathBuf,
    /// Folder of the programs beside Mosquitto, as scripts/rabbitmq.sh and scripts/prosody.sh make it
    #[arg(long, env = "MEP_PEER_CACHE", default_value = ".cache/peers")]
    pub(crate) peer_cache: PathBuf,
    /// The plugin; by default the one beside this program
    #[arg(long)]
    pub(crate) plugin: Option<PathBuf>,
    /// What all brokers log (`error,warning,notice` leaves out the plugin's line for each login); by
    /// default what Mosquitto logs by itself
    #[arg(long, value_delimiter = ',')]
    pub(crate) log_types: Vec<String>,
}

/// Options of `login`
#[derive(Debug, Clone, Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Pairs of established users
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) pairs: u32,
    /// Messages a second, of all pairs together
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// Quality of service of the messages
    #[arg(long, value_enum, default_value_t = Qos::Both)]
    pub(crate) qos: Qos,
    /// Seconds of each phase
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Logins a second in the storms
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) logins: u32,
    /// Milliseconds that a token check takes in the storms of unknown tokens
    #[arg(long, value_delimiter = ',', default_value = "0,100,300,1000", value_parser = milliseconds)]
    pub(crate) delays: Vec<Duration>,
    /// Forged logins a second
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) forged: u32,
    /// Seconds of the phase with forged logins
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub(crate) forged_seconds: Duration,
    /// Rounds of the connect rate, each some seconds bare and as many with the plugin
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,
    /// What brokers to compare
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "bare,plugin,blocking"
    )]
    pub(crate) subjects: Vec<Subject>,
    /// What to do to them
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "announced,unknown,forged,outage,rate"
    )]
    pub(crate) cases: Vec<Case>,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl LoginArgs {
    /// Less than half a minute for three brokers.
    pub(crate) fn for_smoke(place: Place) -> LoginArgs {
        let second = Duration::from_secs(1);
        LoginArgs {
            place,
            pairs: 10,
            rate: 200,
            qos: Qos::Both,
            seconds: second,
            logins: 50,
            delays: vec![Duration::from_millis(50)],
            forged: 100,
            forged_seconds: second,
            rounds: 1,
            subjects: vec![Subject::Plugin],
            cases: vec![Case::Announced, Case::Unknown, Case::Forged],
            csv: None,
            json: None,
        }
    }
}

/// Which broker
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// No plugin, everybody is let in
    Bare,
    /// The plugin
    Plugin,
    /// The plugin made to wait on the broker's thread, as other plugins do
    Blocking,
}

/// Which phases; one with no logins always comes first
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// Tokens announced on the feed before they are used
    Announced,
    /// Tokens never heard of, with each of the delays
    Unknown,
    /// Forged tokens, with some good ones among them
    Forged,
    /// The static service is killed and comes back
    Outage,
    /// As many connects a second as can be, bare and plugin in turns
    Rate,
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    bounded(text, 600).map(Duration::from_secs)
}

pub(crate) fn milliseconds(text: &str) -> Result<Duration, String> {
    bounded(text, 30_000).map(Duration::from_millis)
}

fn bounded(text: &str, most: u64) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(format!("want a whole number up to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(more: &[&str]) -> Result<LoginArgs, clap::Error> {
        let words = ["im-bench", "login"].iter().chain(more);
        match Cli::try_parse_from(words)?.command {
            Command::Login(args) => Ok(args),
            _ => panic!("not login"),
        }
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let args = login(&[]).unwrap();
        assert_eq!(args.place.brokers, ["2.0.11", "2.0.21", "2.1.2"]);
        assert_eq!((args.pairs, args.rate, args.logins), (50, 500, 200));
        assert_eq!(args.seconds, Duration::from_secs(10));
        let ms: Vec<u128> = args.delays.iter().map(Duration::as_millis).collect();
        assert_eq!(ms, [0, 100, 300, 1000]);
        assert_eq!(
            (args.qos, args.subjects.len(), args.cases.len()),
            (Qos::Both, 3, 5)
        );
    }

    #[test]
    fn lists_are_comma_separated() {
        let args = login(&[
            "--brokers",
            "2.1.2",
            "--cases",
            "rate,unknown",
            "--qos",
            "1",
        ])
        .unwrap();
        assert_eq!(args.place.brokers, ["2.1.2"]);
        assert_eq!(args.cases, [Case::Rate, Case::Unknown]);
        assert_eq!(args.qos, Qos::One);
    }

    #[test]
    fn load_is_bounded_and_nonsense_refused() {
        for bad in [
            ["--rate", "20001"],
            ["--pairs", "0"],
            ["--logins", "many"],
            ["--seconds", "601"],
            ["--delays", "0,-1"],
            ["--cases", "everything"],
        ] {
            assert!(login(&bad).is_err(), "{bad:?}");
        }
    }
}

//! What can be asked of the scenario on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::{Place, milliseconds};
use crate::rivals::Rival;

/// Options of `throughput`
#[derive(Debug, Clone, Args)]
pub(crate) struct ThroughputArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How often all rivals are started: where its memory comes to lie makes a broker some per cent quicker or slower for as
    /// long as it runs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) starts: u32,
    /// Rounds after each start; in each, every rival does every work once, in turns
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
    /// Milliseconds of one work of one rival in one round; short ones keep what else happens on the machine out of the ratios
    #[arg(long, default_value = "200", value_parser = milliseconds)]
    pub(crate) slice_ms: Duration,
    /// Subscribers of the fan-out
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) subscribers: u32,
    /// What brokers to compare
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "bare,plugin,acl-file,dynamic-security"
    )]
    pub(crate) rivals: Vec<Rival>,
    /// What they have to do
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "qos0,many,qos1,fan-out"
    )]
    pub(crate) works: Vec<Work>,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

/// What is to be carried
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// One user writes to another at QoS 0
    Qos0,
    /// One user writes to many in turn at QoS 0: no message goes where the one before went
    Many,
    /// One user writes to another at QoS 1
    Qos1,
    /// One user writes to a group at QoS 0
    FanOut,
}

impl Work {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Qos0 => "1 to 1, QoS 0",
            Work::Many => "to 50 in turn, QoS 0",
            Work::Qos1 => "1 to 1, QoS 1",
            Work::FanOut => "fan-out, QoS 0",
        }
    }
}

impl ThroughputArgs {
    /// Our plugin alone, about twenty seconds for three brokers.
    pub(crate) fn for_smoke(place: Place) -> ThroughputArgs {
        ThroughputArgs {
            place,
            starts: 1,
            rounds: 1,
            slice_ms: Duration::from_millis(300),
            subscribers: 20,
            rivals: vec![Rival::Plugin],
            works: vec![Work::Qos0, Work::Many, Work::Qos1, Work::FanOut],
            csv: None,
            json: None,
        }
    }
}

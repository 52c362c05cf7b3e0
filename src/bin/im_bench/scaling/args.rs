//! What can be asked of the scenario on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

/// Options of `scaling`
#[derive(Debug, Clone, Args)]
pub(crate) struct ScalingArgs {
    /// Version of Mosquitto
    #[arg(long, default_value = "2.1.2")]
    pub(super) broker: String,
    /// Folder with a folder for each version, as scripts/brokers.sh makes it
    #[arg(long, env = "MEP_BROKER_CACHE", default_value = ".cache/brokers")]
    pub(super) broker_cache: PathBuf,
    /// The plugin; by default the one beside this program
    #[arg(long)]
    pub(super) plugin: Option<PathBuf>,
    /// What is made larger, everything else being as it is
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "online,enterprises,groups,group-size,topics"
    )]
    pub(super) dimensions: Vec<Dimension>,
    /// Rounds; in each, every size meets a new bare broker and a new one with the plugin
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(super) rounds: u32,
    /// Milliseconds of logins, and as many of messages, at each size in each round
    #[arg(long, default_value = "400", value_parser = milliseconds)]
    pub(super) slice_ms: Duration,
    /// One round of small sizes, in less than 40 s, to see that it works
    #[arg(long)]
    pub(super) quick: bool,
    /// Write charts into this folder, as SVG and PNG
    #[arg(long, value_name = "FOLDER")]
    pub(super) plots: Option<PathBuf>,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl ScalingArgs {
    /// The same, small if that was asked for.
    pub(super) fn settled(&self) -> ScalingArgs {
        let mut args = self.clone();
        if self.quick {
            args.rounds = 1;
            args.slice_ms = args.slice_ms.min(Duration::from_millis(80));
        }
        args
    }

    /// The sizes of a dimension.
    pub(super) fn sizes(&self, dimension: Dimension) -> &'static [u32] {
        if self.quick {
            dimension.small_sizes()
        } else {
            dimension.sizes()
        }
    }
}

/// What is made larger
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Dimension {
    /// Users online, who do nothing
    Online,
    /// Enterprises in the directory beside the one measured, the same users in them
    Enterprises,
    /// Groups of 50 in the directory
    Groups,
    /// Members of each group; messages go to a group, and count for each delivery
    GroupSize,
    /// Topics with a retained message, each with a subscription
    Topics,
}

impl Dimension {
    /// What it is called on the command line and in file names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Dimension::Online => "online",
            Dimension::Enterprises => "enterprises",
            Dimension::Groups => "groups",
            Dimension::GroupSize => "group-size",
            Dimension::Topics => "topics",
        }
    }

    /// What is counted.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Dimension::Online => "users online",
            Dimension::Enterprises => "enterprises",
            Dimension::Groups => "groups",
            Dimension::GroupSize => "members of each group",
            Dimension::Topics => "retained topics with a subscription each",
        }
    }

    fn sizes(self) -> &'static [u32] {
        match self {
            Dimension::Online => &[100, 500, 2000, 8000, 16_000],
            Dimension::Enterprises => &[1, 10, 100, 300, 1000],
            Dimension::Groups => &[10, 100, 1000, 3000, 10_000],
            Dimension::GroupSize => &[2, 10, 100, 500, 2000],
            Dimension::Topics => &[100, 1000, 10_000, 30_000, 100_000],
        }
    }

    fn small_sizes(self) -> &'static [u32] {
        match self {
            Dimension::Online => &[100, 200, 400],
            Dimension::Enterprises => &[1, 10, 100],
            Dimension::Groups => &[10, 30, 100],
            Dimension::GroupSize => &[2, 10, 50],
            Dimension::Topics => &[100, 300, 1000],
        }
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number @ 1..=10_000) => Ok(Duration::from_millis(number)),
        _ => Err("want a whole number from 1 to 10000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(more: &[&str]) -> Result<ScalingArgs, clap::Error> {
        let words = ["im-bench", "scaling"].iter().chain(more);
        match Cli::try_parse_from(words)?.command {
            Command::Scaling(args) => Ok(args.settled()),
            _ => panic!("not scaling"),
        }
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let args = args(&[]).unwrap();
        assert_eq!((args.broker.as_str(), args.rounds), ("2.1.2", 5));
        assert_eq!(args.slice_ms, Duration::from_millis(400));
        assert_eq!(args.dimensions.len(), 5);
        assert_eq!(args.sizes(Dimension::Online).last(), Some(&16_000));
    }

    #[test]
    fn quick_is_one_round_of_small_sizes() {
        let args = args(&["--quick", "--rounds", "9"]).unwrap();
        assert_eq!((args.rounds, args.slice_ms.as_millis()), (1, 80));
        for dimension in &args.dimensions {
            assert!(args.sizes(*dimension).iter().all(|size| *size <= 1000));
        }
    }

    #[test]
    fn names_on_the_command_line_are_those_of_the_files() {
        for dimension in Dimension::value_variants() {
            let args = args(&["--dimensions", dimension.name()]).unwrap();
            assert_eq!(args.dimensions, [*dimension]);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            ["--dimensions", "time"],
            ["--rounds", "0"],
            ["--slice-ms", "10001"],
        ] {
            assert!(args(&bad).is_err(), "{bad:?}");
        }
    }
}

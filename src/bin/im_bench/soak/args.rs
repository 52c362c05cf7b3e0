//! Options of `soak`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Place;

/// Options of `soak`
#[derive(Debug, Clone, Args)]
pub(crate) struct SoakArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Minutes of random life for each version of Mosquitto
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub(crate) minutes: u32,
    /// What all that is random follows from; by default another one each time, which the report names
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Deeds a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rate: u32,
    /// Leave the broker's clocks alone
    #[arg(long)]
    pub(crate) steady_clock: bool,
    /// Stop the broker and start it again four times a minute; its memory is not judged then
    #[arg(long, requires = "steady_clock")]
    pub(crate) restarts: bool,
    /// Write into this folder, for each version, what happened when and all that the broker logs
    #[arg(long)]
    pub(crate) diary: Option<PathBuf>,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

//! What can be asked of the scenario on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Place;

/// Options of `mobile`
#[derive(Debug, Clone, Args)]
#[command(mut_arg("brokers", |arg| arg.default_value("2.1.2").help("Version of Mosquitto; of several the first")))]
pub(crate) struct MobileArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The program of the static service, for polling; by default the one beside this program
    #[arg(long)]
    pub(crate) static_service: Option<PathBuf>,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl MobileArgs {
    /// The version that is used.
    pub(super) fn version(&self) -> &str {
        self.place.brokers.first().map_or("", String::as_str)
    }
}

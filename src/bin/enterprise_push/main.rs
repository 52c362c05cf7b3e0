//! `enterprise-push`, the operator's program: checks a configuration, explains decisions, translates other plugins'
//! settings. What it promises to scripts stands in `docs/operator-program.md`.
//!
//! | module | what it is for |
//! |---|---|
//! | `cli`, `names`, `version` | the command line, as typed |
//! | `broker_conf` | a mosquitto.conf as Mosquitto reads it |
//! | `check`, `explain`, `convert` | the three commands |
//! | `output` | the only place that prints |
//!
//! It stands on the plugin's own rooms, so that it can say nothing else than the plugin does: options are checked by
//! `config`, the static service is asked by `upstream`, decisions are explained by `engine`.

mod broker_conf;
mod check;
mod cli;
mod convert;
mod explain;
mod names;
mod output;
mod version;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Fine, or allowed.
    Good,
    /// Errors were found, or it is denied.
    Bad,
}

/// It could not be done.
const NOT_DONE: u8 = 3;

fn main() -> ExitCode {
    if let Some(done) = mosquitto_enterprise_push::manual::written::<Cli>() {
        return done;
    }
    let cli = Cli::parse();
    // The only other way to have a provider is that somebody installed one: that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(cli.command) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::FAILURE,
        Err(error) => {
            output::failure(&error);
            ExitCode::from(NOT_DONE)
        }
    }
}

fn run(command: Command) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match command {
        Command::Check(args) => runtime.block_on(check::run(&args)),
        Command::Explain(args) => runtime.block_on(explain::run(&args)),
        Command::Convert(args) => convert::run(&args),
    }
}

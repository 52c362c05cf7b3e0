//! `im`, the terminal client of the push and messaging system, in the role of a PC or a phone.
//!
//! A program on top of the library's `protocol` room; it knows nothing of the plugin. Data flows one
//! way: command line -> [`cli`] -> [`commands`] -> ([`session`] -> [`link`] or [`control`]) ->
//! [`report`] -> [`output`]. What it promises to scripts stands in `docs/client.md`.

mod book;
mod cli;
mod cli_kept;
mod clock;
mod commands;
mod content;
mod control;
mod credentials;
mod destination;
mod event;
mod failure;
mod history;
mod keeping;
mod key_cache;
mod letter;
mod link;
mod names;
mod outbox;
mod output;
mod profile;
mod report;
mod report_json;
mod report_kept;
mod report_text;
mod roster;
mod sanitise;
mod screen;
mod secret;
mod sequence;
mod session;
mod static_service;
mod store;
mod transfer;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use failure::Failure;
use output::Output;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if let Some(done) = mosquitto_enterprise_push::manual::written::<Cli>() {
        return done;
    }
    let cli = Cli::parse();
    let mut output = Output::new(cli.json);
    // The only other way to have a provider is that somebody installed one: that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = commands::run(cli, &mut output).await;
    credentials::settle().await;
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, &mut output),
    }
}

/// Says what went wrong and with which exit code; a reader that has gone away is told nothing.
fn report(failure: &Failure, output: &mut Output) -> ExitCode {
    if !failure.is_broken_pipe() {
        output.failure(failure);
    }
    ExitCode::from(failure.exit_code())
}

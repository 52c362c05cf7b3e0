//! `static-service`: the reference static service. It keeps accounts, issues and checks login tokens,
//! and tells brokers of changes by the control feed.
//!
//! | module | what it is for |
//! |---|---|
//! | `serve`, `admin` | the two commands |
//! | `database`, `account_args` | which database they work on, and how accounts are kept, as typed |
//! | `http` | routes and handlers, the wire types of both sides |
//! | `feed` | events, listeners, streams |
//! | `storage` | the only SQL |
//! | `journal` | what the service writes down of its own doings |
//! | `files` | the bytes of shared files, on the disk |
//! | `listing`, `address_book` | entries of administrators' lists, and of address books |
//! | `identity`, `profile`, `broker_url`, `secret`, `clock` | values: checked names, texts and addresses, redacted secrets, time |
//! | `password`, `refresh_token`, `service_key` | values: hashes, what a token means, the key behind derived secrets |

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

mod account_args;
mod address_book;
mod admin;
mod broker_url;
mod clock;
mod database;
mod feed;
mod files;
mod http;
mod identity;
mod journal;
mod listing;
mod password;
mod profile;
mod refresh_token;
mod secret;
mod serve;
mod service_key;
mod storage;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use serve::LogFormat;

/// Threads for what blocks: short reads, writes and syncs of files, and password hashes, which `password` limits
/// to fewer. They come when needed and go when idle. A disk that hangs holds up to so many.
const BLOCKING_THREADS: usize = 128;
/// How long the end of the service waits for them.
const BLOCKING_END: Duration = Duration::from_millis(500);

/// The reference static service of mosquitto-enterprise-push
#[derive(Debug, Parser)]
#[command(name = "static-service", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve clients and brokers
    Serve(serve::ServeArgs),
    /// Administer a database, also while it is served
    Admin(admin::AdminArgs),
}

impl Command {
    fn log_format(&self) -> LogFormat {
        match self {
            Command::Serve(args) => args.log_format(),
            Command::Admin(_) => LogFormat::Text,
        }
    }
}

fn main() -> ExitCode {
    if let Some(done) = mosquitto_enterprise_push::manual::written::<Cli>() {
        return done;
    }
    let cli = Cli::parse();
    start_logging(cli.command.log_format());
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match command {
            Command::Serve(args) => serve::serve(args).await,
            Command::Admin(args) => admin::admin(args).await,
        }
    });
    runtime.shutdown_timeout(BLOCKING_END);
    done
}

#[allow(clippy::print_stderr)] // A command line program's last word.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("static-service: {error:#}");
    ExitCode::FAILURE
}

/// Logs go to standard error; `RUST_LOG` says which (default: warnings, and what `serve` tells).
fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,static_service=info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .init(),
    }
}

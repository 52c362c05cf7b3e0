//! The feed: so many token issues a second, and how soon each broker has heard of them.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::args::StaticArgs;
use super::listener::Listener;
use super::population::{Population, Session};
use super::receipts::{Issued, tally};
use super::refresh::tell;
use super::report::{Row, StaticReport};
use super::visits::TokenRequests;
use crate::installation::load::{self, Pace};
use crate::installation::{Hashes, Services};

const WORK: &str = "feed";
/// Users who ask for tokens, in turns.
const USERS: u32 = 500;

pub(super) fn run(
    args: &StaticArgs,
    runtime: &Runtime,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let installation = super::install(args)?;
    let broker = installation.broker()?;
    let count = USERS.min(args.users);
    let users = Population::import(&installation, "u", count, Hashes::Cheap)?;
    let sessions = users.log_in(&installation, runtime, count)?;
    let services = installation.serve(Hashes::Owasp)?;
    runtime.block_on(measure(args, &services, sessions, &broker, report))
}

async fn measure(
    args: &StaticArgs,
    services: &Services,
    sessions: Vec<Session>,
    broker: &str,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let to = services.addresses();
    let listeners = Listener::follow(&to, args.listeners, broker).await?;
    // Each is one event.
    let issues = Arc::new(TokenRequests::of(sessions));
    let before = services.usage();
    let pace = Pace::At {
        per_second: args.events,
        time: args.seconds,
    };
    let load = load::run(&to, args.connections, pace, &issues).await?;
    let issued = Issued::all(&issues.got.numbered());
    let came = Listener::settle(listeners, issued.len()).await;
    let what = format!(
        "{} tokens/s issued, {} listeners",
        args.events, args.listeners
    );
    report.row(Row::new(WORK, what, &load, &before, &services.usage()));
    tell(load.why.as_deref());
    let tally = tally(&issued, &came);
    for (what, latency) in [
        (
            "from sending the request to each listener",
            &tally.since_sent,
        ),
        (
            "from the client's answer to each listener (0: before it)",
            &tally.since_answer,
        ),
    ] {
        report.row(Row::of_latency(WORK, what, to.len(), latency));
    }
    report.check_tally(WORK, &tally);
    Ok(())
}

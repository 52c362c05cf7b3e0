//! The feed: so many token issues a second, and how soon each broker has heard of them.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::args::StaticArgs;
use super::client::{Answer, Ask};
use super::installation::{Hashes, Installation, Services};
use super::listener::Listener;
use super::load::{self, Pace, Times, Visits};
use super::population::{Given, Population, Session, Token, ask_for_token};
use super::receipts::{Issued, tally};
use super::refresh::tell;
use super::report::{Row, StaticReport};
use crate::people::hex;
use mosquitto_enterprise_push::engine::digest;

const WORK: &str = "feed";
/// Users who ask for tokens, in turns.
const USERS: u32 = 500;

/// Token issues: each is one event.
struct Issues {
    sessions: Vec<Session>,
    issued: Given<Issued>,
}

impl Visits for Issues {
    fn ask(&self, number: u32) -> Ask {
        let session = self
            .sessions
            .get(number as usize % self.sessions.len().max(1));
        session.map_or_else(|| Ask::get("/"), ask_for_token)
    }

    fn take(&self, number: u32, answer: &Answer, times: Times) -> anyhow::Result<()> {
        let token: Token = answer.json()?;
        let digest = hex(digest(&token.token));
        self.issued.keep(number, Issued { digest, times });
        Ok(())
    }
}

pub(super) fn run(
    args: &StaticArgs,
    runtime: &Runtime,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let installation = Installation::new(args)?;
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
    let issues = Arc::new(Issues {
        sessions,
        issued: Given::new(),
    });
    let before = services.usage();
    let pace = Pace::At {
        per_second: args.events,
        time: args.seconds,
    };
    let load = load::run(&to, args.connections, pace, &issues).await?;
    let issued = issues.issued.in_order();
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
            "from the token's intended time to each listener",
            &tally.since_due,
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

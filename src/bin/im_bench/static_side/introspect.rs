//! Token checks a second, the service on one core and the load on the others.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::args::StaticArgs;
use super::client::{Answer, Ask};
use super::cores::Cores;
use super::installation::{Hashes, Installation, Services};
use super::load::{self, Pace, Times, Visits};
use super::population::{
    Given, Introspections, Population, Session, Token, all_right, ask_for_token,
};
use super::refresh::tell;
use super::report::{Row, StaticReport};

const WORK: &str = "introspect";
/// Users whose tokens are checked, in turns.
const USERS: u32 = 1000;

/// Tokens by session, one each.
struct Tokens {
    sessions: Vec<Session>,
    got: Given<Token>,
}

impl Visits for Tokens {
    fn ask(&self, number: u32) -> Ask {
        let session = self.sessions.get(number as usize);
        session.map_or_else(|| Ask::get("/"), ask_for_token)
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        self.got.keep(number, answer.json()?);
        Ok(())
    }
}

pub(super) fn run(
    args: &StaticArgs,
    runtime: &Runtime,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let cores = Cores::share()?;
    let installation = Installation::new(args)?;
    let broker = installation.broker()?;
    let count = USERS.min(args.users);
    let users = Population::import(&installation, "u", count, Hashes::Cheap)?;
    let sessions = users.log_in(&installation, runtime, count)?;
    let services = installation.serve_on(&cores)?;
    let _off = cores.stay_off()?;
    runtime.block_on(measure(args, &services, sessions, broker, report))
}

async fn measure(
    args: &StaticArgs,
    services: &Services,
    sessions: Vec<Session>,
    broker: String,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let (to, connections) = (services.addresses(), args.connections);
    let count = u32::try_from(sessions.len())?;
    let got = Given::new();
    let tokens = Arc::new(Tokens { sessions, got });
    let load = load::run(&to, connections, Pace::Each(count), &tokens).await?;
    all_right("login tokens", &load)?;
    let checks = Arc::new(Introspections::of(tokens.got.in_order(), broker));
    let before = services.usage();
    let load = load::run(&to, connections, Pace::For(args.seconds), &checks).await?;
    let what = format!("introspection on one core, {connections} connections");
    report.row(Row::new(WORK, what, &load, &before, &services.usage()));
    tell(load.why.as_deref());
    Ok(())
}

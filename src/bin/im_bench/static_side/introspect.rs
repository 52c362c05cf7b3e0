//! Token checks a second, the service on one core and the load on the others.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::args::StaticArgs;
use super::population::{Population, Session};
use super::refresh::tell;
use super::report::{Row, StaticReport};
use super::visits::{Introspections, TokenRequests};
use crate::cores::Cores;
use crate::installation::load::{self, Pace, all_right};
use crate::installation::{Hashes, Services};

const WORK: &str = "introspect";
/// Users whose tokens are checked, in turns.
const USERS: u32 = 1000;

pub(super) fn run(
    args: &StaticArgs,
    runtime: &Runtime,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let cores = Cores::share()?;
    let installation = super::install(args)?;
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
    let tokens = Arc::new(TokenRequests::of(sessions));
    let load = load::run(&to, connections, Pace::Each(count), &tokens).await?;
    all_right("login tokens", &load)?;
    let tokens = tokens.got.numbered().into_iter();
    let tokens = tokens.map(|(_, (token, _))| token).collect();
    let checks = Arc::new(Introspections::of(tokens, broker));
    let before = services.usage();
    let load = load::run(&to, connections, Pace::For(args.seconds), &checks).await?;
    let what = format!("introspection on one core, {connections} connections");
    report.row(Row::new(WORK, what, &load, &before, &services.usage()));
    tell(load.why.as_deref());
    Ok(())
}

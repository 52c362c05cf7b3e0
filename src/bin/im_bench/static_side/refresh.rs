//! The storm: everybody comes with a refresh token and wants a login token. Beside it, logins by password.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::args::{StaticArgs, Work};
use super::listener::Listener;
use super::population::{Population, Session};
use super::receipts::{Issued, tally};
use super::report::{Row, StaticReport};
use super::visits::{Introspections, Logins, Token};
use crate::installation::client::{Answer, Ask};
use crate::installation::load::{self, Given, Pace, Times, Visits};
use crate::installation::{Hashes, Services};
use crate::output::progress;

const WORK: &str = "refresh";
/// Logins by password at once: few enough that none waits until the service refuses it.
const PASSWORDS_AT_ONCE: u32 = 16;

/// Refreshes, each with the token of another user.
struct Refreshes {
    sessions: Vec<Session>,
    got: Given<(Token, Times)>,
}

/// What matters of the answer.
#[derive(Deserialize)]
struct Refreshed {
    login: Token,
    refresh_token: String,
}

impl Visits for Refreshes {
    fn ask(&self, number: u32) -> Ask {
        let session = self.sessions.get(number as usize);
        let presented = session.and_then(|session| session.refresh_token.as_deref());
        Ask::post(
            "/api/v1/refresh",
            &json!({"refresh_token": presented, "login_token": true}),
        )
    }

    fn take(&self, number: u32, answer: &Answer, times: Times) -> anyhow::Result<()> {
        let refreshed: Refreshed = answer.json()?;
        let session = self.sessions.get(number as usize);
        let old = session.and_then(|session| session.refresh_token.as_ref());
        anyhow::ensure!(
            old != Some(&refreshed.refresh_token),
            "the same refresh token came back"
        );
        self.got.keep(number, (refreshed.login, times));
        Ok(())
    }
}

pub(super) fn run(
    args: &StaticArgs,
    runtime: &Runtime,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let installation = super::install(args)?;
    let broker = installation.broker()?;
    let users = Population::import(&installation, "u", args.users, Hashes::Cheap)?;
    let typists = Population::import(&installation, "p", args.password_users, Hashes::Owasp)?;
    progress(&format!("{} users are in", users.count + typists.count));
    let sessions = users.log_in(&installation, runtime, users.count)?;
    progress("all have refresh tokens");
    let services = installation.serve(Hashes::Owasp)?;
    runtime.block_on(storm(args, &services, &users, sessions, broker, report))?;
    drop(services);
    let services = installation.serve(Hashes::Owasp)?;
    runtime.block_on(by_password(&services, &typists, report))
}

async fn storm(
    args: &StaticArgs,
    services: &Services,
    users: &Population,
    sessions: Vec<Session>,
    broker: String,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let to = services.addresses();
    let listeners = Listener::follow(&to, u32::from(args.replicas), &broker).await?;
    let refreshes = Arc::new(Refreshes {
        sessions,
        got: Given::new(),
    });
    let before = services.usage();
    let load = load::run(&to, args.connections, Pace::Each(args.users), &refreshes).await?;
    let what = format!(
        "login token by refresh token, {} connections",
        args.connections
    );
    report.row(Row::new(WORK, what, &load, &before, &services.usage()));
    tell(load.why.as_deref());

    let got = refreshes.got.numbered();
    let wrong = got
        .iter()
        .filter(|(number, (t, _))| t.client_id != users.client_id(*number));
    report.check(
        WORK,
        "tokens of somebody else",
        wrong.count() as u64,
        args.users.into(),
    );
    let issued = Issued::all(&got);
    let came = Listener::settle(listeners, issued.len()).await;
    report.check_tally(WORK, &tally(&issued, &came));

    let tokens: Vec<Token> = got.into_iter().map(|(_, (token, _))| token).collect();
    let count = u32::try_from(tokens.len())?;
    let checks = Arc::new(Introspections::of(tokens, broker));
    let load = load::run(&to, args.connections, Pace::Each(count), &checks).await?;
    tell(load.why.as_deref());
    report.check(
        WORK,
        "tokens that introspection refuses",
        load.failed,
        count.into(),
    );
    Ok(())
}

async fn by_password(
    services: &Services,
    typists: &Population,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let logins = Arc::new(Logins::of(typists));
    let before = services.usage();
    let pace = Pace::Each(typists.count);
    let load = load::run(&services.addresses(), PASSWORDS_AT_ONCE, pace, &logins).await?;
    let what = format!("login by password, {PASSWORDS_AT_ONCE} connections");
    report.row(Row::new(
        Work::Refresh.name(),
        what,
        &load,
        &before,
        &services.usage(),
    ));
    tell(load.why.as_deref());
    Ok(())
}

/// Why something failed.
pub(super) fn tell(why: Option<&str>) {
    if let Some(why) = why {
        progress(&format!("the first failure: {why}"));
    }
}

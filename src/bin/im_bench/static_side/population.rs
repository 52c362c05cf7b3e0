//! Who is in an installation: users with one device each, put in by `admin user import` and logged in by
//! password.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::client::{Answer, Ask};
use super::installation::{Hashes, Installation};
use super::load::{self, Load, Pace, Times, Visits};

/// Everybody's password: long enough for the service's rules.
const PASSWORD: &str = "im-bench's own password";
/// Everybody's device, and its kind.
const DEVICE: &str = "pc";
const KIND: &str = "pc";

/// Logins at once, while users are put in.
const LOGINS_AT_ONCE: u32 = 64;

/// Users of one kind.
#[derive(Debug, Clone)]
pub(super) struct Population {
    /// What their names begin with.
    pub(super) kind: &'static str,
    pub(super) count: u32,
    eid: String,
}

/// What a login brings.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Session {
    pub(super) session_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) address_book: Book,
}

/// Where the address book stood.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Book {
    pub(super) version: u64,
}

/// A login token and whose it is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) client_id: String,
}

impl Population {
    /// Puts them in; `hashes` says what their passwords' hashes cost.
    pub(super) fn import(
        to: &Installation,
        kind: &'static str,
        count: u32,
        hashes: Hashes,
    ) -> anyhow::Result<Population> {
        let eid = to.eid.clone();
        let population = Population { kind, count, eid };
        to.admin(hashes, &["user", "import", "-"], &population.lines())?;
        Ok(population)
    }

    fn lines(&self) -> String {
        (0..self.count).fold(String::new(), |mut lines, number| {
            let line = json!({
                "username": self.username(number), "password": PASSWORD,
                "name": format!("Employee {number}"), "title": "Member of staff",
                "phone": format!("+49 30 1{number:06}"),
                "email": format!("{}@bench.example", self.uid(number)),
            });
            let _ = writeln!(lines, "{line}");
            lines
        })
    }

    pub(super) fn uid(&self, number: u32) -> String {
        format!("{}{number:05}", self.kind)
    }

    pub(super) fn username(&self, number: u32) -> String {
        format!("{}@{}", self.uid(number), self.eid)
    }

    pub(super) fn client_id(&self, number: u32) -> String {
        format!("{}:{DEVICE}", self.username(number))
    }

    /// Logs the first `count` in by password, each once; fails unless all get in. Processes of their own, for
    /// whom hashes are cheap: otherwise each login would hash anew what was put in cheaply.
    pub(super) fn log_in(
        &self,
        to: &Installation,
        runtime: &Runtime,
        count: u32,
    ) -> anyhow::Result<Vec<Session>> {
        let services = to.serve(Hashes::Cheap)?;
        let to = services.addresses();
        let logins = Arc::new(Logins::of(self));
        let load = load::run(&to, LOGINS_AT_ONCE, Pace::Each(count), &logins);
        all_right("logins by password", &runtime.block_on(load)?)?;
        Ok(logins.given.in_order())
    }
}

/// Asks for a login token by a session.
pub(super) fn ask_for_token(session: &Session) -> Ask {
    let device = json!({"device": DEVICE, "kind": KIND});
    Ask::post("/api/v1/token", &device).bearer(&session.session_token)
}

/// Fails when anything of a preparation did.
pub(super) fn all_right(what: &str, load: &Load) -> anyhow::Result<()> {
    if let Some(why) = &load.why {
        bail!(
            "{what}: {} of {} failed: {why}",
            load.failed,
            load.failed + load.done
        );
    }
    Ok(())
}

/// What came for each number.
#[derive(Debug)]
pub(super) struct Given<T>(Mutex<Vec<(u32, T)>>);

impl<T: Clone> Given<T> {
    pub(super) fn new() -> Given<T> {
        Given(Mutex::new(Vec::new()))
    }

    pub(super) fn keep(&self, number: u32, value: T) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((number, value));
    }

    /// All of them with their numbers, in order.
    pub(super) fn numbered(&self) -> Vec<(u32, T)> {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        all.sort_by_key(|(number, _)| *number);
        all
    }

    /// All of them, in the order of the numbers.
    pub(super) fn in_order(&self) -> Vec<T> {
        self.numbered()
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    }
}

/// Logins by password, with a device.
pub(super) struct Logins {
    who: Population,
    given: Given<Session>,
}

impl Logins {
    pub(super) fn of(who: &Population) -> Logins {
        Logins {
            who: who.clone(),
            given: Given::new(),
        }
    }
}

impl Visits for Logins {
    fn ask(&self, number: u32) -> Ask {
        let login = json!({
            "username": self.who.username(number), "password": PASSWORD, "device": DEVICE, "kind": KIND,
        });
        Ask::post("/api/v1/login", &login)
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        self.given.keep(number, answer.json()?);
        Ok(())
    }
}

/// Token checks, as a broker makes them; each must tell the token's own user.
pub(super) struct Introspections {
    tokens: Vec<Token>,
    authorization: String,
}

/// What matters of a verdict.
#[derive(Deserialize)]
struct Verdict {
    active: bool,
    uid: Option<String>,
    eid: Option<String>,
    device: Option<String>,
}

impl Introspections {
    pub(super) fn of(tokens: Vec<Token>, authorization: String) -> Introspections {
        Introspections {
            tokens,
            authorization,
        }
    }

    fn token(&self, number: u32) -> Option<&Token> {
        self.tokens.get(number as usize % self.tokens.len().max(1))
    }
}

impl Visits for Introspections {
    fn ask(&self, number: u32) -> Ask {
        // Tokens are base64url, client ids have `@` and `:`, which a form may hold as they are.
        let form = self
            .token(number)
            .map_or(String::new(), |Token { token, client_id }| {
                format!("token={token}&token_type_hint=login_token&client_id={client_id}")
            });
        Ask::form("/oauth2/introspect", form).authorized(self.authorization.clone())
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        let verdict: Verdict = answer.json()?;
        let name =
            (verdict.uid.as_deref().zip(verdict.eid.as_deref())).zip(verdict.device.as_deref());
        let told = name.map(|((uid, eid), device)| format!("{uid}@{eid}:{device}"));
        let own = self.token(number).map(|token| token.client_id.clone());
        if !verdict.active || told != own {
            bail!("active: {}, of {told:?}, not of {own:?}", verdict.active);
        }
        Ok(())
    }
}

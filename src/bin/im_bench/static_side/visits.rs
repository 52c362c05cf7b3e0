//! What several works ask for: logins by password, login tokens, token checks.

use anyhow::bail;
use serde::Deserialize;

use super::population::{Population, Session};
use crate::installation::client::{Answer, Ask};
use crate::installation::load::{Given, Times, Visits};

/// A login token and whose it is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) client_id: String,
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

    /// What they brought, in the order of the users.
    pub(super) fn sessions(&self) -> Vec<Session> {
        let given = self.given.numbered().into_iter();
        given.map(|(_, session)| session).collect()
    }
}

impl Visits for Logins {
    fn ask(&self, number: u32) -> Ask {
        self.who.login(number)
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        self.given.keep(number, answer.json()?);
        Ok(())
    }
}

/// Login tokens by session, in turns.
pub(super) struct TokenRequests {
    sessions: Vec<Session>,
    pub(super) got: Given<(Token, Times)>,
}

impl TokenRequests {
    pub(super) fn of(sessions: Vec<Session>) -> TokenRequests {
        TokenRequests {
            sessions,
            got: Given::new(),
        }
    }
}

impl Visits for TokenRequests {
    fn ask(&self, number: u32) -> Ask {
        let session = self
            .sessions
            .get(number as usize % self.sessions.len().max(1));
        session.map_or_else(|| Ask::get("/"), Session::ask_for_token)
    }

    fn take(&self, number: u32, answer: &Answer, times: Times) -> anyhow::Result<()> {
        self.got.keep(number, (answer.json()?, times));
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

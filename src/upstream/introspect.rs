//! Token check by introspection (RFC 7662).

use std::time::{SystemTime, UNIX_EPOCH};

use super::http::{StaticService, expect_ok, read_all};
use super::{UpstreamError, wire};
use crate::config::{Introspection, Secret, Sends};
use crate::protocol::contract::Verdict;

/// What is asked about a token.
#[derive(Debug, Clone)]
pub struct Question {
    /// The login token.
    pub token: Secret,
    /// The MQTT user name with which it came.
    pub username: String,
    /// The MQTT client id with which it came; empty when the broker does not show it.
    pub client_id: String,
    /// The peer's address, empty when the broker does not know it.
    pub peer: String,
}

/// What a probe asks about. Not a token: a service answers `active: false`.
const PROBE: &str = "probe";

impl StaticService {
    /// Whether the static service answers: an introspection that must come out as inactive.
    pub async fn probe(&self) -> Result<(), UpstreamError> {
        let question = Question {
            token: Secret::new(PROBE.to_owned()),
            username: String::new(),
            client_id: String::new(),
            peer: String::new(),
        };
        self.introspect(&question).await.map(|_| ())
    }

    /// Asks whose token this is. Everything but a complete, well-formed answer is an error.
    pub async fn introspect(&self, question: &Question) -> Result<Verdict, UpstreamError> {
        let Introspection {
            path,
            sends,
            claims,
        } = &self.introspection;
        let token = ("token", question.token.expose());
        let now_s = unix_s();
        let request = match sends {
            Sends::Token => self.post(path).form(&[token]),
            Sends::All => self.post(path).form(&self.all_of(question)),
        };
        let request = request.header("accept", "application/json");
        let response = request
            .send()
            .await
            .map_err(|e| UpstreamError::from_http(&e, self.timeout))?;
        let body = read_all(expect_ok(response)?, self.timeout).await?;
        let asked = wire::Asked {
            client_id: &question.client_id,
            now_s,
        };
        wire::read_introspection(&body, claims, &asked).map_err(UpstreamError::Nonsense)
    }
}

impl StaticService {
    /// What is told about a login. A client id that the broker does not show (Mosquitto 1.4) is left out.
    fn all_of<'a>(&'a self, question: &'a Question) -> Vec<(&'static str, &'a str)> {
        let mut told = vec![
            ("token", question.token.expose()),
            ("token_type_hint", "login_token"),
            ("username", &question.username),
        ];
        if !question.client_id.is_empty() {
            told.push(("client_id", &question.client_id));
        }
        told.extend([("peer", &*question.peer), ("node", &*self.node)]);
        told
    }
}

/// A clock before 1970 counts as 1970.
fn unix_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

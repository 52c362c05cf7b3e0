//! Token check by introspection (RFC 7662).

use super::http::{StaticService, expect_ok, read_all};
use super::{UpstreamError, wire};
use crate::config::Secret;
use crate::protocol::contract::Verdict;

/// What is asked about a token.
#[derive(Debug, Clone)]
pub struct Question {
    /// The login token.
    pub token: Secret,
    /// The MQTT user name with which it came.
    pub username: String,
    /// The MQTT client id with which it came.
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
        let form = [
            ("token", question.token.expose()),
            ("token_type_hint", "login_token"),
            ("username", &question.username),
            ("client_id", &question.client_id),
            ("peer", &question.peer),
            ("node", &self.node),
        ];
        let request = self.post("/oauth2/introspect").form(&form);
        let request = request.header("accept", "application/json");
        let response = request
            .send()
            .await
            .map_err(|e| UpstreamError::from_http(&e, self.timeout))?;
        let body = read_all(expect_ok(response)?, self.timeout).await?;
        wire::read_introspection(&body).map_err(UpstreamError::Nonsense)
    }
}

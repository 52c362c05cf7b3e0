//! The static service's client API: login and login tokens.

use std::path::Path;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::UserName;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

use crate::profile::{Grant, Kind, Session, Topics};
use crate::secret::Secret;
use crate::wire::service::{LoginAnswer, LoginRequest, Problem, TokenAnswer, TokenRequest};

/// The longest answer that is read.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Why the static service gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    #[error("static service refused the login: {0}")]
    Refused(String),
    #[error("not logged in any more, the static service says: {0}")]
    SessionEnded(String),
    #[error("static service unreachable: {0}")]
    Unreachable(String),
    #[error("static service answered nonsense: {0}")]
    Nonsense(String),
    #[error("static service failed with status {0}: {1}")]
    Failed(u16, String),
    #[error("bad address or CA of the static service: {0}")]
    Configuration(String),
}

impl ServiceError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            ServiceError::Refused(_) => 4,
            ServiceError::SessionEnded(_) => 3,
            ServiceError::Unreachable(_) => 5,
            ServiceError::Failed(502..=504, _) => 5,
            ServiceError::Configuration(_) => 2,
            ServiceError::Nonsense(_) | ServiceError::Failed(..) => 1,
        }
    }
}

/// A static service.
#[derive(Debug)]
pub(crate) struct StaticService {
    client: Client,
    base: String,
}

impl StaticService {
    /// Checks the address and the CA; does no I/O but reading `ca_file`.
    pub(crate) fn new(
        base: &str,
        ca_file: Option<&Path>,
        timeout: Duration,
    ) -> Result<Self, ServiceError> {
        let bad =
            |error: &dyn std::fmt::Display| ServiceError::Configuration(format!("{base}: {error}"));
        let url = reqwest::Url::parse(base).map_err(|e| bad(&e))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(&"want http:// or https://"));
        }
        // A redirect would carry the password to who knows where.
        let mut builder = Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = ca_file {
            let pem = std::fs::read(path)
                .map_err(|e| ServiceError::Configuration(format!("{}: {e}", path.display())))?;
            let bundle = Certificate::from_pem_bundle(&pem).map_err(|e| bad(&e))?;
            builder = builder.tls_certs_only(bundle);
        }
        let client = builder.build().map_err(|e| bad(&explain(&e)))?;
        Ok(StaticService {
            client,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// Logs in with the password; gives the session token.
    pub(crate) async fn login(
        &self,
        user: UserName<'_>,
        password: &Secret,
    ) -> Result<Secret, ServiceError> {
        let username = user.to_string();
        let body = encode(&LoginRequest {
            username: &username,
            password: password.reveal(),
        });
        let answer: LoginAnswer =
            self.post("/api/v1/login", body, None)
                .await
                .map_err(|failed| match failed {
                    Answered::Status(status, text) if status.is_client_error() => {
                        ServiceError::Refused(text)
                    }
                    other => other.into(),
                })?;
        Ok(Secret::new(answer.session_token))
    }

    /// Gets a login token for one device. The session named in the answer must be the one asked for.
    pub(crate) async fn token(
        &self,
        session_token: &Secret,
        session: &Session,
        kind: Kind,
    ) -> Result<Grant, ServiceError> {
        let body = encode(&TokenRequest {
            device: session.name().device,
            kind: kind.as_str(),
        });
        let answer: TokenAnswer = self
            .post("/api/v1/token", body, Some(session_token))
            .await
            .map_err(|failed| match failed {
                Answered::Status(StatusCode::UNAUTHORIZED, text) => {
                    ServiceError::SessionEnded(text)
                }
                Answered::Status(StatusCode::FORBIDDEN, text) => ServiceError::Refused(text),
                other => other.into(),
            })?;
        if answer.client_id != session.as_str() || answer.username != session.user().to_string() {
            let got = format!(
                "token is for {} as {}, not {session}",
                answer.client_id, answer.username
            );
            return Err(ServiceError::Nonsense(got));
        }
        let TokenAnswer {
            token,
            exp,
            broker,
            username,
            topics,
            ..
        } = answer;
        let topics = Topics {
            groups: topics.groups,
            presence_of: topics.presence_of,
            signature_of: topics.signature_of,
            notices: topics.notices,
            system: topics.system,
        };
        Ok(Grant {
            token: Secret::new(token),
            exp,
            broker,
            username,
            topics,
        })
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        bearer: Option<&Secret>,
    ) -> Result<T, Answered> {
        let mut request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body);
        if let Some(token) = bearer {
            request = request.bearer_auth(token.reveal());
        }
        let (status, bytes) = exchange(request).await.map_err(Answered::Error)?;
        if !status.is_success() {
            return Err(Answered::Status(status, problem(status, &bytes)));
        }
        serde_json::from_slice(&bytes)
            .map_err(|e| Answered::Error(ServiceError::Nonsense(e.to_string())))
    }
}

/// An answer that is no success, before it is known what that means to the call.
enum Answered {
    Status(StatusCode, String),
    Error(ServiceError),
}

impl From<Answered> for ServiceError {
    fn from(answered: Answered) -> Self {
        match answered {
            Answered::Status(status, text) => ServiceError::Failed(status.as_u16(), text),
            Answered::Error(error) => error,
        }
    }
}

fn encode<T: serde::Serialize>(body: &T) -> Vec<u8> {
    serde_json::to_vec(body).expect("a struct of strings always serialises")
}

async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ServiceError> {
    let unreachable = |error: reqwest::Error| ServiceError::Unreachable(explain(&error));
    let mut response = request.send().await.map_err(unreachable)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ServiceError::Nonsense(format!(
                "answer is over {MAX_ANSWER_BYTES} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((response.status(), bytes))
}

/// What the problem document says, or else the status.
fn problem(status: StatusCode, bytes: &[u8]) -> String {
    let Problem { title, detail } = serde_json::from_slice(bytes).unwrap_or_default();
    match (title.is_empty(), detail.is_empty()) {
        (false, false) => format!("{title}: {detail}"),
        (true, true) => format!("status {status}"),
        _ => title + &detail,
    }
}

/// The innermost cause says most ("connection refused"); the outer ones name the URL.
fn explain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_documents_are_told_in_full_and_others_by_status() {
        let status = StatusCode::FORBIDDEN;
        let both = br#"{"type":"about:blank","title":"login refused","detail":"wrong password"}"#;
        assert_eq!(problem(status, both), "login refused: wrong password");
        assert_eq!(
            problem(status, br#"{"title":"login refused"}"#),
            "login refused"
        );
        for bytes in [&b""[..], b"<html>", b"[]", b"{}"] {
            assert_eq!(problem(status, bytes), "status 403 Forbidden");
        }
    }

    #[test]
    fn addresses_other_than_http_are_refused() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for base in ["", "push.example.com", "ftp://push.example.com", "http://"] {
            assert!(
                StaticService::new(base, None, Duration::from_secs(1)).is_err(),
                "{base:?}"
            );
        }
    }
}

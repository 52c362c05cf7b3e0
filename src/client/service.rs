//! The static service's client API: the calls that log in, and the address book's.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Certificate, Client, Method, RequestBuilder, Response, Url};
use serde::Serialize;

use super::http::{exchange, expect_success, explain};
use super::wire::book::BookAnswer;
use super::wire::login::{LoginAnswer, LoginRequest, RefreshRequest, TokenAnswer, TokenRequest};
use super::{Changes, ClientError, Device, DeviceKind, Grant, Secret, SignedIn};
use crate::protocol::{SessionName, UserName};

/// Entries asked for at once: the most that the contract allows.
const PAGE_ENTRIES: usize = 5000;
/// More entries than this are no address book.
const MOST_ENTRIES: usize = 1_000_000;

/// How often a load that took too long is begun anew.
const MOST_LOADS: u32 = 3;

/// Whether a refresh brings a login token too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginToken {
    /// In the same answer.
    Wanted,
    /// The one at hand is still good.
    Unwanted,
}

/// A static service; cheap to clone, the connections are shared.
#[derive(Debug, Clone)]
pub struct StaticService {
    client: Client,
    base: String,
}

impl StaticService {
    /// Checks the address and the CAs; does no I/O. `base` is `http(s)://host[:port][/prefix]`, `ca_pem` the only
    /// CAs to trust instead of the system's, `timeout` the longest that a call may take.
    pub fn new(base: &str, ca_pem: Option<&[u8]>, timeout: Duration) -> Result<Self, ClientError> {
        let bad =
            |error: &dyn std::fmt::Display| ClientError::Configuration(format!("{base}: {error}"));
        let url = Url::parse(base).map_err(|e| bad(&e))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(&"want http:// or https://"));
        }
        // The only other way to have a provider is that somebody installed one: that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect would carry the password to who knows where.
        let mut builder = Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = ca_pem {
            let bundle = Certificate::from_pem_bundle(pem).map_err(|e| bad(&e))?;
            builder = builder.tls_certs_only(bundle);
        }
        let client = builder.build().map_err(|e| bad(&explain(&e)))?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(StaticService { client, base })
    }

    /// Logs in with the password. With a device the answer holds a refresh token; without one it is a session
    /// for a single errand.
    pub async fn login(
        &self,
        user: UserName<'_>,
        password: &Secret,
        device: Option<&Device<'_>>,
    ) -> Result<SignedIn, ClientError> {
        let username = user.to_string();
        let body = LoginRequest {
            username: &username,
            password: password.reveal(),
            device: device.map(|device| device.name),
            kind: device.map(|device| device.kind.as_str()),
            device_name: device.and_then(|device| device.label),
            refresh_token: device.and_then(|device| device.earlier).map(Secret::reveal),
        };
        let request = self.post("/api/v1/login", None, &body);
        let answer: LoginAnswer = exchange(request).await.map_err(ClientError::of_login)?;
        answer.signed_in(user, None)
    }

    /// Exchanges the refresh token for a new one and a new session; with [`LoginToken::Wanted`] for a login token
    /// too, in one call.
    ///
    /// A refresh token is good once. Keep the new one *before* the old one is forgotten: while the new one has not
    /// been used the old one may be presented again, for a short time, so a lost answer is no lost session.
    pub async fn refresh(
        &self,
        refresh_token: &Secret,
        session: SessionName<'_>,
        login_token: LoginToken,
    ) -> Result<SignedIn, ClientError> {
        let body = RefreshRequest {
            refresh_token: refresh_token.reveal(),
            login_token: login_token == LoginToken::Wanted,
        };
        let request = self.post("/api/v1/refresh", None, &body);
        let answer: LoginAnswer = exchange(request).await.map_err(ClientError::of_session)?;
        answer.signed_in(session.user, Some(session))
    }

    /// Gets a login token for one device. The session named in the answer must be the one asked for.
    pub async fn token(
        &self,
        session_token: &Secret,
        session: SessionName<'_>,
        kind: DeviceKind,
    ) -> Result<Grant, ClientError> {
        let body = TokenRequest {
            device: session.device,
            kind: kind.as_str(),
        };
        let request = self.post("/api/v1/token", Some(session_token), &body);
        let answer: TokenAnswer = exchange(request).await.map_err(ClientError::of_session)?;
        answer.grant(session)
    }

    /// The address book as of now, or what changed in it since a version. An answer with
    /// [`Changes::full`] replaces everything, asked for or not.
    pub async fn address_book(
        &self,
        session_token: &Secret,
        since: Option<i64>,
    ) -> Result<Changes, ClientError> {
        let mut loads = 1;
        loop {
            match self.load_book(session_token, since).await {
                // The load took longer than changes are kept: it begins anew.
                Err(ClientError::Status { status: 410, .. }) if loads < MOST_LOADS => loads += 1,
                result => return result,
            }
        }
    }

    async fn load_book(
        &self,
        session_token: &Secret,
        since: Option<i64>,
    ) -> Result<Changes, ClientError> {
        let mut pages = Pages::default();
        loop {
            let url = pages.url(&self.base, since)?;
            let request = self.client.get(url).bearer_auth(session_token.reveal());
            let page: BookAnswer = exchange(request).await.map_err(ClientError::of_session)?;
            if let Some(changes) = pages.take(page)? {
                return Ok(changes);
            }
        }
    }

    /// A request for a path of this service (with its query), for calls that are not here; a session's token
    /// goes with `.bearer_auth(token.reveal())`. It has the timeout given to [`StaticService::new`] unless it is
    /// given another.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// The HTTP client itself, for absolute URLs that the service named. It follows no redirects.
    pub fn http(&self) -> &Client {
        &self.client
    }

    /// Sends a request of one's own that carries a session token; sorts refusals and failures as all calls here
    /// do. The body is still to be read.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let sent = request.send().await;
        let response = sent.map_err(|e| ClientError::Unreachable(explain(&e)))?;
        expect_success(response)
            .await
            .map_err(ClientError::of_session)
    }

    fn post(&self, path: &str, bearer: Option<&Secret>, body: &impl Serialize) -> RequestBuilder {
        let body = serde_json::to_vec(body).expect("a struct of strings always serialises");
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body);
        match bearer {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }
}

/// The pages of one load of the address book.
#[derive(Default)]
struct Pages {
    so_far: Option<Changes>,
    cursor: Option<String>,
    /// Cursors used: one that comes again would never end.
    used: BTreeSet<String>,
}

impl Pages {
    fn url(&self, base: &str, since: Option<i64>) -> Result<Url, ClientError> {
        let mut url = Url::parse(&format!("{base}/api/v1/address-book"))
            .map_err(|e| ClientError::Configuration(format!("{base}: {e}")))?;
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", &PAGE_ENTRIES.to_string());
        if let Some(since) = since {
            query.append_pair("since", &since.to_string());
        }
        if let Some(cursor) = &self.cursor {
            query.append_pair("cursor", cursor);
        }
        drop(query);
        Ok(url)
    }

    /// Takes a page in; gives all of them after the last.
    fn take(&mut self, page: BookAnswer) -> Result<Option<Changes>, ClientError> {
        let nonsense = |text: &str| ClientError::Nonsense(format!("address book: {text}"));
        let (next, page) = page.changes();
        let changes = match self.so_far.take() {
            None => page,
            Some(first) if (first.version, first.full) != (page.version, page.full) => {
                return Err(nonsense("its pages are of different versions"));
            }
            Some(mut first) => {
                first.entries.extend(page.entries);
                first
            }
        };
        if changes.entries.len() > MOST_ENTRIES {
            return Err(nonsense("too many entries"));
        }
        let Some(next) = next else {
            return Ok(Some(changes));
        };
        if !self.used.insert(next.clone()) {
            return Err(nonsense("a cursor comes again"));
        }
        self.cursor = Some(next);
        self.so_far = Some(changes);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_other_than_http_are_refused() {
        for base in ["", "push.example.com", "ftp://push.example.com", "http://"] {
            let service = StaticService::new(base, None, Duration::from_secs(1));
            let refused = matches!(service, Err(ClientError::Configuration(_)));
            assert!(refused, "{base:?}");
        }
    }
}

//! The static service's file API over HTTP, and files anywhere else.
//!
//! The session token goes to the file API of the own static service and nowhere else: not to another
//! origin, and not along a redirect.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use mosquitto_enterprise_push::client::ClientError;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, IF_RANGE, RANGE,
};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{
    Body, Certificate, Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode, Url,
};
use serde::Serialize;
use tokio::sync::Mutex;

use super::answer::{json, lost, number, succeeded, text};
use super::error::TransferError;
use crate::content::file_name;
use crate::failure::Failure;
use crate::secret::Secret;
use crate::session::Context;
use crate::wire::files::{CreateAnswer, CreateRequest, InfoAnswer, LinkAnswer, LinkRequest};

const FILES: &str = "/api/v1/files";
const MOST_REDIRECTS: usize = 5;

/// A request, and whether it is one of the own service's files.
struct Asked {
    request: RequestBuilder,
    own: bool,
}

/// What a server says of a file before it is downloaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) size: Option<u64>,
    pub(crate) content_type: Option<String>,
    /// As the server says; not safe yet.
    pub(crate) name: Option<String>,
}

/// The file API of one user's static service.
#[derive(Debug)]
pub(crate) struct FileService {
    /// For the own service: follows no redirect.
    own: Client,
    /// For everybody else: never gets the token.
    foreign: Client,
    base: Url,
    /// Has the session token, and gets a new one when it is over.
    context: Mutex<Context>,
    /// How long nothing may come or go.
    pub(super) silence: Duration,
    /// The fastest rate, in bytes a second.
    pub(super) rate: Option<NonZeroU32>,
}

impl FileService {
    /// For the user of a profile; does no I/O but reading the CA.
    pub(crate) fn new(context: &Context) -> Result<Self, ClientError> {
        let (profile, silence) = (&context.profile, context.timeout);
        let bad = |error: &dyn std::fmt::Display| {
            ClientError::Configuration(format!("{}: {error}", profile.static_url))
        };
        let base = Url::parse(&profile.static_url).map_err(|e| bad(&e))?;
        let mut own = builder(silence).redirect(Policy::none());
        if let Some(path) = &profile.ca_file {
            own = own.tls_certs_only(certificates(path)?);
        }
        Ok(FileService {
            own: own.build().map_err(|e| bad(&e))?,
            foreign: builder(silence)
                .redirect(Policy::custom(follow))
                .build()
                .map_err(|e| bad(&e))?,
            base,
            context: Mutex::new(context.clone()),
            silence,
            rate: None,
        })
    }

    /// No faster than so many bytes a second.
    pub(crate) fn limited_to(self, bytes_per_s: Option<u32>) -> Self {
        let rate = bytes_per_s.and_then(NonZeroU32::new);
        FileService { rate, ..self }
    }

    /// The address that uploads are remembered with.
    pub(super) fn address(&self) -> &str {
        self.base.as_str()
    }

    /// `POST /api/v1/files`
    pub(super) async fn create(
        &self,
        request: &CreateRequest<'_>,
    ) -> Result<CreateAnswer, TransferError> {
        self.post("", request).await
    }

    /// `POST /api/v1/files/{id}/links`: a URL for the user, group or enterprise named.
    pub(crate) async fn link(&self, id: &str, to: &str) -> Result<LinkAnswer, TransferError> {
        let answer: LinkAnswer = self
            .post(&format!("/{id}/links"), &LinkRequest { to })
            .await?;
        // A path is taken as one below the service's own address.
        let url = self.base.join(&answer.url);
        let url = url.map_err(|e| TransferError::Nonsense(format!("link: {e}")))?;
        Ok(LinkAnswer {
            url: url.into(),
            ..answer
        })
    }

    /// `HEAD /api/v1/files/{id}`: how much of it the server has.
    pub(super) async fn offset(&self, id: &str) -> Result<u64, TransferError> {
        let request = self.ours(Method::HEAD, &format!("/{id}"));
        let response = succeeded(self.answered(request).await?).await?;
        number(response.headers(), "upload-offset")
            .ok_or_else(|| TransferError::Nonsense("no Upload-Offset".to_owned()))
    }

    /// `GET /api/v1/files/{id}/info`
    pub(super) async fn info(&self, id: &str) -> Result<InfoAnswer, TransferError> {
        json(
            self.answered(self.ours(Method::GET, &format!("/{id}/info")))
                .await?,
        )
        .await
    }

    /// `DELETE /api/v1/files/{id}`
    pub(super) async fn delete(&self, id: &str) -> Result<(), TransferError> {
        let request = self.ours(Method::DELETE, &format!("/{id}"));
        succeeded(self.answered(request).await?).await.map(drop)
    }

    /// `PATCH /api/v1/files/{id}`: appends; gives the new offset. Bound the wait for it: there is no
    /// limit of time here.
    pub(super) async fn append(
        &self,
        id: &str,
        offset: u64,
        length: u64,
        body: Body,
    ) -> Result<u64, TransferError> {
        let request = self
            .ours(Method::PATCH, &format!("/{id}"))
            .header("Upload-Offset", offset)
            .header("Tus-Resumable", "1.0.0")
            .header(CONTENT_TYPE, "application/offset+octet-stream")
            .header(CONTENT_LENGTH, length)
            .body(body);
        let token = self.token().await;
        let request = request.bearer_auth(token.reveal());
        let response = request.send().await.map_err(lost)?;
        if response.status() == StatusCode::UNAUTHORIZED && self.renew(&token).await {
            // The bytes are gone; whoever sends them asks where the server is, and goes on.
            return Err(TransferError::Lost("the session was over".to_owned()));
        }
        let response = succeeded(response).await?;
        number(response.headers(), "upload-offset")
            .ok_or_else(|| TransferError::Nonsense("no Upload-Offset".to_owned()))
    }

    /// Asks what a URL would give. Servers that answer no such question tell nothing.
    pub(crate) async fn describe(&self, url: &str) -> Result<Described, TransferError> {
        let asked = self.anywhere(Method::HEAD, url)?;
        let own = asked.own;
        let response = self.asked(asked).await?;
        if matches!(response.status().as_u16(), 405 | 501) {
            return Ok(Described::default());
        }
        let response = arrived(response, own).await?;
        let headers = response.headers();
        let own = |name| text(headers, &name).map(str::to_owned);
        Ok(Described {
            size: number(headers, CONTENT_LENGTH.as_str()),
            content_type: own(CONTENT_TYPE),
            name: own(CONTENT_DISPOSITION).and_then(|header| file_name(&header)),
        })
    }

    /// Gets a file from `offset` on, if it is still the one with this validator; else all of it.
    pub(super) async fn get(
        &self,
        url: &str,
        resume: Option<(u64, &str)>,
    ) -> Result<Response, TransferError> {
        let mut asked = self.anywhere(Method::GET, url)?;
        if let Some((offset, etag)) = resume {
            asked.request = asked
                .request
                .header(RANGE, format!("bytes={offset}-"))
                .header(IF_RANGE, etag);
        }
        let own = asked.own;
        let response = self.asked(asked).await?;
        if response.status().as_u16() == 416 {
            return Ok(response);
        }
        arrived(response, own).await
    }

    /// Whether a URL is one of the own service's files.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        let prefix = self.base.path().trim_end_matches('/');
        let path = url.path().strip_prefix(prefix);
        url.origin() == self.base.origin()
            && path.is_some_and(|path| path.starts_with(&format!("{FILES}/")))
    }

    /// A request to whatever URL somebody named, and whether the token belongs to it.
    fn anywhere(&self, method: Method, url: &str) -> Result<Asked, TransferError> {
        let bad = |why| TransferError::Address(url.to_owned(), why);
        let parsed = Url::parse(url).map_err(|_| bad("it is no URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(bad("want http:// or https://"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(bad("it holds a user name or password"));
        }
        let own = self.is_own(&parsed);
        let client = if own { &self.own } else { &self.foreign };
        // The size and the hash are those of the file, not of a compressed form.
        let request = client
            .request(method, parsed)
            .header(ACCEPT_ENCODING, "identity");
        Ok(Asked { request, own })
    }

    fn ours(&self, method: Method, path: &str) -> RequestBuilder {
        let base = self.base.as_str().trim_end_matches('/');
        self.own.request(method, format!("{base}{FILES}{path}"))
    }

    /// Sends a request of ours without a body that would be used up.
    async fn answered(&self, request: RequestBuilder) -> Result<Response, TransferError> {
        self.asked(Asked { request, own: true }).await
    }

    /// Waits for the head of the answer. With the token, where it belongs; once more with a new one if the
    /// session is over.
    async fn asked(&self, asked: Asked) -> Result<Response, TransferError> {
        let Asked { request, own } = asked;
        if !own {
            return self.sent(request).await;
        }
        let token = self.token().await;
        let again = request.try_clone();
        let response = self.sent(request.bearer_auth(token.reveal())).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        match again {
            Some(again) if self.renew(&token).await => {
                let token = self.token().await;
                self.sent(again.bearer_auth(token.reveal())).await
            }
            _ => Ok(response),
        }
    }

    async fn sent(&self, request: RequestBuilder) -> Result<Response, TransferError> {
        let answer = tokio::time::timeout(self.silence, request.send()).await;
        let silent = |_| TransferError::Lost("no answer in time".to_owned());
        answer.map_err(silent)?.map_err(lost)
    }

    async fn token(&self) -> Secret {
        self.context.lock().await.profile.session_token.clone()
    }

    /// Gets a session token in place of this one; whether there is another now.
    async fn renew(&self, old: &Secret) -> bool {
        let mut context = self.context.lock().await;
        if context.profile.session_token != *old {
            return true;
        }
        // Why it failed is told by the answer that asked for it: the session is over.
        let renewed: Result<(), Failure> = context.renew_session().await;
        renewed.is_ok()
    }

    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransferError> {
        let body = serde_json::to_vec(body).expect("strings and numbers always serialise");
        let request = self
            .ours(Method::POST, path)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        json(self.answered(request).await?).await
    }
}

fn builder(silence: Duration) -> ClientBuilder {
    Client::builder()
        .no_gzip()
        .connect_timeout(silence)
        .pool_max_idle_per_host(1)
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let bad = |error: &dyn std::fmt::Display| {
        ClientError::Configuration(format!("{}: {error}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|e| bad(&e))?;
    Certificate::from_pem_bundle(&pem).map_err(|e| bad(&e))
}

/// Elsewhere a few redirects are followed, but never from https to http.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
    if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error("too many redirects")
    } else if secure && attempt.url().scheme() != "https" {
        attempt.error("redirect from https to http")
    } else {
        attempt.follow()
    }
}

/// A redirect that was not followed is no file, and what others refuse says nothing of the own session.
async fn arrived(response: Response, own: bool) -> Result<Response, TransferError> {
    if response.status().is_redirection() {
        let text = "it redirects elsewhere, where this login means nothing".to_owned();
        return Err(TransferError::Refused(text));
    }
    succeeded(response).await.map_err(|error| match error {
        TransferError::SessionEnded(text) if !own => TransferError::Refused(text),
        other => other,
    })
}

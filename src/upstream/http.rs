//! The HTTP client: TLS, limits, authentication. One pool of kept-alive connections for questions,
//! one connection for the feed.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Certificate, Client, ClientBuilder, Identity, RequestBuilder, Response, redirect};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::UpstreamError;
use crate::config::{ClientIdentity, Introspection, Secret, Settings};

/// Longest answer to a question, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Longest silence on the feed: three of the heartbeats that the contract asks for.
const FEED_SILENCE: Duration = Duration::from_secs(45);
/// How long an unused connection is kept.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// The static service as the worker talks to it.
#[derive(Clone)]
pub struct StaticService {
    questions: Client,
    feed: Client,
    base: String,
    client_id: String,
    secret: Secret,
    pub(super) introspection: Introspection,
    pub(super) node: String,
    pub(super) timeout: Duration,
    /// Of what its files held.
    files: [u8; 32],
}

impl StaticService {
    /// Sets the client up; reads the secret, the CA file, and the client certificate with its key.
    pub fn new(settings: &Settings) -> Result<StaticService, UpstreamError> {
        // The provider is this library's own static: the broker's OpenSSL is not touched. A second
        // installation is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let secret = settings
            .client_secret
            .read()
            .map_err(|e| UpstreamError::Setup(e.to_string()))?;
        let questions = builder(settings)?.timeout(settings.timeout);
        let feed = builder(settings)?.read_timeout(FEED_SILENCE);
        Ok(StaticService {
            questions: questions.build().map_err(|e| setup(&e))?,
            feed: feed.build().map_err(|e| setup(&e))?,
            base: settings.static_url.clone(),
            client_id: settings.client_id.clone(),
            secret,
            introspection: settings.introspection.clone(),
            node: settings.node.clone(),
            timeout: settings.timeout,
            files: digest_of_files(settings),
        })
    }

    /// Longest wait for an answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether the files that this one was made of held what the other's did.
    pub fn shows_the_same_as(&self, other: &StaticService) -> bool {
        (&self.client_id, &self.secret, self.files)
            == (&other.client_id, &other.secret, other.files)
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.sign(self.questions.post(format!("{}{path}", self.base)))
    }

    pub(super) fn get_stream(&self, path: &str) -> RequestBuilder {
        self.sign(self.feed.get(format!("{}{path}", self.base)))
    }

    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.client_id, Some(self.secret.expose()))
    }
}

fn builder(settings: &Settings) -> Result<ClientBuilder, UpstreamError> {
    // No redirects: a token must go nowhere but to the configured service. No proxy from the
    // environment, for the same reason. No silent retries: the breaker counts every try. No compression, also in
    // builds whose other parts use it: what an answer may be at most is counted as it comes.
    let builder = Client::builder()
        .no_proxy()
        .no_gzip()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(settings.timeout)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        .user_agent(concat!(
            "mosquitto-enterprise-push/",
            env!("CARGO_PKG_VERSION")
        ));
    let builder = match &settings.ca_file {
        None => builder,
        Some(file) => builder.tls_certs_only(authorities(file)?),
    };
    match &settings.client_identity {
        None => Ok(builder),
        Some(files) => Ok(builder.identity(identity(files)?)),
    }
}

/// Of CA file, certificate and key; one that cannot be read counts as empty.
fn digest_of_files(settings: &Settings) -> [u8; 32] {
    let identity = settings.client_identity.as_ref();
    let files = [
        settings.ca_file.as_ref(),
        identity.map(|files| &files.cert_file),
        identity.map(|files| &files.key_file),
    ];
    let mut digest = Sha256::new();
    for file in files.into_iter().flatten() {
        let held = Zeroizing::new(std::fs::read(file).unwrap_or_default());
        digest.update(Sha256::digest(&*held));
    }
    digest.finalize().into()
}

/// Our certificate and key. Errors name the files and never show what is in them.
fn identity(files: &ClientIdentity) -> Result<Identity, UpstreamError> {
    let failed = |option: &str, file: &Path, why: String| {
        UpstreamError::Setup(format!("plugin_opt_{option} `{}`: {why}", file.display()))
    };
    let read = |option, file: &Path| {
        let read = std::fs::read(file).map(Zeroizing::new);
        read.map_err(|e| failed(option, file, e.to_string()))
    };
    let mut pem = read("client_cert_file", &files.cert_file)?;
    let certificate = CertificateDer::from_pem_slice(&pem);
    certificate.map_err(|e| failed("client_cert_file", &files.cert_file, e.to_string()))?;
    let key = read("client_key_file", &files.key_file)?;
    PrivateKeyDer::from_pem_slice(&key)
        .map_err(|e| failed("client_key_file", &files.key_file, e.to_string()))?;
    pem.push(b'\n');
    pem.extend_from_slice(&key);
    let identity = Identity::from_pem(&pem);
    identity.map_err(|e| failed("client_key_file", &files.key_file, e.to_string()))
}

fn authorities(file: &Path) -> Result<Vec<Certificate>, UpstreamError> {
    let failed = |why: String| {
        UpstreamError::Setup(format!("plugin_opt_ca_file `{}`: {why}", file.display()))
    };
    let pem = std::fs::read(file).map_err(|e| failed(e.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|e| failed(e.to_string()))?;
    if found.is_empty() {
        return Err(failed("holds no certificate in PEM form".to_owned()));
    }
    Ok(found)
}

fn setup(error: &reqwest::Error) -> UpstreamError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    UpstreamError::Setup(text)
}

/// Sorts the status; only 200 goes on.
pub(super) fn expect_ok(response: Response) -> Result<Response, UpstreamError> {
    match response.status().as_u16() {
        200 => Ok(response),
        status @ (401 | 403) => Err(UpstreamError::Credentials(status)),
        status => Err(UpstreamError::Status(status)),
    }
}

/// Reads a whole answer, but not more than [`MAX_ANSWER_BYTES`] of it.
pub(super) async fn read_all(
    response: Response,
    patience: Duration,
) -> Result<Vec<u8>, UpstreamError> {
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| UpstreamError::from_http(&e, patience))?;
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(UpstreamError::TooLong(MAX_ANSWER_BYTES));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

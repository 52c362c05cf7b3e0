//! Who is asking: brokers by HTTP Basic, clients by the bearer token of their session.
//!
//! A broker asks thousands of times a second, so checking it must be cheap. A generated secret has 256
//! random bits: its plain SHA-256 is as good as any hash. A secret that a person chose is stored as
//! argon2id and checked that way once; what passed is remembered as a digest keyed by the stored
//! hash, so that a changed or removed credential is never answered from memory.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lru::LruCache;

use super::App;
use super::access_log::Witness;
use super::problem::Problem;
use crate::clock::now_s;
use crate::identity::BrokerId;
use crate::secret::{Digest, Secret};
use crate::storage::SessionUser;

/// Marks the stored hash of a generated secret.
pub(crate) const GENERATED_PREFIX: &str = "sha256:";
/// Chosen secrets that are remembered as checked.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

const BASIC: &str = "Basic realm=\"static-service\", charset=\"UTF-8\"";
/// How clients authenticate themselves.
pub(super) const BEARER: &str = "Bearer realm=\"static-service\"";

/// A broker that proved who it is.
#[derive(Debug)]
pub(crate) struct Broker(pub(crate) BrokerId);

impl FromRequestParts<Arc<App>> for Broker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        require_certificate(parts, app)?;
        let refused = || Problem::unauthorized(BASIC, "want a broker's credentials");
        let (id, secret) = basic(&parts.headers).ok_or_else(refused)?;
        let id: BrokerId = id.parse().map_err(|_| refused())?;
        if broker_is_true(app, &id, secret).await? {
            Witness::tell(parts, id.as_str());
            return Ok(Broker(id));
        }
        tracing::warn!(client_id = %id, "broker credentials refused");
        Err(refused())
    }
}

impl FromRequestParts<Arc<App>> for SessionUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let refused = || Problem::unauthorized(BEARER, "want the bearer token of a live session");
        let token = bearer(&parts.headers).ok_or_else(refused)?;
        let user = app.storage.session(token.digest(), now_s()).await?;
        let user = user.ok_or_else(refused)?;
        Witness::tell(parts, &user.id.to_string());
        Ok(user)
    }
}

/// Goes along with requests on a connection whose client showed a certificate of an authority that brokers'
/// certificates come from. (Any other certificate ends the handshake.)
#[derive(Debug, Clone)]
pub(crate) struct ClientCertificate;

fn require_certificate(parts: &Parts, app: &App) -> Result<(), Problem> {
    let shown = parts.extensions.get::<ClientCertificate>().is_some();
    if shown || !app.settings.brokers_show_certificates {
        return Ok(());
    }
    let detail = "want a broker's client certificate";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// A broker or a client.
#[derive(Debug)]
pub(crate) enum Caller {
    /// A broker.
    Broker,
    /// A client.
    Client(SessionUser),
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if bearer(&parts.headers).is_some() {
            let user = SessionUser::from_request_parts(parts, app).await?;
            return Ok(Caller::Client(user));
        }
        Broker::from_request_parts(parts, app).await?;
        Ok(Caller::Broker)
    }
}

/// Digests of chosen secrets that passed.
#[derive(Debug)]
pub(crate) struct ChosenSecrets(Mutex<LruCache<Digest, ()>>);

impl ChosenSecrets {
    /// Knows none.
    pub(crate) fn new() -> ChosenSecrets {
        ChosenSecrets(Mutex::new(LruCache::new(REMEMBERED)))
    }

    fn key(stored: &str, secret: &Secret) -> Digest {
        // The salt inside `stored` keeps equal secrets apart.
        Digest::of(format!("{stored}\0{}", secret.reveal()).as_bytes())
    }

    fn knows(&self, key: &Digest) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).is_some()
    }

    fn learn(&self, key: Digest) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.put(key, ());
    }
}

async fn broker_is_true(app: &App, id: &BrokerId, secret: Secret) -> Result<bool, Problem> {
    let Some(stored) = app.storage.broker_secret_hash(id).await? else {
        return Ok(false);
    };
    if let Some(digest) = stored.strip_prefix(GENERATED_PREFIX) {
        return Ok(secret.digest().as_str() == digest);
    }
    let key = ChosenSecrets::key(&stored, &secret);
    if app.brokers.knows(&key) {
        return Ok(true);
    }
    let passed = app.passwords.verify(secret, Some(stored)).await?;
    if passed {
        app.brokers.learn(key);
    }
    Ok(passed)
}

fn credentials<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let token = credentials(headers, "Bearer")?;
    Some(Secret::new(token.to_owned()))
}

fn basic(headers: &HeaderMap) -> Option<(String, Secret)> {
    let bytes = STANDARD.decode(credentials(headers, "Basic")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), Secret::new(secret.to_owned())))
}

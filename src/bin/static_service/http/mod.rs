//! The HTTP side: routes and what all handlers share. Handlers are thin: read the request, call
//! storage, feed or passwords, write the answer.

mod access_log;
mod address_book;
mod admin;
mod authenticate;
mod avatars;
mod body;
mod broker_feed;
mod conditional;
mod devices;
mod directory;
mod files;
mod health;
mod introspect;
mod limiter;
mod login;
mod logs;
mod password;
mod peer;
mod problem;
mod profile;
mod refresh;
mod revoke;
mod session_answer;
mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use crate::feed::hub::Hub;
use crate::files::Files;
use crate::password::Passwords;
use crate::storage::Storage;
pub(crate) use authenticate::GENERATED_PREFIX;
use limiter::Limiter;
pub(crate) use peer::{Network, ProxyHeader, TrustedProxies};
use problem::Problem;

/// The largest body, in bytes, save that of logs.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// What the service was told on its command line.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The broker's address, as clients use it.
    pub(crate) broker: String,
    /// Addresses for single enterprises.
    pub(crate) broker_for: BTreeMap<String, String>,
    /// Lifetime of a login token, in seconds.
    pub(crate) token_ttl_s: u32,
    /// Lifetime of a session, in seconds.
    pub(crate) session_ttl_s: u32,
    /// How accounts are kept.
    pub(crate) accounts: AccountSettings,
}

/// The part of them that accounts alone need.
#[derive(Debug, Clone)]
pub(crate) struct AccountSettings {
    /// Lifetime of a refresh token, in seconds.
    pub(crate) refresh_ttl_s: u32,
    /// How long one may be presented again, in seconds.
    pub(crate) refresh_reuse_s: u32,
    /// Whose word about a client's address is believed.
    pub(crate) proxies: TrustedProxies,
}

/// What handlers work with.
#[derive(Debug)]
pub(crate) struct App {
    /// The database.
    pub(crate) storage: Storage,
    /// The feed's listeners.
    pub(crate) hub: Hub,
    passwords: Passwords,
    logins: Limiter,
    brokers: authenticate::ChosenSecrets,
    settings: Settings,
    /// None: this service keeps no files.
    pub(crate) files: Option<Arc<Files>>,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(storage: Storage, passwords: Passwords, settings: Settings) -> App {
        App {
            storage,
            hub: Hub::new(),
            passwords,
            logins: Limiter::new(),
            brokers: authenticate::ChosenSecrets::new(),
            settings,
            files: None,
        }
    }

    /// Has it keep files.
    pub(crate) fn with_files(mut self, files: Option<Files>) -> App {
        self.files = files.map(Arc::new);
        self
    }
}

/// All routes. Needs the peer's address as `ConnectInfo`.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/v1/login", post(login::login))
        .route("/api/v1/logout", post(login::logout))
        .route("/api/v1/token", post(token::token))
        .route("/api/v1/refresh", post(refresh::refresh))
        .route("/api/v1/password", post(password::change))
        .route("/api/v1/devices", get(devices::list))
        .route("/api/v1/devices/{device}", delete(devices::remove))
        .merge(files::routes())
        .route("/api/v1/address-book", address_book::route())
        .route("/api/v1/avatar", avatars::own())
        .route("/api/v1/avatars/{eid}/{uid}", avatars::all())
        .route("/api/v1/profile", get(profile::own).put(profile::set_own))
        .merge(admin::routes())
        .route("/oauth2/introspect", post(introspect::introspect))
        .route("/oauth2/revoke", post(revoke::revoke))
        .route("/control/v1/feed", get(broker_feed::feed))
        .route("/control/v1/directory", get(directory::directory))
        .route("/control/v1/logs", logs::route())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(Problem::unknown_route)
        .method_not_allowed_fallback(Problem::unknown_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(axum::middleware::from_fn(access_log::access_log))
        .with_state(app)
}

impl Settings {
    /// The address of the broker that serves an enterprise, `own` if administrators said so: the paper's
    /// central routing.
    fn broker_of<'a>(&'a self, eid: &str, own: Option<&'a str>) -> &'a str {
        own.unwrap_or_else(|| self.broker_for.get(eid).unwrap_or(&self.broker))
    }
}

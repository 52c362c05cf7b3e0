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
mod directory;
mod files;
mod health;
mod introspect;
mod limiter;
mod login;
mod logs;
mod problem;
mod profile;
mod revoke;
mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::feed::hub::Hub;
use crate::files::Files;
use crate::password::Passwords;
use crate::storage::Storage;
pub(crate) use authenticate::GENERATED_PREFIX;
use limiter::Limiter;
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
    /// The address of the broker that serves an enterprise: the paper's central routing.
    fn broker_of(&self, eid: &str) -> &str {
        self.broker_for.get(eid).unwrap_or(&self.broker)
    }
}

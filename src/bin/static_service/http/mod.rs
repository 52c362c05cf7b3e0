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
mod metrics;
mod openapi;
mod password;
mod patience;
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
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::feed::hub::Hub;
use crate::files::Files;
use crate::journal::Journal;
use crate::password::Passwords;
use crate::storage::Storage;
pub(crate) use authenticate::{ClientCertificate, GENERATED_PREFIX};
use health::Readiness;
use limiter::Limiter;
pub(crate) use metrics::Metrics;
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
    /// Whether brokers must show a client certificate, on top of their credentials.
    pub(crate) brokers_show_certificates: bool,
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
    /// What the service writes down of its own doings.
    pub(crate) journal: Journal,
    /// What it counts.
    pub(crate) metrics: Arc<Metrics>,
    /// Whether requests are welcome.
    pub(crate) readiness: Readiness,
    passwords: Passwords,
    logins: Limiter,
    brokers: authenticate::ChosenSecrets,
    settings: Settings,
    /// None: this service keeps no files.
    pub(crate) files: Option<Arc<Files>>,
}

impl App {
    /// Puts the parts together. Within a runtime, since the journal has a task of its own.
    pub(crate) fn new(storage: Storage, passwords: Passwords, settings: Settings) -> App {
        let metrics = Arc::new(Metrics::new());
        App {
            journal: Journal::open(storage.clone(), Arc::clone(&metrics)),
            storage,
            hub: Hub::new(),
            metrics,
            readiness: Readiness::default(),
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

/// All routes, each with its description. Needs the peer's address as `ConnectInfo`.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::from(routes())
        .fallback(Problem::unknown_route)
        .method_not_allowed_fallback(Problem::unknown_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(patience::with_patience))
        .layer(from_fn_with_state(Arc::clone(&app), admin::write_down))
        .layer(from_fn_with_state(Arc::clone(&app), access_log::access_log))
        .with_state(app)
}

/// The routes of those who watch the service, for a listener of their own.
pub(crate) fn operation_router(app: Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(Problem::unknown_route)
        .method_not_allowed_fallback(Problem::unknown_method)
        .with_state(app)
}

/// A handler without `#[utoipa::path]` cannot be registered by `routes!`, and a test finds those that are
/// registered otherwise.
fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(token::token))
        .routes(routes!(refresh::refresh))
        .routes(routes!(password::change))
        .routes(routes!(devices::list))
        .routes(routes!(devices::remove))
        .merge(files::routes())
        .merge(address_book::routes())
        .merge(avatars::routes())
        .routes(routes!(profile::own, profile::set_own))
        .merge(admin::routes())
        .routes(routes!(introspect::introspect))
        .routes(routes!(revoke::revoke))
        .routes(routes!(broker_feed::feed))
        .routes(routes!(directory::directory))
        .merge(logs::routes())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(openapi::openapi))
}

impl Settings {
    /// The address of the broker that serves an enterprise, `own` if administrators said so: the paper's
    /// central routing.
    fn broker_of<'a>(&'a self, eid: &str, own: Option<&'a str>) -> &'a str {
        own.unwrap_or_else(|| self.broker_for.get(eid).unwrap_or(&self.broker))
    }
}

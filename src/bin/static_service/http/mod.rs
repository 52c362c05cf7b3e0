//! The HTTP side: routes and what all handlers share. Handlers are thin: read the request, call
//! storage, feed or passwords, write the answer.

mod access_log;
mod admin;
mod authenticate;
mod body;
mod broker_feed;
mod directory;
mod health;
mod introspect;
mod limiter;
mod login;
mod logs;
mod openapi;
mod problem;
mod revoke;
mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::feed::hub::Hub;
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
        }
    }
}

/// All routes, each with its description. Needs the peer's address as `ConnectInfo`.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::from(routes())
        .fallback(Problem::unknown_route)
        .method_not_allowed_fallback(Problem::unknown_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(axum::middleware::from_fn(access_log::access_log))
        .with_state(app)
}

/// A handler without `#[utoipa::path]` cannot be registered by `routes!`, and a test finds those that are
/// registered otherwise.
fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(token::token))
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
    /// The address of the broker that serves an enterprise: the paper's central routing.
    fn broker_of(&self, eid: &str) -> &str {
        self.broker_for.get(eid).unwrap_or(&self.broker)
    }
}

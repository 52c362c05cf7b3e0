//! `GET /healthz` (the process answers) and `/readyz` (so does its database, and it does not stop).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::StatusCode;

use super::App;
use super::problem::Problem;

/// Whether requests are welcome.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    withdrawn: AtomicBool,
}

impl Readiness {
    /// From now on the service says that it is not ready: it is about to stop.
    pub(crate) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Relaxed);
    }
}

/// Alive.
#[utoipa::path(
    get, path = "/healthz",
    responses((status = 200, content_type = "text/plain; charset=utf-8", body = String))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready to serve.
#[utoipa::path(
    get, path = "/readyz",
    responses(
        (status = 200, content_type = "text/plain; charset=utf-8", body = String),
        (status = 503, description = "the database does not answer, or the service stops"),
    )
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.readiness.withdrawn.load(Ordering::Relaxed) {
        let detail = "the service is stopping";
        return Err(Problem::try_later(
            StatusCode::SERVICE_UNAVAILABLE,
            detail,
            1,
        ));
    }
    app.storage.ping().await?;
    Ok("ok\n")
}

//! `GET /healthz` (the process answers) and `/readyz` (so does its database).

use std::sync::Arc;

use axum::extract::State;

use super::App;
use super::problem::Problem;

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
    app.storage.ping().await?;
    Ok("ok\n")
}

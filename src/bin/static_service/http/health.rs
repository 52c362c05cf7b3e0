//! `GET /healthz` (the process answers) and `/readyz` (so does its database).

use std::sync::Arc;

use axum::extract::State;

use super::App;
use super::problem::Problem;

/// Alive.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready to serve.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    app.storage.ping().await?;
    Ok("ok\n")
}

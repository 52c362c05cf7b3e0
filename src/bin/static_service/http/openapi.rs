//! `GET /openapi.json`: the description of everything that is served, generated from the handlers'
//! annotations and the wire types.
//!
//! Handlers say what is theirs alone. What follows from a rule of the house is written here, once: names
//! in paths, problem documents, who gets 401, what a body may be refused for.

mod document;
pub(super) mod names;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

/// The document; the same for every service of this version.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let generated = super::routes().into_openapi();
    document::complete(generated).to_string().into()
});

/// This description, OpenAPI 3.1. Needs no credentials.
#[utoipa::path(
    get, path = "/openapi.json",
    responses((status = 200, content_type = "application/json", body = Object))
)]
pub(super) async fn openapi() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, DOCUMENT.clone())
}

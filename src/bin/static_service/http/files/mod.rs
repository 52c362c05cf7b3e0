//! `/api/v1/files/...`: the file server. An upload is created, then sent in as many requests as it takes (tus
//! 1.0's offsets); its owner makes signed links, and whom a link is for downloads by it.
//!
//! Ids are ours; a file that somebody has no business with answers as one that does not exist.

mod asked;
mod create;
mod disposition;
mod download;
mod links;
mod owner;
mod refusal;
mod upload;

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header::HOST, uri::Authority};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::problem::Problem;
use crate::files::Files;

/// How much of an upload is there.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// All of it.
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// Where the routes are.
const ROOT: &str = "/api/v1/files";

/// The routes of files.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(
            download::download,
            download::head,
            upload::append,
            owner::remove
        ))
        .routes(routes!(owner::info))
        .routes(routes!(links::create))
}

impl App {
    /// The files, if this service keeps any.
    fn files(&self) -> Result<&Arc<Files>, Problem> {
        self.files.as_ref().ok_or_else(|| {
            let detail = "this service keeps no files: it was started without --files-dir";
            Problem::new(StatusCode::NOT_IMPLEMENTED, detail)
        })
    }
}

/// What absolute URLs begin with: what the operator said, or how the client asked.
fn base_url(files: &Files, uri: &Uri, headers: &HeaderMap) -> Result<String, Problem> {
    if let Some(url) = &files.public_url {
        return Ok(url.clone());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or(uri.authority().map(Authority::as_str));
    let host: Option<Authority> = host.and_then(|host| host.parse().ok());
    let is_plain = |host: &Authority| {
        host.as_str() == host.host() || (host.port_u16().is_some() && !host.as_str().contains('@'))
    };
    match host.filter(is_plain) {
        Some(host) => Ok(format!("{}://{host}", uri.scheme_str().unwrap_or("http"))),
        None => Err(Problem::bad_request(
            "want a Host header: host or host:port",
        )),
    }
}

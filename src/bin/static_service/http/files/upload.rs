//! `PATCH` and `HEAD` of an upload, by its owner: more bytes, and how many are there.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::App;
use super::super::problem::Problem;
use super::asked::{Asked, Owned};
use super::refusal::refuse;
use super::{UPLOAD_LENGTH, UPLOAD_OFFSET};
use crate::files::{Announced, FileError};
use crate::journal::Entry;

/// The type of a piece of an upload.
const PIECE: &str = "application/offset+octet-stream";

/// Appends to an upload. The work goes on when the client is gone: what came before a cut is put away, and a
/// file that is all there is completed.
#[utoipa::path(
    patch, path = "/api/v1/files/{id}", security(("session" = [])),
    params(("Upload-Offset" = u64, Header, description = "where the piece begins")),
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "the piece is there", headers(("Upload-Offset" = u64))),
        (status = 404, description = "there is no such file for this reader"), (status = 410, description = "it has expired"),
        (status = 408, description = "the piece stopped coming; what came is kept"),
        (status = 409, description = "the upload is somewhere else: see Upload-Offset"),
        (status = 423, description = "another piece is being appended"),
        (status = 501, description = "this service keeps no files"), (status = 507, description = "the disk is full"),
    )
)]
pub(crate) async fn append(
    State(app): State<Arc<App>>,
    owned: Owned,
    request: Request,
) -> Result<Response, Problem> {
    let announced = announced(&request)?;
    let appended =
        tokio::spawn(
            async move { append_body(&app, &owned, announced, request.into_body()).await },
        );
    match appended.await {
        Ok(Ok(offset)) => Ok((StatusCode::NO_CONTENT, [(UPLOAD_OFFSET, offset)]).into_response()),
        Ok(Err(error)) => Ok(refuse(error)),
        Err(error) => Ok(refuse(std::io::Error::other(error).into())),
    }
}

async fn append_body(
    app: &App,
    owned: &Owned,
    announced: Announced,
    body: Body,
) -> Result<u64, FileError> {
    let (files, file) = (&owned.files, &owned.file);
    let offset = files.append(&file.id, announced, body.into_data_stream());
    let offset = offset.await?;
    if offset == file.size && file.sha256.is_none() {
        tracing::info!(user = %file.owner, id = file.id.as_str(), size = offset, "file uploaded");
        let entry = Entry::of("file.uploaded", &file.owner).with("file", file.id.as_str());
        app.journal.record(entry.with("size", offset));
    }
    Ok(offset)
}

fn announced(request: &Request) -> Result<Announced, Problem> {
    let headers = request.headers();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(PIECE)) {
        let detail = format!("want content type {PIECE}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    Ok(Announced {
        offset: offset(headers)?,
        len: request.body().size_hint().exact(),
    })
}

fn offset(headers: &HeaderMap) -> Result<u64, Problem> {
    let mut given = headers.get_all(UPLOAD_OFFSET).iter();
    let text = given.next().and_then(|value| value.to_str().ok());
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let offset = text.filter(digits).and_then(|text| text.parse().ok());
    match (offset, given.next()) {
        (Some(offset), None) => Ok(offset),
        _ => Err(Problem::bad_request(
            "want the header Upload-Offset, a number of bytes, once",
        )),
    }
}

/// How much of an upload is there.
pub(super) async fn progress(app: &App, asked: &Asked) -> Result<Response, Problem> {
    let file = asked.owned(app).await?;
    let progress = asked.files.progress(&file).await?;
    let headers = [
        (UPLOAD_OFFSET, progress.offset.to_string()),
        (UPLOAD_LENGTH, file.size.to_string()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

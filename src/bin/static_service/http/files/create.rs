//! `POST /api/v1/files`: says what is to come, and reserves the room for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::App;
use super::super::body::{JsonBody, Shape};
use super::super::openapi::names::LineOfText;
use super::super::problem::Problem;
use super::{ROOT, base_url};
use crate::clock::now_s;
use crate::files::{FileId, Limits};
use crate::identity::check_text;
use crate::storage::{NewFile, SessionUser};

/// What a client may best send at a time, in bytes: a cut costs little, and so do the requests.
const CHUNK_BYTES: u64 = 8 * 1024 * 1024;
/// The longest name, in bytes: what file systems take.
const MAX_NAME_BYTES: usize = 255;
/// The longest half of a media type (RFC 6838).
const MAX_TYPE_BYTES: usize = 127;

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"name": "plan.pdf", "size": 5, "content_type": "application/pdf"}))]
pub(crate) struct NewUpload {
    #[schema(value_type = LineOfText)]
    name: String,
    size: u64,
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9.+-]{0,60}$")]
    content_type: String,
    #[schema(minimum = 1)]
    expires_in_s: Option<u64>,
}

impl Shape for NewUpload {
    const SHAPE: &'static str = r#"{"name": string, "size": number of bytes, "content_type": "type/subtype", "expires_in_s"?: number}"#;
}

/// What it gets.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadAnswer {
    id: String,
    upload_url: String,
    offset: u64,
    chunk_bytes: u64,
    expires_at: i64,
}

/// Creates an upload.
#[utoipa::path(
    post, path = "/api/v1/files", security(("session" = [])), request_body = NewUpload,
    responses(
        (status = 201, body = UploadAnswer, headers(("Location" = String))),
        (status = 501, description = "this service keeps no files"),
        (status = 507, description = "the enterprise's room for files is used up"),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    user: SessionUser,
    uri: Uri,
    headers: HeaderMap,
    JsonBody(new): JsonBody<NewUpload>,
) -> Result<Response, Problem> {
    let files = app.files()?;
    let base = base_url(files, &uri, &headers)?;
    let file = checked(new, user, &files.limits)?;
    if !files.create(&file).await? {
        let detail = "the enterprise's room for files is used up";
        return Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail));
    }
    let id = file.id.as_str().to_owned();
    tracing::info!(user = %file.owner, id, size = file.size, "upload created");
    let upload_url = format!("{base}{ROOT}/{id}");
    let answer = UploadAnswer {
        id,
        upload_url: upload_url.clone(),
        offset: 0,
        chunk_bytes: CHUNK_BYTES,
        expires_at: file.expires_at_s,
    };
    let place = [(LOCATION, upload_url)];
    Ok((StatusCode::CREATED, place, Json(answer)).into_response())
}

fn checked(new: NewUpload, user: SessionUser, limits: &Limits) -> Result<NewFile, Problem> {
    check_name(&new.name)?;
    check_type(&new.content_type)?;
    if new.size > limits.max_bytes {
        let detail = format!("size: want at most {} bytes", limits.max_bytes);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let most_s = u64::from(limits.ttl_s);
    let expires_in_s = new.expires_in_s.unwrap_or(most_s);
    if expires_in_s == 0 || expires_in_s > most_s {
        let detail = format!("expires_in_s: want 1 to {most_s}");
        return Err(Problem::bad_request(detail));
    }
    Ok(NewFile {
        id: FileId::random(),
        owner: user.id,
        name: new.name,
        content_type: new.content_type.to_ascii_lowercase(),
        size: new.size,
        expires_at_s: now_s() + i64::try_from(expires_in_s).unwrap_or(0),
    })
}

/// A name that people see and clients save under: one part of a path, and no direction tricks.
fn check_name(name: &str) -> Result<(), Problem> {
    let checked = check_text(name, MAX_NAME_BYTES);
    checked.map_err(|error| Problem::bad_request(format!("name {error}")))?;
    let misleads = |c| matches!(c, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.chars().any(misleads) || matches!(name, "." | "..") {
        let detail = "name: want a file's name without folders and direction marks";
        return Err(Problem::bad_request(detail));
    }
    Ok(())
}

/// `type/subtype` as RFC 6838 names them, so that it can stand in a header as it is.
fn check_type(text: &str) -> Result<(), Problem> {
    let is_name = |name: &str| {
        let mark = |byte: u8| b"!#$&-^_.+".contains(&byte);
        (1..=MAX_TYPE_BYTES).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || mark(byte))
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    match text.split_once('/') {
        Some((kind, subtype)) if is_name(kind) && is_name(subtype) => Ok(()),
        _ => Err(Problem::bad_request(
            "content_type: want type/subtype, without parameters",
        )),
    }
}

//! `POST /api/v1/files/{id}/links`: a URL for one recipient.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::App;
use super::super::body::{JsonBody, Shape};
use super::super::problem::Problem;
use super::asked::Owned;
use super::{ROOT, base_url};
use crate::files::{Files, Recipient, SignedLink};
use crate::storage::StoredFile;

/// What the owner sends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"to": "*"}))]
pub(crate) struct NewLink {
    /// A colleague, a partner, a group, or everybody of the enterprise.
    #[schema(pattern = r"^(\*|#?[A-Za-z0-9._-]{1,64}|[A-Za-z0-9._-]{1,64}@[A-Za-z0-9._-]{1,64})$")]
    to: String,
}

impl Shape for NewLink {
    const SHAPE: &'static str = r##"{"to": "uid" | "uid@eid" | "#gid" | "*"}"##;
}

/// What it gets.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkAnswer {
    url: String,
    expires_at: i64,
}

/// Makes a link for a complete file.
#[utoipa::path(
    post, path = "/api/v1/files/{id}/links", security(("session" = [])), request_body = NewLink,
    responses(
        (status = 201, body = LinkAnswer), (status = 404, description = "there is no such file for this reader"), (status = 410, description = "it has expired"),
        (status = 409, description = "not all of it is there"), (status = 501, description = "this service keeps no files"),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Owned { files, file }: Owned,
    uri: Uri,
    headers: HeaderMap,
    JsonBody(new): JsonBody<NewLink>,
) -> Result<Response, Problem> {
    let base = base_url(&files, &uri, &headers)?;
    let to = Recipient::parse(&new.to, &file.owner);
    let to = to.map_err(|error| Problem::bad_request(format!("to: {error}")))?;
    if !to.is_known_to(&file.owner, &app.storage).await? {
        let detail = "to: want a colleague, a partner, or a group that you are a member of";
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let progress = files.progress(&file).await?;
    if progress.sha256.is_none() {
        let detail = format!(
            "the upload is at {} of {} bytes",
            progress.offset, file.size
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let answer = LinkAnswer {
        url: format!("{base}{}", path(&files, &file, &to)),
        expires_at: file.expires_at_s,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

fn path(files: &Files, file: &StoredFile, to: &Recipient) -> String {
    let (expires_at_s, to) = (file.expires_at_s, to.to_string());
    let signature = files.links.sign(&SignedLink {
        id: &file.id,
        to: &to,
        expires_at_s,
    });
    let to = utf8_percent_encode(&to, NON_ALPHANUMERIC);
    let id = file.id.as_str();
    format!("{ROOT}/{id}?to={to}&expires={expires_at_s}&signature={signature}")
}

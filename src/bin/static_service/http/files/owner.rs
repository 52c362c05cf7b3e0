//! What the owner of a file sees of it, and its end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::App;
use super::super::body::NoBody;
use super::super::problem::Problem;
use super::asked::{Asked, Owned};
use super::refusal::no_such_file;
use crate::identity::{ADMIN, OPERATOR, UserId};
use crate::storage::StoredFile;

/// What the owner sees.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileInfo {
    id: String,
    name: String,
    size: u64,
    content_type: String,
    /// None while not all of it is there.
    sha256: Option<String>,
    complete: bool,
    expires_at: i64,
}

/// What the owner of a file sees of it.
#[utoipa::path(
    get, path = "/api/v1/files/{id}/info", security(("session" = [])),
    responses((status = 200, body = FileInfo), (status = 404, description = "there is no such file for this reader"), (status = 410, description = "it has expired"), (status = 501, description = "this service keeps no files"))
)]
pub(crate) async fn info(Owned { files, file }: Owned) -> Result<Json<FileInfo>, Problem> {
    let progress = files.progress(&file).await?;
    Ok(Json(FileInfo {
        id: file.id.as_str().to_owned(),
        name: file.name,
        size: file.size,
        content_type: file.content_type,
        complete: progress.sha256.is_some(),
        sha256: progress.sha256,
        expires_at: file.expires_at_s,
    }))
}

/// Removes a file, by its owner or an administrator.
#[utoipa::path(
    delete, path = "/api/v1/files/{id}", security(("session" = [])),
    responses((status = 204, description = "it is gone"), (status = 404, description = "there is no such file for this reader"), (status = 410, description = "it has expired"), (status = 501, description = "this service keeps no files"))
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    asked: Asked,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let file = app.storage.file(&asked.id).await?;
    let file = file.ok_or_else(no_such_file)?;
    if !may_remove(&app, &asked.user, &file).await? || !asked.files.remove(&file.id).await? {
        return Err(no_such_file());
    }
    tracing::info!(user = %asked.user, id = file.id.as_str(), "file removed");
    Ok(StatusCode::NO_CONTENT)
}

async fn may_remove(app: &App, user: &UserId, file: &StoredFile) -> Result<bool, Problem> {
    if file.owner == *user {
        return Ok(true);
    }
    let roles = app.storage.roles(user).await?;
    let has = |role: &str| roles.iter().any(|held| held == role);
    Ok(has(OPERATOR) || (has(ADMIN) && file.owner.eid() == user.eid()))
}

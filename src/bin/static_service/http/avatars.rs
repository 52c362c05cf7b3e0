//! `/api/v1/avatar` and `/api/v1/avatars/{eid}/{uid}`: users' pictures.
//!
//! A picture is what its bytes are, whatever the request calls it, and goes out as that type, never to be
//! taken for anything else (`nosniff`, a policy that allows no content). Who may not see a picture and who
//! asks for one that is not there get the same answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use imagesize::ImageType;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::body::{NoBody, unreadable};
use super::conditional::client_has;
use super::problem::Problem;
use crate::identity::{EnterpriseId, UserId};
use crate::secret::Digest;
use crate::storage::{NewAvatar, SessionUser, StorageError};

/// The largest picture, in bytes.
const MAX_IMAGE_BYTES: usize = 256 * 1024;
/// The longest side of a picture, in pixels: a small file can hold a picture too large for anybody's memory.
const MAX_SIDE_PX: usize = 4_096;

/// The routes, with their own body limit.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(set, remove))
        .routes(routes!(show))
        .layer(DefaultBodyLimit::max(MAX_IMAGE_BYTES))
}

/// Sets the own picture: PNG, JPEG or WebP.
#[utoipa::path(
    put, path = "/api/v1/avatar", security(("session" = [])),
    request_body(
        description = "a PNG, JPEG or WebP picture of 256 KiB at most; what it is, its bytes say",
        content((String = "image/png"), (String = "image/jpeg"), (String = "image/webp"))
    ),
    responses((status = 204, description = "it is so now"))
)]
async fn set(
    State(app): State<Arc<App>>,
    user: SessionUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let image = body.map_err(|rejection| unreadable(rejection.status()))?;
    let content_type = content_type(&image)?;
    let digest = Digest::of(&image);
    let new = NewAvatar {
        digest: digest.as_str(),
        content_type,
        image: &image,
    };
    match app.storage.set_avatar(&user.id, &new).await {
        Ok(()) | Err(StorageError::Exists(_)) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

/// Takes the own picture away.
#[utoipa::path(
    delete, path = "/api/v1/avatar", security(("session" = [])),
    responses((status = 204, description = "there is none now"), (status = 404, description = "there was none"))
)]
async fn remove(
    State(app): State<Arc<App>>,
    user: SessionUser,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    app.storage.remove_avatar(&user.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The picture of a user whom the reader may see.
#[utoipa::path(
    get, path = "/api/v1/avatars/{eid}/{uid}", security(("session" = [])),
    params(("If-None-Match" = Option<String>, Header, description = "the ETag of an earlier answer")),
    responses(
        (
            status = 200, description = "the picture", headers(("ETag" = String)),
            content((String = "image/png"), (String = "image/jpeg"), (String = "image/webp"))
        ),
        (status = 304, description = "it is as it was"),
        (status = 404, description = "there is none for this reader"),
    )
)]
async fn show(
    State(app): State<Arc<App>>,
    SessionUser { id: reader, .. }: SessionUser,
    headers: HeaderMap,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((eid, uid)) = path.map_err(|_| Problem::bad_request("path is not UTF-8"))?;
    let user = user(&eid, &uid)?;
    let digest = app.storage.avatar_digest(&reader, &user).await?;
    let digest = digest.ok_or_else(missing)?;
    if client_has(&headers, &etag(&digest)) {
        return Ok((StatusCode::NOT_MODIFIED, caching(&digest)).into_response());
    }
    let avatar = app.storage.avatar(&reader, &user).await?;
    let avatar = avatar.ok_or_else(missing)?;
    let safety = [
        (CONTENT_TYPE, avatar.content_type.as_str()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    Ok((safety, caching(&avatar.digest), avatar.image).into_response())
}

fn user(eid: &str, uid: &str) -> Result<UserId, Problem> {
    let parsed = eid
        .parse()
        .and_then(|eid: EnterpriseId| UserId::within(&eid, uid));
    parsed.map_err(|error| Problem::bad_request(error.to_string()))
}

fn missing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no such avatar")
}

fn etag(digest: &str) -> String {
    format!("\"{digest}\"")
}

/// Kept by the reader alone, who asks each time whether it is still so.
fn caching(digest: &str) -> [(HeaderName, String); 3] {
    [
        (ETAG, etag(digest)),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (VARY, "authorization".to_owned()),
    ]
}

/// The media type of a picture that is one of those we take, by its first bytes.
fn content_type(image: &[u8]) -> Result<&'static str, Problem> {
    let unsupported = || {
        let detail = "want a PNG, JPEG or WebP picture";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    };
    let kind = imagesize::image_type(image).map_err(|_| unsupported())?;
    let content_type = match kind {
        ImageType::Png => "image/png",
        ImageType::Jpeg => "image/jpeg",
        ImageType::Webp => "image/webp",
        _ => return Err(unsupported()),
    };
    let size = imagesize::blob_size(image).map_err(|_| unsupported())?;
    let sides = 1..=MAX_SIDE_PX;
    if !sides.contains(&size.width) || !sides.contains(&size.height) {
        let detail = format!("want sides of 1 to {MAX_SIDE_PX} pixels");
        return Err(Problem::bad_request(detail));
    }
    Ok(content_type)
}

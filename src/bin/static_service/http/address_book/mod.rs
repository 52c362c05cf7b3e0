//! `GET /api/v1/address-book`: the reader's address book, whole or what changed, a page at a time. Answers
//! hold no secrets, so they may be compressed.

mod cursor;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::conditional::client_has;
use super::problem::Problem;
use crate::address_book::Entry;
use crate::identity::UserId;
use crate::storage::{BookAsked, BookVersion, SessionUser};

/// Entries of a page when nobody says.
const LIMIT: u32 = 1_000;
/// The most entries of a page.
const MAX_LIMIT: u32 = 5_000;

/// Bytes from which on it is worth the work to compress.
const COMPRESSED_BYTES: u16 = 1_024;

/// `?since=V&limit=N&cursor=C`, as text so that a refusal can name the one that is wrong.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BookQuery {
    /// The version of an earlier answer: only what changed since then is told.
    #[param(pattern = "^[0-9]{1,18}$")]
    since: Option<String>,
    /// Entries at most; 1000 when it is not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 5000)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
struct BookAnswer {
    /// What to give as `since` the next time.
    #[schema(value_type = i64, minimum = 0)]
    version: BookVersion,
    /// Whether this is part of all there is, rather than of what changed.
    full: bool,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    entries: Vec<Entry>,
}

/// The route, which alone of all compresses.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESSED_BYTES));
    OpenApiRouter::new()
        .routes(routes!(address_book))
        .layer(compression)
}

/// The reader's address book: all of it, or what changed.
#[utoipa::path(
    get, path = "/api/v1/address-book", security(("session" = [])),
    params(BookQuery, ("If-None-Match" = Option<String>, Header, description = "the ETag of an earlier answer")),
    responses(
        (status = 200, body = BookAnswer, headers(("ETag" = String, description = "on the first page"))),
        (status = 304, description = "it is as it was"),
        (status = 410, description = "the load that the cursor belongs to is too old"),
    )
)]
async fn address_book(
    State(app): State<Arc<App>>,
    SessionUser { id: reader, .. }: SessionUser,
    headers: HeaderMap,
    query: Result<Query<BookQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let refused =
        |_| Problem::bad_request("query: want since, limit and cursor, each once at most");
    let Query(query) = query.map_err(refused)?;
    let (asked, limit) = (query.asked()?, query.limit()?);
    let begins = matches!(asked, BookAsked::Begin(_));
    if begins && headers.contains_key(IF_NONE_MATCH) {
        let version = app.storage.address_book_version(reader.eid()).await?;
        if client_has(&headers, &etag(&reader, version)) {
            let caching = caching(&reader, Some(version));
            return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
        }
    }
    let page = app.storage.address_book(&reader, asked, limit).await?;
    let page = page.ok_or_else(|| {
        let detail = "cursor: the load that it belongs to is too old: begin again without it";
        Problem::new(StatusCode::GONE, detail)
    })?;
    let answer = BookAnswer {
        version: page.version,
        full: page.full,
        next_cursor: page.next.as_ref().map(cursor::write),
        entries: page.entries,
    };
    let caching = caching(&reader, begins.then_some(page.version));
    Ok((caching, Json(answer)).into_response())
}

impl BookQuery {
    fn asked(&self) -> Result<BookAsked, Problem> {
        let since = self.since.as_deref().map(|text| {
            let refused = || Problem::bad_request("since: want the version of an earlier answer");
            cursor::version(text).ok_or_else(refused)
        });
        let since = since.transpose()?;
        let Some(text) = &self.cursor else {
            return Ok(BookAsked::Begin(since));
        };
        let refused = || Problem::bad_request("cursor: want the next_cursor of an earlier answer");
        cursor::read(text).map(BookAsked::GoOn).ok_or_else(refused)
    }

    fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.as_deref().map_or(Ok(LIMIT), str::parse);
        limit
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| Problem::bad_request(format!("limit: want 1 to {MAX_LIMIT}")))
    }
}

/// Weak: it stands for the same book however it is encoded.
fn etag(reader: &UserId, version: BookVersion) -> String {
    format!("W/\"{version}-{reader}\"")
}

/// Headers of every answer; the tag on the first page only, where it stands for the whole load.
fn caching(reader: &UserId, version: Option<BookVersion>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let fixed = [
        (CACHE_CONTROL, "private, no-cache"),
        (VARY, "authorization"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let tag = version.and_then(|version| etag(reader, version).parse().ok());
    headers.extend(tag.map(|tag| (ETAG, tag)));
    headers
}

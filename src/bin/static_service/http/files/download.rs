//! `GET` and `HEAD` of a signed link, by whom it is for. Content never changes, so its hash is a strong ETag.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch, IfRange};
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::App;
use super::super::problem::Problem;
use super::asked::{Asked, unexpired};
use super::disposition::attachment;
use super::refusal::{expired, no_such_file};
use super::upload;
use crate::clock::now_s;
use crate::files::{Recipient, SignedLink};
use crate::identity::UserId;
use crate::journal::Entry;
use crate::storage::StoredFile;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// `?to=...&expires=...&signature=...`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    to: Option<String>,
    expires: Option<i64>,
    signature: Option<String>,
}

/// The query, if it can be read.
type Asks = Result<Query<LinkQuery>, QueryRejection>;

/// What is to be sent.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Range(Range<u64>),
    Unsatisfiable,
}

/// Downloads a file by a link that is for the reader.
#[utoipa::path(
    get, path = "/api/v1/files/{id}", security(("session" = [])),
    params(
        LinkQuery,
        ("Range" = Option<String>, Header, description = "one range of bytes"),
        ("If-Range" = Option<String>, Header, description = "the ETag that the range is of"),
        ("If-None-Match" = Option<String>, Header, description = "the ETag of an earlier answer"),
    ),
    responses(
        (status = 200, description = "all of it", content_type = "*/*", body = String),
        (status = 206, description = "the range", content_type = "*/*", body = String),
        (status = 304, description = "the reader has it"),
        (status = 404, description = "there is no such file for this reader"), (status = 410, description = "it has expired"), (status = 416, description = "the range is beyond the end"), (status = 501, description = "this service keeps no files"),
    )
)]
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    method: Method,
    asked: Asked,
    query: Asks,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = linked(&app, &asked, query).await?;
    let tag = entity_tag(&file);
    if let Some(condition) = headers.typed_get::<IfNoneMatch>()
        && !condition.precondition_passes(&tag)
    {
        return Ok((StatusCode::NOT_MODIFIED, described(&file)).into_response());
    }
    let part = match method {
        Method::GET => part(&headers, file.size, &tag),
        _ => Part::Whole,
    };
    match part {
        Part::Whole if method == Method::HEAD => Ok(head_of(&file)),
        Part::Whole => send(&app, &asked, &file, 0..file.size, StatusCode::OK).await,
        Part::Range(range) => send(&app, &asked, &file, range, StatusCode::PARTIAL_CONTENT).await,
        Part::Unsatisfiable => Ok(unsatisfiable(&file)),
    }
}

/// What a link leads to; by the owner and without a signature: how much of an upload is there.
#[utoipa::path(
    head, path = "/api/v1/files/{id}", security(("session" = [])), params(LinkQuery),
    responses(
        (status = 200, description = "Content-Length and ETag, or Upload-Offset and Upload-Length"),
        (status = 304, description = "the reader has it"),
        (status = 404, description = "there is no such file for this reader"), (status = 410, description = "it has expired"), (status = 501, description = "this service keeps no files"),
    )
)]
pub(crate) async fn head(
    state: State<Arc<App>>,
    method: Method,
    asked: Asked,
    query: Asks,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let is_link = |query: &Query<LinkQuery>| query.signature.is_some();
    match query.as_ref().map(is_link) {
        Ok(false) => upload::progress(&state.0, &asked).await,
        _ => download(state, method, asked, query, headers).await,
    }
}

/// The file that a link is for, if the link is good and for the one who asks.
async fn linked(app: &App, asked: &Asked, query: Asks) -> Result<StoredFile, Problem> {
    let query = query.map(|Query(query)| (query.to, query.expires, query.signature));
    let Ok((Some(to), Some(expires_at_s), Some(signature))) = query else {
        let detail = "want the query of a link: to, expires and signature, once each";
        return Err(Problem::bad_request(detail));
    };
    let link = SignedLink {
        id: &asked.id,
        to: &to,
        expires_at_s,
    };
    if !asked.files.links.is_signature(&link, &signature) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "the link is not one of ours",
        ));
    }
    if expires_at_s <= now_s() {
        return Err(expired());
    }
    let file = app.storage.file(&asked.id).await?;
    let file = unexpired(file.ok_or_else(no_such_file)?)?;
    require_recipient(app, &file, &to, &asked.user).await?;
    match file.sha256 {
        Some(_) => Ok(file),
        None => Err(no_such_file()),
    }
}

/// Only to colleagues the service admits that the file is there.
async fn require_recipient(
    app: &App,
    file: &StoredFile,
    to: &str,
    reader: &UserId,
) -> Result<(), Problem> {
    let owner = &file.owner;
    let to = Recipient::parse(to, owner).map_err(|_| no_such_file())?;
    if to.includes(reader, owner, &app.storage).await? {
        return Ok(());
    }
    tracing::info!(user = %reader, id = file.id.as_str(), "download refused");
    if reader.eid() == owner.eid() {
        let detail = "the link is for somebody else";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Err(no_such_file())
}

fn entity_tag(file: &StoredFile) -> ETag {
    let hash = file.sha256.as_deref().unwrap_or_default();
    let quoted = format!("\"{hash}\"");
    quoted
        .parse()
        .expect("hex digits in quotes are an entity tag")
}

/// What the headers ask for. Several ranges at once get all of it, as RFC 9110 allows.
fn part(headers: &HeaderMap, size: u64, tag: &ETag) -> Part {
    let mut given = headers.get_all(RANGE).iter();
    let (Some(range), None) = (given.next(), given.next()) else {
        return Part::Whole;
    };
    match headers.typed_try_get::<IfRange>() {
        Ok(None) => {}
        Ok(Some(condition)) if !condition.is_modified(Some(tag), None) => {}
        _ => return Part::Whole,
    }
    let parsed = range
        .to_str()
        .ok()
        .map(http_range_header::parse_range_header);
    match parsed {
        Some(Ok(ranges)) if ranges.len() == 1 && size == 0 => Part::Unsatisfiable,
        Some(Ok(ranges)) if ranges.len() == 1 => match ranges.validate(size).as_deref() {
            Ok([range]) => Part::Range(*range.start()..range.end().saturating_add(1)),
            _ => Part::Unsatisfiable,
        },
        _ => Part::Whole,
    }
}

/// What all answers about the content say of it.
fn described(file: &StoredFile) -> HeaderMap {
    let hash = file.sha256.as_deref().unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.typed_insert(entity_tag(file));
    let texts = [
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (REPR_DIGEST, format!("sha-256=:{}:", base64_of(hash))),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_TYPE, file.content_type.clone()),
        (CONTENT_DISPOSITION, attachment(&file.name)),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
    ];
    for (name, text) in texts {
        // All are checked or escaped; what were not would be left out.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Hex as base64.
fn base64_of(hex: &str) -> String {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    STANDARD.encode(digits.filter_map(byte).collect::<Vec<u8>>())
}

fn head_of(file: &StoredFile) -> Response {
    let mut headers = described(file);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(file.size));
    (StatusCode::OK, headers).into_response()
}

async fn send(
    app: &App,
    asked: &Asked,
    file: &StoredFile,
    range: Range<u64>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let mut headers = described(file);
    let len = range.end.saturating_sub(range.start);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    if status == StatusCode::PARTIAL_CONTENT {
        let (first, last, size) = (range.start, range.end.saturating_sub(1), file.size);
        insert_range(&mut headers, format!("bytes {first}-{last}/{size}"));
    }
    tracing::info!(user = %asked.user, id = file.id.as_str(), first = range.start, len, "download");
    let entry = Entry::of("file.downloaded", &asked.user).with("file", file.id.as_str());
    let entry = entry.with("first", range.start).with("bytes", len);
    let pieces = asked.files.read(file, range).await?;
    app.journal.record(entry);
    Ok((status, headers, Body::from_stream(pieces)).into_response())
}

fn unsatisfiable(file: &StoredFile) -> Response {
    let detail = format!("the file has {} bytes", file.size);
    let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).into_response();
    insert_range(response.headers_mut(), format!("bytes */{}", file.size));
    response
}

fn insert_range(headers: &mut HeaderMap, range: String) {
    let value = HeaderValue::try_from(range).expect("digits and marks are a header value");
    headers.insert(CONTENT_RANGE, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_and_anything_odd_is_all_of_it() {
        let tag: ETag = "\"a\"".parse().unwrap();
        let part = |range: &str, size| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, range.parse().unwrap());
            part(&headers, size, &tag)
        };
        for (range, want) in [
            ("bytes=0-", Part::Range(0..10)),
            ("bytes=2-4", Part::Range(2..5)),
            ("bytes=9-", Part::Range(9..10)),
            ("bytes=5-99", Part::Range(5..10)),
            ("bytes=-3", Part::Range(7..10)),
            ("bytes=-99", Part::Range(0..10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=18446744073709551615-", Part::Unsatisfiable),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=4-2", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=99999999999999999999-", Part::Unsatisfiable),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(range, 10), want, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Unsatisfiable);
    }

    #[test]
    fn hex_becomes_base64() {
        assert_eq!(base64_of("00ff10"), "AP8Q");
    }
}

//! The file API as the team agreed on it, in memory, with faults on order.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A file at the service.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    pub(super) size: usize,
    pub(super) data: Vec<u8>,
}

/// What has been asked, and what is to go wrong.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) files: HashMap<String, Stored>,
    /// `METHOD path` of everything asked, a PATCH with its offset, a GET with its range.
    pub(super) asked: Vec<String>,
    /// The Authorization of everything asked.
    pub(super) authorizations: Vec<Option<String>>,
    pub(super) chunk_bytes: Option<u64>,
    /// The next upload or download falls silent after so many bytes.
    pub(super) cut_after: Option<usize>,
    /// The next request is answered with this status and title.
    pub(super) refuse: Option<(u16, &'static str)>,
    /// What `info` says of every file's hash.
    pub(super) wrong_hash: bool,
    /// Where every GET and HEAD is sent on to.
    pub(super) redirect: Option<String>,
    /// Made anew when a file changes.
    pub(super) etag: String,
    pub(super) disposition: Option<&'static str>,
}

type Shared = Arc<Mutex<Desk>>;

/// A running service; ends with its runtime.
pub(super) struct Fake {
    addr: SocketAddr,
    desk: Shared,
    home: tempfile::TempDir,
}

impl Fake {
    pub(super) async fn start() -> Fake {
        let desk = Shared::default();
        desk.lock().unwrap().etag = "\"one\"".to_owned();
        let routes = Router::new()
            .route("/api/v1/refresh", post(refresh))
            .route("/api/v1/files", post(create))
            .route("/api/v1/files/{id}/links", post(link))
            .route("/api/v1/files/{id}/info", get(info))
            .fallback(file)
            .with_state(Arc::clone(&desk));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let home = tempfile::tempdir().unwrap();
        Fake { addr, desk, home }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where its user keeps the profile.
    pub(super) fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    /// Puts a file there; gives a URL of it.
    pub(super) fn put(&self, id: &str, data: &[u8]) -> String {
        let stored = Stored {
            size: data.len(),
            data: data.to_vec(),
        };
        self.desk().files.insert(id.to_owned(), stored);
        format!("{}/api/v1/files/{id}?to=bob&signature=s", self.url())
    }
}

impl Desk {
    /// Takes note of a request; the answer that has been ordered for it, if any.
    fn note(&mut self, what: String, headers: &HeaderMap) -> Option<Response> {
        self.asked.push(what);
        let authorization = headers.get("authorization");
        let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
        self.authorizations.push(authorization);
        let (status, title) = self.refuse.take()?;
        let status = StatusCode::from_u16(status).unwrap();
        Some((status, json!({ "title": title }).to_string()).into_response())
    }
}

/// Gives a session token of which there is only one other.
async fn refresh(State(desk): State<Shared>) -> Response {
    desk.lock().unwrap().asked.push("POST refresh".to_owned());
    json!({"session_token": "session-secret-2", "refresh_token": "refresh-secret-2"})
        .to_string()
        .into_response()
}

async fn create(State(desk): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let mut desk = desk.lock().unwrap();
    if let Some(refusal) = desk.note("POST files".to_owned(), &headers) {
        return refusal;
    }
    let asked: Value = serde_json::from_str(&body).unwrap();
    let id = format!("f{}", desk.files.len() + 1);
    let size = usize::try_from(asked["size"].as_u64().unwrap()).unwrap();
    let data = Vec::new();
    desk.files.insert(id.clone(), Stored { size, data });
    let answer = json!({"id": id, "offset": 0, "chunk_bytes": desk.chunk_bytes, "expires_at": 4_000_000_000_i64});
    (StatusCode::CREATED, answer.to_string()).into_response()
}

async fn link(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut desk = desk.lock().unwrap();
    if let Some(refusal) = desk.note(format!("POST {id}/links {body}"), &headers) {
        return refusal;
    }
    let url = format!("/api/v1/files/{id}?to=x&signature=s");
    json!({"url": url, "expires_at": 4_000_000_000_i64})
        .to_string()
        .into_response()
}

async fn info(State(desk): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mut desk = desk.lock().unwrap();
    if let Some(refusal) = desk.note(format!("GET {id}/info"), &headers) {
        return refusal;
    }
    let Some(stored) = desk.files.get(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let hash = if desk.wrong_hash {
        "00".repeat(32)
    } else {
        hex(&stored.data)
    };
    let complete = stored.data.len() == stored.size;
    json!({"sha256": hash, "complete": complete})
        .to_string()
        .into_response()
}

/// HEAD, GET, PATCH and DELETE of a file, and whatever else is asked.
async fn file(State(desk): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let id = parts.uri.path().rsplit('/').next().unwrap().to_owned();
    let offset = header("upload-offset").or_else(|| header("range"));
    let what = format!(
        "{} {id} {}",
        parts.method,
        offset.clone().unwrap_or_default()
    );
    {
        let mut desk = desk.lock().unwrap();
        if let Some(refusal) = desk.note(what.trim().to_owned(), &parts.headers) {
            return refusal;
        }
        if let Some(to) = &desk.redirect {
            return (StatusCode::FOUND, [("location", to.clone())]).into_response();
        }
        if !desk.files.contains_key(&id) {
            return StatusCode::NOT_FOUND.into_response();
        }
    }
    if parts.method == Method::PATCH {
        return append(&desk, &id, &offset.unwrap(), body).await;
    }
    let mut desk = desk.lock().unwrap();
    match parts.method {
        Method::DELETE => {
            desk.files.remove(&id);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::HEAD => head(&desk, &id),
        _ => send(&mut desk, &id, offset, header("if-range")),
    }
}

async fn append(desk: &Shared, id: &str, offset: &str, body: Body) -> Response {
    let (have, cut) = {
        let mut desk = desk.lock().unwrap();
        (desk.files[id].data.len(), desk.cut_after.take())
    };
    if have.to_string() != offset {
        let have = [("upload-offset", have.to_string())];
        return (StatusCode::CONFLICT, have).into_response();
    }
    let mut blocks = body.into_data_stream();
    let most = cut.map_or(usize::MAX, |cut| have + cut);
    while let Some(Ok(block)) = blocks.next().await {
        if store(desk, id, &block, most) {
            // Neither an answer nor an end, as when a network falls silent.
            return std::future::pending().await;
        }
    }
    let reached = desk.lock().unwrap().files[id].data.len().to_string();
    (StatusCode::NO_CONTENT, [("upload-offset", reached)]).into_response()
}

/// True when `most` bytes are reached: nothing more is taken.
fn store(desk: &Shared, id: &str, block: &[u8], most: usize) -> bool {
    let mut desk = desk.lock().unwrap();
    let data = &mut desk.files.get_mut(id).unwrap().data;
    let room = most - data.len();
    data.extend(block.iter().take(room));
    data.len() == most
}

fn head(desk: &Desk, id: &str) -> Response {
    let stored = &desk.files[id];
    let disposition = desk.disposition.unwrap_or("attachment");
    let headers = [
        ("upload-offset", stored.data.len().to_string()),
        ("content-length", stored.size.to_string()),
        ("content-type", "video/mp4".to_owned()),
        ("content-disposition", disposition.to_owned()),
    ];
    headers.into_response()
}

fn send(desk: &mut Desk, id: &str, range: Option<String>, if_range: Option<String>) -> Response {
    let data = desk.files[id].data.clone();
    let total = data.len();
    let range = range.filter(|_| if_range.as_deref() == Some(&desk.etag));
    let start = range.map(|range| {
        let start = range.strip_prefix("bytes=").unwrap();
        start.strip_suffix('-').unwrap().parse::<usize>().unwrap()
    });
    if start.is_some_and(|start| start >= total) {
        let range = [("content-range", format!("bytes */{total}"))];
        return (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response();
    }
    let from = start.unwrap_or(0);
    let part = data[from..].to_vec();
    let length = part.len();
    let body = match desk.cut_after.take() {
        Some(cut) => {
            let first: Result<_, std::io::Error> = Ok(part[..cut].to_vec());
            let silence = stream::pending();
            Body::from_stream(stream::iter([first]).chain(silence))
        }
        None => Body::from(part),
    };
    let status = if start.is_some() {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert("etag", desk.etag.parse().unwrap());
    headers.insert("content-length", length.into());
    if start.is_some() {
        let range = format!("bytes {from}-{}/{total}", total - 1);
        headers.insert("content-range", range.parse().unwrap());
    }
    response
}

pub(super) fn hex(data: &[u8]) -> String {
    let digest = Sha256::digest(data);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! The fake service's directory: `GET /control/v1/directory`, NDJSON between `directory.begin` and
//! `directory.end`. There is none (404) until a test sets one.

use std::sync::PoisonError;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::{Answer, FakeService, Shared, is_broker, respond};

/// What is served, and how often it was asked for.
#[derive(Default)]
pub(super) struct Directory {
    served: Option<Served>,
    answer: Option<Answer>,
    /// Requests so far.
    openings: usize,
}

#[derive(Clone)]
enum Served {
    /// Entries; the first and last line are added, with the feed's position at the time of asking.
    Entries(Vec<Value>),
    /// The whole body, whatever it is.
    Text(String),
}

impl FakeService {
    /// Serves these entries from now on; `directory.begin` and `directory.end` are added, true at the
    /// feed's position when it is asked.
    pub(crate) fn directory(&self, entries: &[Value]) {
        self.inner().directory.served = Some(Served::Entries(entries.to_vec()));
    }

    /// Serves a body that may be anything.
    pub(crate) fn directory_text(&self, body: &str) {
        self.inner().directory.served = Some(Served::Text(body.to_owned()));
    }

    /// What a request for the directory gets from now on. `Torn` breaks in the middle of the body.
    pub(crate) fn directory_answer(&self, answer: Answer) {
        self.inner().directory.answer = Some(answer);
    }

    /// Requests for the directory so far.
    pub(crate) fn directory_openings(&self) -> usize {
        self.inner().directory.openings
    }

    /// The id of the feed's last event so far.
    pub(crate) fn feed_position(&self) -> u64 {
        self.inner().feed.position()
    }
}

/// `enterprise.upserted`
pub(crate) fn enterprise(eid: &str) -> Value {
    entry("enterprise.upserted", &json!({"eid": eid, "name": eid}))
}

/// `user.upserted` of `uid@eid`.
pub(crate) fn user(name: &str, roles: &[&str], channels: &[&str]) -> Value {
    let (uid, eid) = name.split_once('@').expect("uid@eid");
    let data = json!({"eid": eid, "uid": uid, "roles": roles, "channels": channels});
    entry("user.upserted", &data)
}

/// `group.upserted` of `gid@eid`; members are uids.
pub(crate) fn group(name: &str, members: &[&str]) -> Value {
    let (gid, eid) = name.split_once('@').expect("gid@eid");
    entry(
        "group.upserted",
        &json!({"eid": eid, "gid": gid, "members": members}),
    )
}

/// `partner.linked` of two `uid@eid`.
pub(crate) fn partners(a: &str, b: &str) -> Value {
    entry("partner.linked", &json!({"a": a, "b": b}))
}

/// A line of the directory.
pub(crate) fn entry(event: &str, data: &Value) -> Value {
    json!({"event": event, "data": data})
}

impl Served {
    fn body(self, position: u64) -> String {
        let entries = match self {
            Served::Text(text) => return text,
            Served::Entries(entries) => entries,
        };
        let begin = entry("directory.begin", &json!({"seq": position}));
        let end = entry("directory.end", &json!({"entries": entries.len()}));
        let lines = [begin].into_iter().chain(entries).chain([end]);
        lines.map(|line| format!("{line}\n")).collect()
    }
}

pub(super) async fn serve(State(inner): State<Shared>, headers: HeaderMap) -> Response {
    if !is_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (answer, body) = {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.directory.openings += 1;
        let answer = inner.directory.answer.clone().unwrap_or(Answer::Normal);
        let position = inner.feed.position();
        let served = inner.directory.served.clone();
        (answer, served.map(|served| served.body(position)))
    };
    let Some(body) = body else {
        return respond(answer, || StatusCode::NOT_FOUND.into_response()).await;
    };
    match answer {
        Answer::Torn => torn(&body),
        answer => respond(answer, || ndjson(Body::from(body))).await,
    }
}

/// The first half of it, then the connection breaks.
fn torn(body: &str) -> Response {
    let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
    let rest = async {
        // What came before is sent only when the stream has nothing more for a moment.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("torn"))
    };
    let first = futures_util::stream::iter([Ok(half)]);
    ndjson(Body::from_stream(
        first.chain(futures_util::stream::once(rest)),
    ))
}

fn ndjson(body: Body) -> Response {
    ([(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

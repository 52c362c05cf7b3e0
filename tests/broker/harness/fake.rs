//! A static service in this process that does what a test says: accounts and a feed by default, and
//! every kind of fault on demand. It is anybody's service, so it does only what the contract asks.

pub(crate) mod directory;
mod logs;
mod oauth;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

pub(crate) use oauth::REALM_PATH;

use super::conf::{BROKER_SECRET, MARK};
use super::feed_stream::{Cut, Feed};
use super::message::now_ms;
use super::ports::free_port;
use super::wait::eventually;

/// What an endpoint does.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// What it is there for.
    Normal,
    /// 200 with this JSON.
    Json(Value),
    /// This status with this body.
    Body(u16, &'static str, Vec<u8>),
    /// Another answer, late.
    Late(Duration, Box<Answer>),
    /// No answer, for ever.
    Hang,
    /// The connection is closed without an answer.
    Close,
    /// The connection breaks within the answer's body.
    Torn,
    /// 307 to this URL.
    Redirect(String),
}

/// One account on one device, with its login token.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) client_id: String,
    pub(crate) username: String,
    pub(crate) token: String,
    /// The introspection answer.
    pub(crate) grant: Value,
}

impl Login {
    /// Hex SHA-256 of the token.
    pub(crate) fn digest(&self) -> String {
        let digest = Sha256::digest(self.token.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The grant as the feed announces it.
    pub(crate) fn announcement(&self) -> Value {
        let mut data = self.grant.clone();
        data["digest"] = json!(self.digest());
        data
    }
}

struct Inner {
    logins: HashMap<String, Value>,
    issued: u64,
    introspection: Answer,
    feed_answer: Answer,
    asked: Vec<HashMap<String, String>>,
    feed: Feed,
    directory: directory::Directory,
    intake: logs::Intake,
}

type Shared = Arc<Mutex<Inner>>;

/// The service. Requests are served until it is dropped or stopped.
pub(crate) struct FakeService {
    inner: Shared,
    port: u16,
    runtime: Option<Runtime>,
}

impl FakeService {
    /// Starts it on a free port.
    pub(crate) fn start() -> FakeService {
        let inner = Inner {
            logins: HashMap::new(),
            issued: 0,
            introspection: Answer::Normal,
            feed_answer: Answer::Normal,
            asked: Vec::new(),
            feed: Feed::default(),
            directory: directory::Directory::default(),
            intake: logs::Intake::default(),
        };
        let mut service = FakeService {
            inner: Arc::new(Mutex::new(inner)),
            port: free_port(),
            runtime: None,
        };
        service.start_again();
        service
    }

    /// Starts it again where it was, with all it knew.
    pub(crate) fn start_again(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = eventually("the service's port", || {
            runtime
                .block_on(tokio::net::TcpListener::bind(address))
                .ok()
        });
        let app = Router::new()
            .route("/oauth2/introspect", post(introspect))
            .route(oauth::REALM_PATH, post(oauth::introspect))
            .route("/control/v1/feed", get(feed))
            .route("/control/v1/directory", get(directory::serve))
            .route("/control/v1/logs", post(logs::take))
            .with_state(Arc::clone(&self.inner));
        runtime.spawn(
            axum::serve(
                axum::serve::ListenerExt::tap_io(listener, |s| {
                    let _ = s.set_nodelay(true);
                }),
                app,
            )
            .into_future(),
        );
        self.runtime = Some(runtime);
    }

    /// Ends it: all connections are closed, further ones refused.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.inner().feed.cut(Cut::Broken, "", "");
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a token for `uid@eid:device`, good for an hour, that introspection knows.
    pub(crate) fn issue(&self, client_id: &str) -> Login {
        self.issue_with(client_id, json!({}))
    }

    /// As [`FakeService::issue`], with other members of the answer (`groups`, `exp`, ...).
    pub(crate) fn issue_with(&self, client_id: &str, members: Value) -> Login {
        let (username, device) = client_id.split_once(':').expect("uid@eid:device");
        let (uid, eid) = username.split_once('@').expect("uid@eid");
        let mut grant = json!({
            "active": true, "eid": eid, "uid": uid, "device": device, "kind": "pc",
            "exp": now_ms() / 1000 + 3600, "groups": [],
        });
        for (name, value) in members.as_object().expect("an object") {
            grant[name] = value.clone();
        }
        self.issue_answer(client_id, grant)
    }

    /// Makes a token about which introspection says exactly this, and that `client_id` is to show.
    pub(crate) fn issue_answer(&self, client_id: &str, answer: Value) -> Login {
        let (username, _) = client_id.split_once(':').expect("uid@eid:device");
        let mut inner = self.inner();
        inner.issued += 1;
        let token = format!("{MARK}-{}", inner.issued);
        inner.logins.insert(token.clone(), answer.clone());
        Login {
            client_id: client_id.to_owned(),
            username: username.to_owned(),
            token,
            grant: answer,
        }
    }

    /// Introspection says `active: false` from now on.
    pub(crate) fn void(&self, login: &Login) {
        self.inner().logins.remove(&login.token);
    }

    /// What introspection does from now on.
    pub(crate) fn introspection(&self, answer: Answer) {
        self.inner().introspection = answer;
    }

    /// What a request for the feed gets from now on. Open connections stay.
    pub(crate) fn feed_answer(&self, answer: Answer) {
        self.inner().feed_answer = answer;
    }

    /// The questions so far, as sent.
    pub(crate) fn questions(&self) -> Vec<HashMap<String, String>> {
        self.inner().asked.clone()
    }

    /// How often introspection was asked about this token.
    pub(crate) fn asked_about(&self, token: &str) -> usize {
        let inner = self.inner();
        let of_it = |q: &&HashMap<String, String>| q.get("token").is_some_and(|t| t == token);
        inner.asked.iter().filter(of_it).count()
    }

    /// Puts an event on the feed; gives its id.
    pub(crate) fn event(&self, name: &str, data: &Value) -> u64 {
        self.inner().feed.push(name, &data.to_string())
    }

    /// Puts an event on the feed whose data may be anything.
    pub(crate) fn event_text(&self, name: &str, data: &str) -> u64 {
        self.inner().feed.push(name, data)
    }

    /// `token.issued`
    pub(crate) fn announce(&self, login: &Login) {
        self.event("token.issued", &login.announcement());
    }

    /// A `notice`.
    pub(crate) fn notice(&self, scope: &Value, title: &str) -> u64 {
        self.event(
            "notice",
            &json!({"id": title, "scope": scope, "title": title, "body": "", "kind": "announcement"}),
        )
    }

    /// Sends bytes over the open feeds.
    pub(crate) fn feed_raw(&self, bytes: &[u8]) {
        self.inner().feed.send_raw(bytes);
    }

    /// Cuts the open feeds; `Within` and `EndWithin` cut in the middle of a notice to
    /// everybody with this title.
    pub(crate) fn cut(&self, how: Cut, title: &str) {
        let data = json!({"id": title, "scope": {"all": true}, "title": title});
        self.inner().feed.cut(how, "notice", &data.to_string());
    }

    /// Feeds that are open.
    pub(crate) fn listeners(&self) -> usize {
        self.inner().feed.listeners()
    }

    /// The `Last-Event-ID` with which each feed so far was opened.
    pub(crate) fn openings(&self) -> Vec<Option<String>> {
        self.inner().feed.openings.clone()
    }
}

impl Drop for FakeService {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn is_broker(headers: &HeaderMap) -> bool {
    let credentials = format!("broker-1:{BROKER_SECRET}");
    let want = base64::engine::general_purpose::STANDARD.encode(credentials);
    let found = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    found == Some(&format!("Basic {want}"))
}

async fn introspect(
    State(inner): State<Shared>,
    headers: HeaderMap,
    Form(question): Form<HashMap<String, String>>,
) -> Response {
    if !is_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (answer, normal) = {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        let known = question.get("token").and_then(|t| inner.logins.get(t));
        let normal = known.cloned().unwrap_or(json!({"active": false}));
        inner.asked.push(question);
        (inner.introspection.clone(), normal)
    };
    respond(answer, || json_response(&normal)).await
}

async fn feed(State(inner): State<Shared>, headers: HeaderMap) -> Response {
    if !is_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let last = last.map(str::to_owned);
    let answer = {
        let inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.feed_answer.clone()
    };
    let open = || {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.feed.open(last)
    };
    respond(answer, open).await
}

fn json_response(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn respond(mut answer: Answer, normal: impl FnOnce() -> Response) -> Response {
    while let Answer::Late(delay, then) = answer {
        tokio::time::sleep(delay).await;
        answer = *then;
    }
    match answer {
        Answer::Normal | Answer::Late(..) => normal(),
        Answer::Json(value) => json_response(&value),
        Answer::Body(status, content_type, body) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [(CONTENT_TYPE, content_type)], body).into_response()
        }
        Answer::Hang => std::future::pending().await,
        // Unwinds the connection's task, which closes the socket; no panic message is printed.
        Answer::Close => std::panic::resume_unwind(Box::new("close")),
        Answer::Torn => {
            let chunks: [Result<Bytes, std::io::Error>; 2] = [
                Ok(Bytes::from_static(b"{\"active\": tr")),
                Err(std::io::Error::other("torn")),
            ];
            Body::from_stream(futures_util::stream::iter(chunks)).into_response()
        }
        Answer::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response(),
    }
}

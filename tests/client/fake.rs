//! A static service of the contract's client side, in this process: refresh tokens that are good once, an address
//! book with changes, and troubles on demand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub(crate) const PASSWORD: &str = "correct horse";
/// 32 bytes in base64url.
pub(crate) const PERSONAL_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
pub(crate) const OTHER_PERSONAL_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

/// What the service knows and what it is told to do.
#[derive(Default)]
pub(crate) struct Desk {
    serial: u64,
    /// The session token that is good now.
    session: Option<String>,
    /// The refresh token that is good now, and the one before it while that may come again.
    refresh: Option<String>,
    predecessor: Option<String>,
    /// Whether a device may log in and refresh at all, as an older service may not.
    pub(crate) without_refresh: bool,
    pub(crate) personal_key: Option<String>,
    /// The address book's changes, oldest first: version and entry.
    changes: Vec<(i64, Value)>,
    /// Changes before this version are not kept.
    pub(crate) kept_since: i64,
    pub(crate) page_entries: usize,
    /// Answers to come instead of the usual ones, by path.
    troubles: BTreeMap<String, Vec<Trouble>>,
    /// Requests so far: path and query, oldest first.
    pub(crate) asked: Vec<String>,
    /// The refresh token that came with the latest login by password.
    pub(crate) login_brought: Value,
}

/// Something that goes wrong once.
#[derive(Clone)]
pub(crate) enum Trouble {
    /// A status, perhaps with `Retry-After`.
    Status(u16, Option<&'static str>),
    /// It is done, but the answer is lost on the way.
    LostAnswer,
    /// Not JSON of the contract.
    Nonsense(&'static str),
}

/// A running service; stopped when dropped.
pub(crate) struct Service {
    desk: Arc<Mutex<Desk>>,
    addr: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Service {
    pub(crate) fn start() -> Service {
        let desk = Desk {
            personal_key: Some(PERSONAL_KEY.to_owned()),
            page_entries: 1000,
            ..Desk::default()
        };
        let mut service = Service {
            desk: Arc::new(Mutex::new(desk)),
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            running: None,
        };
        service.start_again();
        service
    }

    /// Where it was before.
    pub(crate) fn start_again(&mut self) {
        let listener = std::net::TcpListener::bind(self.addr).expect("a free port");
        listener.set_nonblocking(true).expect("it need not block");
        self.addr = listener.local_addr().expect("its address");
        let (stop, stopped) = oneshot::channel::<()>();
        let router = router(Arc::clone(&self.desk));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    served = axum::serve(listener, router).into_future() => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        self.running = Some((stop, thread));
    }

    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            thread.join().expect("it ends");
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    /// The next requests for a path get these answers.
    pub(crate) fn trouble(&self, path: &str, troubles: &[Trouble]) {
        let troubles = troubles.iter().rev().cloned().collect();
        self.desk().troubles.insert(path.to_owned(), troubles);
    }

    /// Adds an entry to the address book.
    pub(crate) fn change(&self, entry: Value) {
        let mut desk = self.desk();
        let version = desk.version() + 1;
        desk.changes.push((version, entry));
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        let desk = self.desk();
        desk.asked
            .iter()
            .filter(|asked| asked.starts_with(path))
            .count()
    }

    /// The session is over, the refresh token is not.
    pub(crate) fn end_session(&self) {
        self.desk().session = None;
    }

    /// Nothing but a password helps.
    pub(crate) fn end_everything(&self) {
        let mut desk = self.desk();
        (desk.session, desk.refresh, desk.predecessor) = (None, None, None);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Desk {
    fn version(&self) -> i64 {
        self.changes.last().map_or(1, |(version, _)| *version)
    }

    fn secret(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("{kind}-{}", self.serial)
    }

    fn sign_in(&mut self, device: Option<&str>) -> Value {
        let session = self.secret("session");
        self.session = Some(session.clone());
        let mut answer = json!({
            "session_token": session,
            "expires_at": 4_000_000_000_u64,
            "user": {"eid": "acme", "uid": "alice", "name": "Alice", "title": null, "roles": []},
            "address_book": {"version": self.version()},
        });
        if let Some(device) = device.filter(|_| !self.without_refresh) {
            let refresh = self.secret("refresh");
            self.refresh = Some(refresh.clone());
            answer["refresh_token"] = json!(refresh);
            answer["refresh_expires_at"] = json!(4_000_000_000_u64);
            answer["device"] = json!(device);
            answer["personal_key"] = json!(self.personal_key);
        }
        answer
    }

    fn grant(&mut self) -> Value {
        json!({
            "token": self.secret("login"),
            "exp": 4_000_000_000_u64,
            "broker": "tcp://127.0.0.1:1",
            "username": "alice@acme",
            "client_id": "alice@acme:pc",
            "topics": {"groups": ["acme/im/msg/g/dev"]},
        })
    }

    /// Everything, or what came after `since`; later entries of the same thing replace earlier ones in a full load.
    fn entries(&self, since: Option<i64>) -> (bool, Vec<Value>) {
        match since {
            Some(since) if (self.kept_since..=self.version()).contains(&since) => {
                let after = self.changes.iter().filter(|(version, _)| *version > since);
                (false, after.map(|(_, entry)| entry.clone()).collect())
            }
            _ => {
                let all = self.changes.iter().map(|(_, entry)| entry.clone());
                (
                    true,
                    all.filter(|entry| entry["type"] != "deleted").collect(),
                )
            }
        }
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

type Shared = State<Arc<Mutex<Desk>>>;

fn router(desk: Arc<Mutex<Desk>>) -> Router {
    Router::new()
        .route("/api/v1/login", post(login))
        .route("/api/v1/refresh", post(refresh))
        .route("/api/v1/token", post(token))
        .route("/api/v1/address-book", get(address_book))
        .with_state(desk)
}

/// Takes note of a request; the trouble that it is to have.
fn note(desk: &mut Desk, path: &str, query: &str) -> Option<Trouble> {
    desk.asked.push(format!("{path}{query}"));
    desk.troubles.get_mut(path)?.pop()
}

/// The answer, unless there is trouble.
fn answer(trouble: Option<Trouble>, usual: Response) -> Response {
    match trouble {
        None => usual,
        Some(Trouble::Status(status, retry_after)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let mut response = problem(status, "as told");
            if let Some(text) = retry_after {
                let value = text.parse().expect("a header's value");
                response.headers_mut().insert(RETRY_AFTER, value);
            }
            response
        }
        Some(Trouble::Nonsense(text)) => text.into_response(),
        Some(Trouble::LostAnswer) => {
            let broken = std::io::Error::other("the line breaks");
            Body::from_stream(stream::once(async { Err::<Vec<u8>, _>(broken) })).into_response()
        }
    }
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({"type": "about:blank", "title": status.canonical_reason(), "detail": detail});
    (status, Json(body)).into_response()
}

async fn login(State(desk): Shared, Json(body): Json<Value>) -> Response {
    let mut desk = lock(&desk);
    let trouble = note(&mut desk, "/api/v1/login", "");
    desk.login_brought = body["refresh_token"].clone();
    if body["password"] != PASSWORD {
        return answer(trouble, problem(StatusCode::UNAUTHORIZED, "wrong password"));
    }
    let device = body["kind"].as_str().and(body["device"].as_str());
    answer(trouble, Json(desk.sign_in(device)).into_response())
}

/// Good once; the one before, while the one after it is unused.
async fn refresh(State(desk): Shared, Json(body): Json<Value>) -> Response {
    let mut desk = lock(&desk);
    let trouble = note(&mut desk, "/api/v1/refresh", "");
    // Refused before anything is done.
    if matches!(trouble, Some(Trouble::Status(..) | Trouble::Nonsense(_))) {
        return answer(trouble, StatusCode::OK.into_response());
    }
    let given = body["refresh_token"].as_str().map(str::to_owned);
    let is_known = given.is_some() && (given == desk.refresh || given == desk.predecessor);
    if !is_known {
        (desk.session, desk.refresh, desk.predecessor) = (None, None, None);
        return answer(
            None,
            problem(StatusCode::UNAUTHORIZED, "refresh token used before"),
        );
    }
    // It may come again only if its answer was lost: nobody else may use it up.
    desk.predecessor = given.filter(|_| matches!(trouble, Some(Trouble::LostAnswer)));
    let mut signed_in = desk.sign_in(Some("pc"));
    if body["login_token"] == true {
        signed_in["login"] = desk.grant();
    }
    answer(trouble, Json(signed_in).into_response())
}

async fn token(State(desk): Shared, headers: HeaderMap) -> Response {
    let mut desk = lock(&desk);
    let trouble = note(&mut desk, "/api/v1/token", "");
    if !is_authorized(&desk, &headers) {
        return problem(StatusCode::UNAUTHORIZED, "no such session");
    }
    let grant = desk.grant();
    answer(trouble, Json(grant).into_response())
}

async fn address_book(
    State(desk): Shared,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let mut desk = lock(&desk);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<i64>().ok());
    let (since, cursor) = (number("since"), number("cursor").unwrap_or(0));
    let told = since.map_or("?full".to_owned(), |since| format!("?since={since}"));
    let trouble = note(&mut desk, "/api/v1/address-book", &told);
    if !is_authorized(&desk, &headers) {
        return problem(StatusCode::UNAUTHORIZED, "no such session");
    }
    let (full, entries) = desk.entries(since);
    let from = usize::try_from(cursor).expect("a cursor");
    let page: Vec<&Value> = entries.iter().skip(from).take(desk.page_entries).collect();
    let next = from + page.len();
    let more = next < entries.len();
    let body = json!({
        "version": desk.version(),
        "full": full,
        "next_cursor": more.then(|| next.to_string()),
        "entries": page,
    });
    answer(trouble, Json(body).into_response())
}

fn is_authorized(desk: &Desk, headers: &HeaderMap) -> bool {
    let given = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let given = given.and_then(|text| text.strip_prefix("Bearer "));
    given.is_some() && given == desk.session.as_deref()
}

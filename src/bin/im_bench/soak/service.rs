//! The static service of a soak: it remembers everything over its own death, as one with a database does. A thread of its
//! own; killing it closes every connection at once.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context;
use axum::extract::{Form, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use mosquitto_enterprise_push::engine::digest;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::town::{Device, EIDS, Town, people};
use crate::people::hex;

/// Far beyond any jump of a clock.
const EXP_S: u64 = 4_000_000_000;

struct Desk {
    tokens: BTreeMap<String, Value>,
    issued: u64,
    events: Vec<(&'static str, String)>,
    /// Events that are no longer kept; the first of `events` has the number after it.
    forgotten: usize,
    directory: Vec<(&'static str, Value)>,
    news: watch::Sender<usize>,
}

type Shared = Arc<Mutex<Desk>>;

/// The service.
pub(super) struct Service {
    desk: Shared,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

fn lock(desk: &Shared) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// Starts it on a free port.
    pub(super) fn start(town: &Town) -> anyhow::Result<Service> {
        let desk = Desk {
            tokens: BTreeMap::new(),
            issued: 0,
            events: Vec::new(),
            forgotten: 0,
            directory: directory(town),
            news: watch::channel(0).0,
        };
        let mut service = Service {
            desk: Arc::new(Mutex::new(desk)),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            running: None,
        };
        service.resume()?;
        Ok(service)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }

    /// Starts it where it was.
    pub(super) fn resume(&mut self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener =
            TcpListener::bind(self.address).context("the soak's static service cannot listen")?;
        listener.set_nonblocking(true)?;
        self.address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = routes(Arc::clone(&self.desk));
        let serve = async move {
            // The runtime goes with this block's end, and every connection with it.
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return;
            };
            tokio::select! {
                _ = stopped => {}
                _ = axum::serve(listener, routes) => {}
            }
        };
        let thread = std::thread::Builder::new()
            .name("static-service".to_owned())
            .spawn(move || runtime.block_on(serve))?;
        self.running = Some((stop, thread));
        Ok(())
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// A new token for a device, announced on the feed or left to be asked about.
    pub(super) fn issue(&self, device: Device, announce: bool) -> String {
        let mut desk = lock(&self.desk);
        desk.issued += 1;
        let token = format!("soak-token-{}-{}", desk.issued, device.owner.uid());
        let grant = json!({
            "eid": device.owner.eid(), "uid": device.owner.uid(), "device": device.kind(),
            "kind": device.kind(), "exp": EXP_S,
        });
        desk.tokens.insert(token.clone(), grant.clone());
        if announce {
            let digest = json!(hex(digest(&token)));
            desk.tell("token.issued", &with(grant, "digest", digest));
        }
        token
    }

    /// A token is void.
    pub(super) fn revoke(&self, token: &str) -> usize {
        let mut desk = lock(&self.desk);
        desk.tokens.remove(token);
        desk.tell("token.revoked", &json!({"digest": hex(digest(token))}))
    }

    /// Something happens; gives its number.
    pub(super) fn tell(&self, name: &'static str, data: &Value) -> usize {
        lock(&self.desk).tell(name, data)
    }

    /// Something in the directory happens.
    pub(super) fn change(&self, town: &Town, name: &'static str, data: &Value) -> usize {
        let mut desk = lock(&self.desk);
        desk.directory = directory(town);
        desk.tell(name, data)
    }

    /// Loses its history: who has not heard all of it has to load the directory.
    pub(super) fn lose_history(&self) {
        let mut desk = lock(&self.desk);
        desk.forgotten += desk.events.len();
        desk.events.clear();
        desk.tell("snapshot.required", &json!({}));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Desk {
    fn tell(&mut self, name: &'static str, data: &Value) -> usize {
        self.events.push((name, data.to_string()));
        let last = self.last();
        self.news.send_replace(last);
        last
    }

    fn last(&self) -> usize {
        self.forgotten + self.events.len()
    }

    /// The event after that one, if there is one yet.
    fn after(&self, id: usize) -> Option<(usize, Event)> {
        if id < self.forgotten {
            let id = self.forgotten;
            let event = Event::default().event("snapshot.required").data("{}");
            return Some((id, event.id(id.to_string())));
        }
        let (name, data) = self.events.get(id - self.forgotten)?;
        let id = id + 1;
        Some((
            id,
            Event::default().id(id.to_string()).event(*name).data(data),
        ))
    }
}

/// Everything that a directory says of the town.
fn directory(town: &Town) -> Vec<(&'static str, Value)> {
    let mut lines: Vec<(&'static str, Value)> = Vec::new();
    lines.extend(EIDS.map(|eid| ("enterprise.upserted", json!({"eid": eid}))));
    for person in people() {
        let user = json!({"eid": person.eid(), "uid": person.uid(), "roles": [], "channels": []});
        lines.push(("user.upserted", user));
    }
    for (number, eid) in EIDS.into_iter().enumerate() {
        for (gid, members) in [("all", Town::all(number)), ("loose", town.loose(number))] {
            lines.push((
                "group.upserted",
                json!({"eid": eid, "gid": gid, "members": members}),
            ));
        }
    }
    let linked = town.friends.wanted.then_some(1);
    for number in [0].into_iter().chain(linked) {
        lines.push(("partner.linked", link(number)));
    }
    lines
}

/// The data of a link of those with this number.
pub(super) fn link(number: usize) -> Value {
    let [a, b] = EIDS;
    json!({"a": format!("p{number}@{a}"), "b": format!("p{number}@{b}")})
}

fn routes(desk: Shared) -> Router {
    Router::new()
        .route("/oauth2/introspect", post(introspect))
        .route("/control/v1/feed", get(feed))
        .route("/control/v1/directory", get(whole_directory))
        .route("/control/v1/logs", post(async || StatusCode::NO_CONTENT))
        .with_state(desk)
}

#[derive(Deserialize)]
struct Question {
    token: String,
}

async fn introspect(State(desk): State<Shared>, Form(question): Form<Question>) -> Response {
    let known = lock(&desk).tokens.get(&question.token).cloned();
    let active = json!(known.is_some());
    Json(with(known.unwrap_or(json!({})), "active", active)).into_response()
}

/// An object with one member more.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    object
}

async fn feed(State(desk): State<Shared>, headers: HeaderMap) -> Response {
    let resumed = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let (at, news) = {
        let desk = lock(&desk);
        (resumed.unwrap_or(desk.last()), desk.news.subscribe())
    };
    let events = stream::unfold((desk, at, news), |(desk, at, mut news)| async move {
        loop {
            let next = lock(&desk).after(at);
            if let Some((id, event)) = next {
                return Some((Ok::<Event, Infallible>(event), (desk, id, news)));
            }
            news.changed().await.ok()?;
        }
    });
    (
        [("feed-position", at.to_string())],
        Sse::new(events).keep_alive(KeepAlive::default()),
    )
        .into_response()
}

async fn whole_directory(State(desk): State<Shared>) -> Response {
    let (seq, lines) = {
        let desk = lock(&desk);
        (desk.last(), desk.directory.clone())
    };
    let entries = lines.len();
    let begin = ("directory.begin", json!({"seq": seq}));
    let end = ("directory.end", json!({"entries": entries}));
    let all = [begin].into_iter().chain(lines).chain([end]);
    let text: String = all
        .map(|(event, data)| format!("{}\n", json!({"event": event, "data": data})))
        .collect();
    ([(CONTENT_TYPE, "application/x-ndjson")], text).into_response()
}

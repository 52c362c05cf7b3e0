//! The bench's own static service: the broker side of the contract (introspection, control feed), with an
//! answer as slow as wanted, and counted. A thread of its own; stopping it closes every connection at
//! once, as a killed process would.

mod directory;
mod logs;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{broadcast, oneshot};

use crate::people::{self, User};
use crate::stats::RateMeter;

pub(crate) use directory::Listing;
pub(crate) use logs::Intake;

/// The broker's name and secret there.
pub(crate) const CLIENT_ID: &str = "bench-broker";
/// See [`CLIENT_ID`].
pub(crate) const CLIENT_SECRET: &str = "bench-secret";
/// `printf bench-broker:bench-secret | base64`
const AUTHORIZATION: &str = "Basic YmVuY2gtYnJva2VyOmJlbmNoLXNlY3JldA==";
/// How long tokens are good: longer than any bench.
const TOKEN_LIFE: Duration = Duration::from_secs(86_400);
/// Announcements that a slow broker may have yet to read.
const FEED_BACKLOG: usize = 1 << 17;

#[derive(Clone)]
struct Announcement {
    id: u64,
    name: &'static str,
    data: Arc<str>,
}

/// What the handlers share with the bench.
struct Desk {
    delay_ms: AtomicU64,
    feeds: AtomicUsize,
    last_id: AtomicU64,
    announcements: broadcast::Sender<Announcement>,
    asked: Mutex<(Instant, RateMeter)>,
    listing: Mutex<Option<Listing>>,
    /// Whether the directory is only not ready yet, rather than not there.
    listing_later: AtomicBool,
    intake: Mutex<Intake>,
    intake_away: AtomicBool,
    exp_s: u64,
}

/// A running static service.
pub(crate) struct Service {
    desk: Arc<Desk>,
    addr: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Service {
    /// Starts it on a free port.
    pub(crate) fn start() -> anyhow::Result<Service> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let desk = Arc::new(Desk {
            delay_ms: AtomicU64::new(0),
            feeds: AtomicUsize::new(0),
            last_id: AtomicU64::new(1),
            announcements: broadcast::channel(FEED_BACKLOG).0,
            asked: Mutex::new((Instant::now(), RateMeter::default())),
            listing: Mutex::new(None),
            listing_later: AtomicBool::new(false),
            intake: Mutex::default(),
            intake_away: AtomicBool::new(false),
            exp_s: (now + TOKEN_LIFE).as_secs(),
        });
        let mut service = Service {
            desk,
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            running: None,
        };
        service.resume()?;
        Ok(service)
    }

    /// Ends the process, as it were: every connection is closed.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            let _ = thread.join();
            self.desk.feeds.store(0, Ordering::Release);
        }
    }

    /// Starts it again, at the same address.
    pub(crate) fn resume(&mut self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(self.addr))
            .context("the bench's static service cannot listen")?;
        self.addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let desk = Arc::clone(&self.desk);
        let thread = std::thread::Builder::new()
            .name("static-service".to_owned())
            .spawn(move || runtime.block_on(serve(listener, desk, stopped)))?;
        self.running = Some((stop, thread));
        Ok(())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How long every token check takes from now on.
    pub(crate) fn set_delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.desk.delay_ms.store(ms, Ordering::Release);
    }

    /// The directory is not ready until [`Service::list`].
    pub(crate) fn list_later(&self) {
        self.desk.listing_later.store(true, Ordering::Release);
    }

    /// What the directory is from now on; before the first call there is none.
    pub(crate) fn list(&self, listing: &Listing) {
        *self.desk.lock_listing() = Some(listing.clone());
    }

    /// A hand for announcing while the service is elsewhere.
    pub(crate) fn announcer(&self) -> Announcer {
        Announcer(Arc::clone(&self.desk))
    }

    /// Brokers that follow the feed.
    pub(crate) fn feeds(&self) -> usize {
        self.desk.feeds.load(Ordering::Acquire)
    }

    /// Token checks since the last call, and the most in any second.
    pub(crate) fn take_asked(&self) -> (u64, u64) {
        let mut asked = self.desk.lock_asked();
        let (total, peak) = (asked.1.total(), asked.1.peak_per_second());
        *asked = (Instant::now(), RateMeter::default());
        (total, peak)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Puts events on the feed, above all announcements of tokens.
#[derive(Clone)]
pub(crate) struct Announcer(Arc<Desk>);

impl Announcer {
    /// `token.issued`, to every broker that follows the feed.
    pub(crate) fn announce(&self, user: &User) {
        self.event("token.issued", &user.issued(self.0.exp_s));
    }

    /// As [`Announcer::announce`], without a word about the user's rights: what other events have told of
    /// them stays.
    pub(crate) fn announce_name(&self, user: &User) {
        let mut issued = user.issued(self.0.exp_s);
        if let Some(members) = issued.as_object_mut() {
            members.retain(|name, _| {
                !matches!(name.as_str(), "roles" | "groups" | "partners" | "channels")
            });
        }
        self.event("token.issued", &issued);
    }

    /// Any event, to every broker that follows the feed.
    pub(crate) fn event(&self, name: &'static str, data: &serde_json::Value) {
        let id = self.0.last_id.fetch_add(1, Ordering::AcqRel) + 1;
        let data = data.to_string().into();
        // An error only says that nobody listens.
        let _ = self.0.announcements.send(Announcement { id, name, data });
    }
}

impl Desk {
    fn lock_asked(&self) -> std::sync::MutexGuard<'_, (Instant, RateMeter)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_listing(&self) -> std::sync::MutexGuard<'_, Option<Listing>> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: tokio::net::TcpListener, desk: Arc<Desk>, stopped: oneshot::Receiver<()>) {
    let routes = Router::new()
        .route("/oauth2/introspect", post(introspect))
        .route("/control/v1/feed", get(feed))
        .route("/control/v1/directory", get(directory::serve))
        .route("/control/v1/logs", post(logs::take))
        .with_state(desk);
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    // The runtime goes with this function's end, and every connection with it.
    tokio::select! {
        _ = stopped => {}
        _ = axum::serve(listener, routes) => {}
    }
}

fn is_our_broker(headers: &HeaderMap) -> bool {
    headers
        .get("authorization")
        .is_some_and(|value| value == AUTHORIZATION)
}

#[derive(Deserialize)]
struct Question {
    token: String,
    client_id: String,
}

async fn introspect(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Form(question): Form<Question>,
) -> Response {
    if !is_our_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    {
        let mut asked = desk.lock_asked();
        let since = asked.0.elapsed();
        asked.1.count(since);
    }
    let delay = desk.delay_ms.load(Ordering::Acquire);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let mut answer = people::check(&question.client_id, &question.token, desk.exp_s)
        .unwrap_or_else(|| serde_json::json!({}));
    let active = answer.get("uid").is_some();
    if let Some(members) = answer.as_object_mut() {
        members.insert("active".into(), active.into());
    }
    Json(answer).into_response()
}

async fn feed(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    if !is_our_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let position = desk.last_id.load(Ordering::Acquire);
    let start = desk.announcements.subscribe();
    desk.feeds.fetch_add(1, Ordering::AcqRel);
    // The bench keeps no history: who resumes behind the newest event must start anew.
    let resumed = headers
        .get("last-event-id")
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let stale = resumed.is_some_and(|id| id != position).then_some(position);
    let events = stream::unfold((start, stale), |(mut source, stale)| async move {
        if let Some(id) = stale {
            return Some((Ok::<Event, Infallible>(start_anew(id)), (source, None)));
        }
        let event = match source.recv().await {
            Ok(Announcement { id, name, data }) => {
                Event::default().id(id.to_string()).event(name).data(&*data)
            }
            Err(broadcast::error::RecvError::Lagged(_)) => start_anew(0),
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        Some((Ok(event), (source, None)))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(10));
    (
        [("feed-position", position.to_string())],
        Sse::new(events).keep_alive(keep_alive),
    )
        .into_response()
}

fn start_anew(id: u64) -> Event {
    Event::default()
        .id(id.to_string())
        .event("snapshot.required")
        .data("{}")
}

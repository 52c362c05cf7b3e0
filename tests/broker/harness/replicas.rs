//! Clients and brokers of a static service that has two replicas: whoever gets no good answer from one turns
//! to the other.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use sse_stream::{Sse, SseByteStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::conf::BROKER_SECRET;
use super::wait::PATIENCE;

/// How long a caller waits for an answer: longer than a replica that hangs can keep the others from writing.
const ANSWER_WITHIN: Duration = Duration::from_secs(7);
/// How long it tries.
const TRIES_FOR: Duration = PATIENCE.saturating_mul(4);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Somebody who knows both replicas.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    urls: [String; 2],
    /// The one that is asked first.
    prefers: usize,
}

/// What a feed told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) data: String,
}

impl Caller {
    pub(crate) fn new(urls: [String; 2], prefers: usize) -> Caller {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build();
        let http = http.expect("an HTTP client");
        Caller {
            http,
            urls,
            prefers,
        }
    }

    /// Posts JSON until one of the replicas answers well.
    pub(crate) async fn post(&mut self, path: &str, bearer: &str, body: &Value) -> Value {
        let asked = timeout(TRIES_FOR, async {
            loop {
                if let Some(answer) = self.try_post(path, bearer, body).await {
                    return answer;
                }
                self.prefers ^= 1;
                sleep(PAUSE).await;
            }
        });
        asked.await.unwrap_or_else(|_| panic!("{path}: no answer"))
    }

    async fn try_post(&self, path: &str, bearer: &str, body: &Value) -> Option<Value> {
        let request = self.http.post(self.url(path)).bearer_auth(bearer);
        let request = request
            .timeout(ANSWER_WITHIN)
            .header("content-type", "application/json")
            .body(body.to_string());
        let response = request.send().await.ok()?;
        let status = response.status();
        let text = response.text().await.ok()?;
        assert!(!status.is_client_error(), "{path}: {status} {text}");
        let answer = status.is_success().then(|| serde_json::from_str(&text));
        answer?.ok()
    }

    /// Whether a login token is good, as the preferred replica says.
    pub(crate) async fn is_active(&self, token: &str) -> bool {
        let request = self.as_broker(self.http.post(self.url("/oauth2/introspect")));
        let response = request.form(&[("token", token)]).send().await;
        let text = response.expect("an answer").text().await.expect("a body");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        answer["active"].as_bool().expect("active")
    }

    /// The preferred replica's answer to a GET.
    pub(crate) async fn get(&self, path: &str) -> Response {
        let response = self.as_broker(self.http.get(self.url(path))).send().await;
        response.expect("an answer")
    }

    /// Opens the feed at the preferred replica.
    pub(crate) async fn open_feed(&self, after: Option<i64>) -> reqwest::Result<Response> {
        let mut request = self.as_broker(self.http.get(self.url("/control/v1/feed")));
        if let Some(id) = after {
            request = request.header("last-event-id", id.to_string());
        }
        request.send().await?.error_for_status()
    }

    /// The newest event's id.
    pub(crate) async fn position(&self) -> i64 {
        let feed = self.open_feed(None).await.expect("a feed");
        let position = feed.headers()["feed-position"].to_str();
        position.expect("text").parse().expect("an id")
    }

    /// Follows the feed from an event on, as a broker does: over cuts, at either replica.
    pub(crate) fn follow(mut self, after: i64) -> mpsc::UnboundedReceiver<Told> {
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut last = after;
            while !tell.is_closed() {
                if let Ok(feed) = self.open_feed(Some(last)).await {
                    let mut events = read(feed);
                    while let Some(event) = events.recv().await {
                        last = event.id;
                        let _ = tell.send(event);
                    }
                }
                self.prefers ^= 1;
                sleep(PAUSE).await;
            }
        });
        told
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.urls[self.prefers])
    }

    fn as_broker(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth("broker-1", Some(BROKER_SECRET))
    }
}

/// The events of one stream, until it ends.
pub(crate) fn read(feed: Response) -> mpsc::UnboundedReceiver<Told> {
    let (tell, told) = mpsc::unbounded_channel();
    let mut events = SseByteStream::new(feed.bytes_stream());
    tokio::spawn(async move {
        while let Some(Ok(event)) = events.next().await {
            let sent = match told_by(event) {
                Some(event) => tell.send(event),
                None => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    told
}

/// None for a heartbeat.
fn told_by(event: Sse) -> Option<Told> {
    Some(Told {
        id: event.id?.parse().expect("an id"),
        kind: event.event?,
        data: event.data?,
    })
}

/// The next event, in time.
pub(crate) async fn next(events: &mut mpsc::UnboundedReceiver<Told>) -> Told {
    let event = timeout(PATIENCE, events.recv()).await;
    event.expect("an event in time").expect("an open feed")
}

//! The control feed: Server-Sent Events, resumable by `Last-Event-ID`.
//!
//! One [`FeedStream`] is one connection. Reconnecting is the worker's business.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{Stream, StreamExt};
use hyper::body::Buf;
use sse_stream::{Sse, SseByteStream};

use super::http::{StaticService, expect_ok};
use super::{UpstreamError, wire};
use crate::protocol::contract::FeedEvent;

/// Longest event, in bytes: a group of 2,000 members with 64-byte names fits many times.
const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

type Blocks = Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>;

/// What came over the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedItem {
    /// The event's id: with it the feed is resumed.
    pub id: u64,
    /// As it came.
    pub raw: RawEvent,
    /// The event; `None` when it is of a kind that we do not know.
    pub event: Result<Option<FeedEvent>, Unreadable>,
}

/// An event as the service sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// `event:`
    pub name: String,
    /// `data:`
    pub data: String,
}

/// An event that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What was wrong with it.
    pub why: String,
    /// Whether it would have taken a right away: then something that we believe is no longer true.
    pub withdraws: bool,
}

/// One open connection to the feed.
pub struct FeedStream {
    blocks: Blocks,
    unread: Arc<AtomicUsize>,
    last_id: Option<u64>,
    position: Option<u64>,
}

impl StaticService {
    /// Opens the feed after the event `since`, or from now on.
    pub async fn open_feed(&self, since: Option<u64>) -> Result<FeedStream, UpstreamError> {
        let mut request = self
            .get_stream("/control/v1/feed")
            .header("accept", "text/event-stream");
        if let Some(id) = since {
            request = request.header("last-event-id", id.to_string());
        }
        let opening = tokio::time::timeout(self.timeout, request.send()).await;
        let response = opening
            .map_err(|_| UpstreamError::Timeout(self.timeout))?
            .map_err(|e| UpstreamError::from_http(&e, self.timeout))?;
        let response = expect_ok(response)?;
        check_type(&response)?;
        let position = header_number(&response, "feed-position");
        let bytes = response
            .bytes_stream()
            .map(|chunk| chunk.map_err(std::io::Error::other));
        Ok(FeedStream::over(bytes, since, position))
    }
}

fn check_type(response: &reqwest::Response) -> Result<(), UpstreamError> {
    let found = response
        .headers()
        .get("content-type")
        .and_then(|v| v.to_str().ok())
        .unwrap_or("nothing");
    if found.starts_with("text/event-stream") {
        return Ok(());
    }
    Err(UpstreamError::Nonsense(format!(
        "the feed is of type `{found}`, want text/event-stream"
    )))
}

fn header_number(response: &reqwest::Response, name: &str) -> Option<u64> {
    response.headers().get(name)?.to_str().ok()?.parse().ok()
}

impl FeedStream {
    /// The events in these bytes, which come after the event `since`.
    pub(super) fn over<B>(
        bytes: impl Stream<Item = std::io::Result<B>> + Send + 'static,
        since: Option<u64>,
        position: Option<u64>,
    ) -> FeedStream
    where
        B: Buf + Send + 'static,
    {
        let unread = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&unread);
        let bytes = bytes.map(move |chunk| {
            let chunk = chunk?;
            // Bytes since the last complete event; heartbeats are part of it, so an event's limit
            // is not exact, but memory stays bounded.
            if count.fetch_add(chunk.remaining(), Ordering::Relaxed) > MAX_EVENT_BYTES {
                return Err(std::io::Error::other("event too long"));
            }
            Ok(chunk)
        });
        FeedStream {
            blocks: Box::pin(SseByteStream::new(Box::pin(bytes))),
            unread,
            last_id: since,
            position,
        }
    }

    /// The id after which the stream starts, where the service tells it (`Feed-Position`): a feed that
    /// is cut before its first event can then be resumed without loss.
    pub fn position(&self) -> Option<u64> {
        self.position
    }

    /// The next event. An error, or the end, closes the connection.
    pub async fn next(&mut self) -> Result<FeedItem, UpstreamError> {
        loop {
            let block = self.blocks.next().await;
            self.unread.store(0, Ordering::Relaxed);
            let block = match block {
                None => return Err(UpstreamError::Broken("feed was closed".to_owned())),
                Some(Err(error)) => {
                    return Err(UpstreamError::Broken(format!("feed broke: {error}")));
                }
                Some(Ok(block)) => block,
            };
            if let Some(item) = self.read(block)? {
                return Ok(item);
            }
        }
    }

    fn read(&mut self, block: Sse) -> Result<Option<FeedItem>, UpstreamError> {
        let Some(data) = block.data else {
            return Ok(None);
        };
        let typed = block.id.unwrap_or_default();
        let id: u64 = typed.parse().map_err(|_| {
            UpstreamError::Nonsense(format!("feed event id `{}` is no number", short(&typed)))
        })?;
        let name = block.event.unwrap_or_default();
        // A service that lost its history starts to count anew, and says so with this event.
        let starts_anew = name == "snapshot.required";
        if let Some(last) = self.last_id.filter(|last| id <= *last && !starts_anew) {
            return Err(UpstreamError::Nonsense(format!(
                "feed event id {id} follows {last}"
            )));
        }
        self.last_id = Some(id);
        let event = wire::read_event(&name, &data).map_err(|why| Unreadable {
            why: format!("event {id} `{}`: {why}", short(&name)),
            withdraws: wire::withdraws(&name),
        });
        let raw = RawEvent { name, data };
        Ok(Some(FeedItem { id, raw, event }))
    }
}

/// At most 40 characters of foreign text, fit for a log line.
fn short(text: &str) -> String {
    text.chars()
        .take(40)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

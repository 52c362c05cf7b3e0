//! The fake service's control feed: a script of events, and the connections that follow it.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures_util::stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How a feed's connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The answer ends as it should.
    Clean,
    /// The connection breaks between two events.
    Broken,
    /// The connection breaks within the next event, of which only this many bytes get through.
    Within(usize),
    /// The same, but the answer ends there as if it were whole.
    EndWithin(usize),
}

type Chunk = Result<Bytes, io::Error>;

/// All events so far, and who listens.
#[derive(Default)]
pub(super) struct Feed {
    events: Vec<(u64, String)>,
    last_id: u64,
    listeners: Vec<UnboundedSender<Chunk>>,
    /// The `Last-Event-ID` of each connection so far.
    pub(super) openings: Vec<Option<String>>,
}

impl Feed {
    /// Appends an event; tells all who listen.
    pub(super) fn push(&mut self, name: &str, data: &str) -> u64 {
        let (id, text) = self.append(name, data);
        self.send(Ok(Bytes::from(text)));
        id
    }

    /// The id of the last event so far, 0 before the first.
    pub(super) fn position(&self) -> u64 {
        self.last_id
    }

    fn append(&mut self, name: &str, data: &str) -> (u64, String) {
        self.last_id += 1;
        let id = self.last_id;
        let text = format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
        self.events.push((id, text.clone()));
        (id, text)
    }

    /// Sends bytes as they are; they are no part of the script.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        self.send(Ok(Bytes::copy_from_slice(bytes)));
    }

    /// Ends all connections; `Within` and `EndWithin` append the event that they are cut in.
    pub(super) fn cut(&mut self, how: Cut, name: &str, data: &str) {
        if let Cut::Within(bytes) | Cut::EndWithin(bytes) = how {
            let (_, text) = self.append(name, data);
            let head = text.as_bytes().get(..bytes).unwrap_or(text.as_bytes());
            self.send_raw(head);
        }
        if matches!(how, Cut::Broken | Cut::Within(_)) {
            self.send(Err(io::Error::other("cut")));
        }
        self.listeners.clear();
    }

    fn send(&mut self, chunk: Chunk) {
        self.listeners.retain(|listener| {
            let chunk = chunk.as_ref().map_or_else(
                |error| Err(io::Error::other(error.to_string())),
                |bytes| Ok(bytes.clone()),
            );
            listener.send(chunk).is_ok()
        });
    }

    /// Connections that listen now.
    pub(super) fn listeners(&mut self) -> usize {
        self.listeners.retain(|listener| !listener.is_closed());
        self.listeners.len()
    }

    /// Answers a request for the feed.
    pub(super) fn open(&mut self, last_event_id: Option<String>) -> Response {
        let (sender, receiver) = unbounded_channel();
        let _ = sender.send(Ok(Bytes::from_static(b": hello\n\n")));
        let since = last_event_id.as_deref().and_then(|id| id.parse().ok());
        let since: u64 = since.unwrap_or(self.last_id);
        for (_, text) in self.events.iter().filter(|(id, _)| *id > since) {
            let _ = sender.send(Ok(Bytes::from(text.clone())));
        }
        self.listeners.push(sender);
        self.openings.push(last_event_id);
        Response::builder()
            .header(CONTENT_TYPE, "text/event-stream")
            .header("feed-position", since.to_string())
            .body(body(receiver))
            .expect("a response")
    }
}

fn body(receiver: UnboundedReceiver<Chunk>) -> Body {
    Body::from_stream(stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((chunk, receiver))
    }))
}

//! `GET /control/v1/directory`: everything brokers need to judge rights, as NDJSON, written while it is
//! read. Between the database and a slow reader wait two chunks and no more; a reader that is gone, or
//! takes nothing for [`STALL`], ends the work.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use futures_util::{Stream, TryStreamExt as _};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::App;
use super::authenticate::Broker;
use super::problem::Problem;
use crate::feed::event::Event;
use crate::storage::{Snapshot, StorageError};

/// How long a reader may take nothing: until then it keeps the write-ahead log from shrinking.
const STALL: Duration = Duration::from_secs(30);
/// Bytes at which a chunk is handed over; a chunk is larger by at most one line.
const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks that wait for the reader, beside the one that is being filled.
const CHUNKS: usize = 1;

/// Answers the whole directory.
#[utoipa::path(
    get, path = "/control/v1/directory", security(("broker" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String))
)]
pub(crate) async fn directory(
    State(app): State<Arc<App>>,
    broker: Broker,
) -> Result<Response, Problem> {
    let snapshot = app.storage.snapshot().await?;
    let (chunks, body) = body();
    let closed = app.hub.closed();
    tokio::spawn(async move {
        let told = async {
            tokio::select! {
                () = closed => Err(Cut::Closing),
                told = tell_within(snapshot, chunks, STALL) => told,
            }
        };
        match told.await {
            Ok(entries) => tracing::info!(client_id = %broker.0, entries, "directory told"),
            Err(cut) => tracing::warn!(client_id = %broker.0, %cut, "directory cut off"),
        }
    });
    let kind = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, body).into_response())
}

/// Why a directory was not told to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error("the reader is gone")]
    Gone,
    #[error("the reader took nothing for {0:?}")]
    Stalled(Duration),
    #[error("the service closes")]
    Closing,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Part of a body.
pub(super) enum Chunk {
    /// More comes.
    Part(Bytes),
    /// The end of the directory is in it.
    Last(Bytes),
}

/// A body and the end where its chunks go in. Without [`Chunk::Last`] the body fails, so that HTTP shows
/// the cut too.
pub(super) fn body() -> (mpsc::Sender<Chunk>, Body) {
    let (into, chunks) = mpsc::channel(CHUNKS);
    let parts = unfold(Some(chunks), |chunks| async move {
        let mut chunks: mpsc::Receiver<Chunk> = chunks?;
        Some(match chunks.recv().await {
            Some(Chunk::Part(bytes)) => (Ok(bytes), Some(chunks)),
            Some(Chunk::Last(bytes)) => (Ok(bytes), None),
            None => (Err(std::io::Error::other("directory cut off")), None),
        })
    });
    (into, Body::from_stream(parts))
}

/// Writes all of it for a reader that never takes nothing for `stall`. Answers the number of lines
/// between the first and the last.
pub(super) async fn tell_within(
    mut snapshot: Snapshot,
    chunks: mpsc::Sender<Chunk>,
    stall: Duration,
) -> Result<u64, Cut> {
    let mut lines = Lines::new(chunks, stall);
    let seq = snapshot.seq();
    lines.write("directory.begin", json!({ "seq": seq }));
    let mut entries = tell_all(snapshot.enterprises(), &mut lines).await?;
    entries += tell_all(snapshot.users(), &mut lines).await?;
    entries += tell_all(snapshot.groups(), &mut lines).await?;
    entries += tell_all(snapshot.partners(), &mut lines).await?;
    drop(snapshot);
    lines.write("directory.end", json!({ "entries": entries }));
    lines.end().await?;
    Ok(entries)
}

async fn tell_all(
    events: impl Stream<Item = Result<Event, StorageError>>,
    lines: &mut Lines,
) -> Result<u64, Cut> {
    let (mut events, mut count) = (pin!(events), 0);
    while let Some(event) = events.try_next().await? {
        lines.write(event.kind(), &event);
        lines.hand_over_when_full().await?;
        count += 1;
    }
    Ok(count)
}

/// A line: an event as the feed would tell it.
#[derive(Serialize)]
struct Line<T> {
    event: &'static str,
    data: T,
}

/// Gathers lines into chunks.
struct Lines {
    gathered: Vec<u8>,
    chunks: mpsc::Sender<Chunk>,
    stall: Duration,
}

impl Lines {
    fn new(chunks: mpsc::Sender<Chunk>, stall: Duration) -> Lines {
        Lines {
            gathered: Vec::new(),
            chunks,
            stall,
        }
    }

    fn write(&mut self, event: &'static str, data: impl Serialize) {
        serde_json::to_writer(&mut self.gathered, &Line { event, data })
            .expect("strings and numbers always serialise, into memory");
        self.gathered.push(b'\n');
    }

    /// Waits for the reader when there is enough for a chunk.
    async fn hand_over_when_full(&mut self) -> Result<(), Cut> {
        if self.gathered.len() < CHUNK_BYTES {
            return Ok(());
        }
        let gathered = std::mem::take(&mut self.gathered);
        self.send(Chunk::Part(gathered.into())).await
    }

    async fn end(mut self) -> Result<(), Cut> {
        let gathered = std::mem::take(&mut self.gathered);
        self.send(Chunk::Last(gathered.into())).await
    }

    async fn send(&self, chunk: Chunk) -> Result<(), Cut> {
        match tokio::time::timeout(self.stall, self.chunks.send(chunk)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Cut::Gone),
            Err(_) => Err(Cut::Stalled(self.stall)),
        }
    }
}

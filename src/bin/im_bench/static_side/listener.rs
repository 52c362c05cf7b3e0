//! One that follows the control feed, as a broker does, and notes when each event came.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use serde::Deserialize;
use sse_stream::{Sse, SseByteStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::receipts::Receipt;
use crate::installation::client::{Ask, Client};

/// When nothing comes for so long, nothing will.
const SILENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

type Receipts = Arc<Mutex<Vec<Receipt>>>;

/// Follows until dropped.
pub(super) struct Listener {
    receipts: Receipts,
    task: JoinHandle<()>,
}

#[derive(Deserialize)]
struct Issued {
    digest: String,
}

impl Listener {
    /// Opens `count` streams, in turns at these addresses, which begin with what happens from now on.
    pub(super) async fn follow(
        to: &[SocketAddr],
        count: u32,
        authorization: &str,
    ) -> anyhow::Result<Vec<Listener>> {
        let mut listeners = Vec::new();
        for (_, to) in (0..count).zip(to.iter().cycle()) {
            let mut client = Client::connect(*to).await?;
            let ask = Ask::get("/control/v1/feed").authorized(authorization.to_owned());
            let answer = client.begin(ask).await?;
            anyhow::ensure!(answer.status().is_success(), "feed: {}", answer.status());
            let receipts = Receipts::default();
            let task = tokio::spawn(note(answer.into_body(), Arc::clone(&receipts)));
            listeners.push(Listener { receipts, task });
        }
        Ok(listeners)
    }

    fn count(&self) -> usize {
        self.receipts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Waits until each has got so many announcements, or nothing more comes; answers what came.
    pub(super) async fn settle(listeners: Vec<Listener>, wanted: usize) -> Vec<Vec<Receipt>> {
        let mut seen = (0, Instant::now());
        loop {
            let counts: Vec<usize> = listeners.iter().map(Listener::count).collect();
            if counts.iter().all(|count| *count >= wanted) {
                break;
            }
            let sum = counts.iter().sum();
            if sum != seen.0 {
                seen = (sum, Instant::now());
            } else if seen.1.elapsed() > SILENCE {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let taken = |l: &Listener| {
            std::mem::take(&mut *l.receipts.lock().unwrap_or_else(PoisonError::into_inner))
        };
        listeners.iter().map(taken).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn note(body: Incoming, receipts: Receipts) {
    let mut blocks = pin!(SseByteStream::new(BodyDataStream::new(body)));
    // An error ends it; what did not come is counted as lost.
    while let Some(Ok(block)) = blocks.next().await {
        if let Some(receipt) = receipt(block, Instant::now()) {
            receipts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(receipt);
        }
    }
}

/// The announcement of a token, if that is what came.
fn receipt(block: Sse, at: Instant) -> Option<Receipt> {
    if block.event.as_deref() != Some("token.issued") {
        return None;
    }
    let issued: Issued = serde_json::from_str(&block.data?).ok()?;
    Some(Receipt {
        at,
        id: block.id?.parse().ok()?,
        digest: issued.digest,
    })
}

//! Follows the control feed: connects, resumes after a cut where it stopped, and passes events on in
//! their order.

use std::time::Duration;

use super::backoff::Backoff;
use super::mailbox::{Outbox, Update};
use super::service::Service;
use crate::engine::Level;
use crate::protocol::contract::FeedEvent;
use crate::upstream::{FeedItem, StaticService, Unreadable, UpstreamError};

/// Between two tries, at first and at most.
const TRIES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Follows the feed for ever, from `since` on, and moves that along.
pub(super) async fn follow(service: &Service, since: &mut Option<u64>, outbox: &Outbox) {
    let mut backoff = Backoff::new(TRIES.0, TRIES.1);
    let mut told: Option<UpstreamError> = None;
    loop {
        let error = read(&service.get(), since, outbox, &mut backoff, &mut told).await;
        // The same trouble is told once, not at every try.
        if told.as_ref() != Some(&error) {
            outbox
                .log(
                    Level::Warning,
                    format!("control feed: {error}; trying again"),
                )
                .await;
            told = Some(error);
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

/// One connection, from its opening to its end.
async fn read(
    service: &StaticService,
    since: &mut Option<u64>,
    outbox: &Outbox,
    backoff: &mut Backoff,
    told: &mut Option<UpstreamError>,
) -> UpstreamError {
    let mut stream = match service.open_feed(*since).await {
        Ok(stream) => stream,
        Err(error) => return error,
    };
    backoff.reset();
    *told = None;
    // Where the stream starts is where it must be resumed, though no event may have come yet.
    if let (None, Some(position)) = (*since, stream.position()) {
        *since = Some(position);
        outbox.put(Update::FeedAt(position)).await;
    }
    outbox.put(Update::FeedLive(true)).await;
    outbox.log(Level::Info, "control feed: connected").await;
    loop {
        match stream.next().await {
            Ok(FeedItem { id, event }) => {
                pass_on(event, id, outbox).await;
                *since = Some(id);
            }
            Err(error) => {
                outbox.put(Update::FeedLive(false)).await;
                return error;
            }
        }
    }
}

async fn pass_on(event: Result<Option<FeedEvent>, Unreadable>, id: u64, outbox: &Outbox) {
    match event {
        Ok(Some(event)) => outbox.put(Update::Feed(id, event)).await,
        Ok(None) => {
            outbox
                .log(
                    Level::Debug,
                    format!("control feed: event {id} is of an unknown kind"),
                )
                .await
        }
        Err(unreadable) => outbox.put(Update::FeedUnreadable(id, unreadable)).await,
    }
}

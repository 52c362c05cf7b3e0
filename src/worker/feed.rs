//! Follows the control feed: connects, resumes after a cut where it stopped, and passes events on in
//! their order.

use std::time::Duration;

use super::backoff::Backoff;
use super::directory::Directory;
use super::mailbox::{Outbox, Update};
use super::service::Service;
use crate::engine::Level;
use crate::metrics::Counted;
use crate::protocol::contract::DirectoryStep;
use crate::upstream::{FeedItem, StaticService, UpstreamError};

/// Between two tries, at first and at most.
const TRIES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Follows the feed for ever, from `since` on, and moves that along.
pub(super) async fn follow(
    service: &Service,
    since: &mut Option<u64>,
    directory: &Directory,
    outbox: &Outbox,
    counted: &Counted,
) {
    let mut backoff = Backoff::new(TRIES.0, TRIES.1);
    let mut told: Option<UpstreamError> = None;
    loop {
        let mut connection = Connection {
            since,
            directory,
            outbox,
            counted,
            backoff: &mut backoff,
            told: &mut told,
        };
        let used = service.get();
        let error = connection.read(&used).await;
        if let UpstreamError::Credentials(_) = error
            && service.has_other_credentials(&used, outbox).await
        {
            continue;
        }
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
struct Connection<'a> {
    since: &'a mut Option<u64>,
    directory: &'a Directory,
    outbox: &'a Outbox,
    counted: &'a Counted,
    backoff: &'a mut Backoff,
    told: &'a mut Option<UpstreamError>,
}

impl Connection<'_> {
    async fn read(&mut self, service: &StaticService) -> UpstreamError {
        let mut stream = match service.open_feed(*self.since).await {
            Ok(stream) => stream,
            Err(error) => return error,
        };
        self.backoff.reset();
        *self.told = None;
        self.opened(stream.position()).await;
        loop {
            match stream.next().await {
                Ok(item) => {
                    let id = item.id;
                    self.counted.feed_events.inc();
                    let newest = i64::try_from(id).unwrap_or(i64::MAX);
                    self.counted.feed_newest.set(newest);
                    self.pass_on(item).await;
                    *self.since = Some(id);
                }
                Err(error) => {
                    self.outbox.put(Update::FeedLive(false)).await;
                    return error;
                }
            }
        }
    }

    async fn opened(&mut self, position: Option<u64>) {
        self.counted.feed_connections.inc();
        self.directory.feed_opened(self.since.is_some());
        // Where the stream starts is where it must be resumed, though no event may have come yet.
        if let (None, Some(position)) = (*self.since, position) {
            *self.since = Some(position);
            self.outbox.put(Update::FeedAt(position)).await;
        }
        self.outbox.put(Update::FeedLive(true)).await;
        self.outbox
            .log(Level::Info, "control feed: connected")
            .await;
    }

    async fn pass_on(&self, item: FeedItem) {
        let FeedItem { id, raw, event } = item;
        match event {
            Ok(Some(event)) => {
                self.directory.hear(id, raw, &event, self.outbox).await;
                let again = self.outbox.is_load_under_way() && event.is_of_directory();
                let copy = again.then(|| event.clone());
                self.outbox.put(Update::Feed(id, event)).await;
                if let Some(event) = copy {
                    self.outbox
                        .put_step(DirectoryStep::Again(vec![event]))
                        .await;
                }
            }
            Ok(None) => {
                let text = format!("control feed: event {id} is of an unknown kind");
                self.outbox.log(Level::Debug, text).await;
            }
            Err(unreadable) => {
                // What it may have taken away has to be learned another way.
                if unreadable.withdraws {
                    self.directory.want();
                }
                self.outbox
                    .put(Update::FeedUnreadable(id, unreadable))
                    .await;
            }
        }
    }
}

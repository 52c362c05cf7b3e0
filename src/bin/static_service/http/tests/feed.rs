//! The control feed as a broker reads it.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt as _;
use sse_stream::{Sse, SseByteStream};
use tokio::sync::mpsc;

use super::Service;
use crate::storage::{Audience, EventId, NewNotice, Storage};

/// A stream that is read as fast as it comes.
struct Feed {
    position: EventId,
    events: mpsc::UnboundedReceiver<Sse>,
}

impl Feed {
    async fn open(service: &Service, last: Option<&str>) -> Feed {
        let header = last.map(|id| ("last-event-id", id));
        let response = service.get("/control/v1/feed", header.as_slice()).await;
        Feed::read(response)
    }

    fn read(response: Response) -> Feed {
        assert_eq!(response.status(), StatusCode::OK);
        let position = response.headers()["feed-position"].to_str().unwrap();
        let position = position.parse().unwrap();
        let (out, events) = mpsc::unbounded_channel();
        let body = response.into_body().into_data_stream();
        let mut stream = SseByteStream::new(body);
        tokio::spawn(async move {
            while let Some(event) = stream.next().await {
                if out.send(event.unwrap()).is_err() {
                    return;
                }
            }
        });
        Feed { position, events }
    }

    async fn next(&mut self) -> (EventId, String, serde_json::Value) {
        let wait = tokio::time::timeout(Duration::from_secs(5), self.events.recv());
        let event = wait
            .await
            .expect("an event in time")
            .expect("the stream goes on");
        (
            event.id.unwrap().parse().unwrap(),
            event.event.unwrap(),
            serde_json::from_str(&event.data.unwrap()).unwrap(),
        )
    }
}

async fn notice(storage: &Storage, title: &str) -> EventId {
    let notice = NewNotice {
        id: title.to_owned(),
        audience: Audience::All,
        kind: "test".to_owned(),
        title: title.to_owned(),
        body: String::new(),
        data: serde_json::Value::Null,
        retain: false,
        expiry_s: None,
    };
    storage.send_notice(notice).await.unwrap()
}

#[tokio::test]
async fn a_new_stream_opens_at_once_with_a_comment_and_starts_now() {
    let service = Service::start().await;
    let response = service.get("/control/v1/feed", &[]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let first = tokio::time::timeout(Duration::from_secs(1), body.next()).await;
    assert!(first.unwrap().unwrap().unwrap().starts_with(b": "));

    let mut feed = Feed::open(&service, None).await;
    let sent = notice(service.storage(), "new").await;
    let (id, kind, data) = feed.next().await;
    assert_eq!((id, kind.as_str()), (sent, "notice"));
    assert_eq!(sent, feed.position + 1);
    assert_eq!(data["scope"], serde_json::json!({ "all": true }));
    assert_eq!(data["title"], "new");
}

#[tokio::test]
async fn a_token_is_announced_before_the_client_has_it() {
    let service = Service::start().await;
    let mut feeds = [
        Feed::open(&service, None).await,
        Feed::open(&service, None).await,
    ];
    let session = service.session("alice@acme").await;
    for round in 0..20 {
        let token = service.token(&session, "pc").await.member("token");
        let digest = crate::secret::Digest::of(token.as_bytes());
        for feed in &mut feeds {
            let event = feed.events.try_recv();
            let event = event.unwrap_or_else(|_| panic!("round {round}: not announced yet"));
            assert_eq!(event.event.as_deref(), Some("token.issued"));
            let data: serde_json::Value = serde_json::from_str(&event.data.unwrap()).unwrap();
            assert_eq!(data["digest"], digest.as_str());
            assert_eq!(data["partners"][0], "carol@beta");
            assert!(!data.to_string().contains(&token));
        }
    }
}

#[tokio::test]
async fn a_listener_that_does_not_read_delays_one_token_and_no_more() {
    let service = Service::start().await;
    let stuck = service.get("/control/v1/feed", &[]).await;
    let session = service.session("alice@acme").await;
    let start = Instant::now();
    service.token(&session, "pc").await.member("token");
    assert!(start.elapsed() >= Duration::from_millis(190));
    // Each of them would have waited as long; on a busy machine one may take its time for other reasons.
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        service.token(&session, "pc").await.member("token");
        shortest = shortest.min(start.elapsed());
    }
    assert!(shortest < Duration::from_millis(190), "{shortest:?}");
    drop(stuck);
    assert_eq!(service.app.hub.listeners(), 0);
}

#[tokio::test]
async fn resuming_neither_loses_nor_repeats() {
    const WRITERS: usize = 4;
    const EACH: usize = 60;
    let service = Service::start().await;
    let mut feed = Feed::open(&service, None).await;
    let mut last = feed.position;
    let writers = (0..WRITERS).map(|writer| {
        let storage = service.storage().clone();
        tokio::spawn(async move {
            for n in 0..EACH {
                notice(&storage, &format!("{writer}-{n}")).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut titles = std::collections::BTreeSet::new();
    for read in 1..=WRITERS * EACH {
        let (id, _, data) = feed.next().await;
        assert_eq!(id, last + 1, "strictly increasing, none left out");
        last = id;
        assert!(
            titles.insert(data["title"].to_string()),
            "{data} came twice"
        );
        if read % 37 == 0 {
            feed = Feed::open(&service, Some(&last.to_string())).await;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(titles.len(), WRITERS * EACH);
}

#[tokio::test]
async fn an_id_that_cannot_be_resumed_asks_for_a_snapshot_and_goes_on() {
    let service = Service::start().await;
    let head = service.storage().refresh_head().await.unwrap();
    let future = (head + 1000).to_string();
    for unknown in ["0", "1", "-1", &future, "nonsense", "99999999999999999999"] {
        let mut feed = Feed::open(&service, Some(unknown)).await;
        let head = service.storage().refresh_head().await.unwrap();
        let (id, kind, data) = feed.next().await;
        assert_eq!(
            (id, kind.as_str()),
            (head, "snapshot.required"),
            "{unknown}"
        );
        assert_eq!(data, serde_json::json!({}));
        let sent = notice(service.storage(), "after").await;
        assert_eq!(feed.next().await.0, sent);
    }
}

#[tokio::test]
async fn a_stream_so_slow_that_retention_overtakes_it_asks_for_a_snapshot_and_goes_on() {
    let service = Service::start().await;
    let unread = service.get("/control/v1/feed", &[]).await;
    let mut newest = 0;
    for n in 0..100 {
        newest = notice(service.storage(), &n.to_string()).await;
    }
    service.storage().forget_events_before(newest - 2).await;
    let mut feed = Feed::read(unread);
    let (id, kind, _) = feed.next().await;
    assert_eq!((id, kind.as_str()), (newest, "snapshot.required"));
    let sent = notice(service.storage(), "after").await;
    assert_eq!(feed.next().await.0, sent);
}

#[tokio::test]
async fn since_is_for_people_who_have_no_header() {
    let service = Service::start().await;
    let head = service.storage().refresh_head().await.unwrap();
    let path = format!("/control/v1/feed?since={}", head - 2);
    let mut feed = Feed::read(service.get(&path, &[]).await);
    assert_eq!(feed.next().await.0, head - 1);
    assert_eq!(feed.next().await.0, head);
}

#[tokio::test]
async fn what_another_process_writes_arrives_within_milliseconds() {
    let service = Service::start().await;
    let storage = service.storage().clone();
    let follower = tokio::spawn(async move { storage.follow_foreign_writes().await });
    let admin = service.scratch.open().await;
    let mut feed = Feed::open(&service, None).await;
    let mut delays = Vec::new();
    for _ in 0..21 {
        // Longer than the follower takes for recent, so that each write is found anew.
        tokio::time::sleep(Duration::from_millis(60)).await;
        let sent = notice(&admin, "from outside").await;
        let start = Instant::now();
        assert_eq!(feed.next().await.0, sent);
        delays.push(start.elapsed());
    }
    delays.sort();
    assert!(
        delays[10] < Duration::from_millis(40),
        "median {:?}",
        delays[10]
    );
    follower.abort();
}

#[tokio::test]
async fn removing_a_user_revokes_the_tokens_first() {
    let service = Service::start().await;
    service.login_token("alice@acme").await;
    let mut feed = Feed::open(&service, None).await;
    let alice = "alice@acme".parse().unwrap();
    service.storage().remove_user(&alice).await.unwrap();
    assert_eq!(feed.next().await.1, "token.revoked");
    let (_, kind, data) = feed.next().await;
    assert_eq!(kind, "user.removed");
    assert_eq!(data, serde_json::json!({ "eid": "acme", "uid": "alice" }));
}

#[tokio::test]
async fn streams_end_when_the_service_closes() {
    let service = Service::start().await;
    let mut feed = Feed::open(&service, None).await;
    service.app.hub.close();
    let end = tokio::time::timeout(Duration::from_secs(1), feed.events.recv()).await;
    assert!(end.unwrap().is_none());
    let mut late = Feed::open(&service, None).await;
    let end = tokio::time::timeout(Duration::from_secs(1), late.events.recv()).await;
    assert!(end.unwrap().is_none());
}

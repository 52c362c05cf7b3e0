//! The directory as a broker loads it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::Service;
use crate::storage::EventId;

/// Users beyond those of [`Service`].
const MANY: u32 = 100_000;
/// Users that do not fit what may wait for a reader.
const SOME: u32 = 5_000;

async fn body(service: &Service) -> Body {
    let response = service.get("/control/v1/directory", &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    response.into_body()
}

/// All lines, each `(event, data)`.
fn lines(body: &[u8]) -> Vec<(String, Value)> {
    assert_eq!(body.last(), Some(&b'\n'));
    let text = std::str::from_utf8(body).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let data = line["data"].take();
        (line["event"].as_str().unwrap().to_owned(), data)
    };
    text.lines().map(line).collect()
}

async fn load(service: &Service) -> Vec<(String, Value)> {
    let body = body(service).await;
    lines(&axum::body::to_bytes(body, usize::MAX).await.unwrap())
}

/// Waits until nobody reads the directory any more.
async fn no_snapshot_is_held(service: &Service) {
    let wait = async {
        while service.storage().snapshots_held() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    waited.expect("the snapshot is given back");
}

#[tokio::test]
async fn the_directory_is_whole_in_order_and_says_where_it_stands() {
    let service = Service::start().await;
    let beta = "beta".parse().unwrap();
    service.storage().suspend_enterprise(&beta).await.unwrap();
    let head = service.storage().refresh_head().await.unwrap();
    let want = [
        ("directory.begin", json!({"seq": head})),
        (
            "enterprise.upserted",
            json!({"eid": "acme", "name": "acme"}),
        ),
        (
            "enterprise.upserted",
            json!({"eid": "beta", "name": "beta"}),
        ),
        ("enterprise.suspended", json!({"eid": "beta"})),
        (
            "user.upserted",
            json!({"eid": "acme", "uid": "alice", "name": "ALICE", "roles": ["operator"],
                   "channels": ["news/today"]}),
        ),
        (
            "user.upserted",
            json!({"eid": "acme", "uid": "bob", "name": "BOB", "roles": [], "channels": []}),
        ),
        (
            "user.upserted",
            json!({"eid": "beta", "uid": "carol", "name": "CAROL", "roles": [], "channels": []}),
        ),
        (
            "group.upserted",
            json!({"eid": "acme", "gid": "dev", "name": "Developers", "members": ["alice"]}),
        ),
        (
            "partner.linked",
            json!({"a": "alice@acme", "b": "carol@beta"}),
        ),
        ("directory.end", json!({"entries": 8})),
    ];
    let want: Vec<_> = want.map(|(event, data)| (event.to_owned(), data)).into();
    assert_eq!(load(&service).await, want);
}

#[tokio::test]
async fn lists_of_several_are_told_with_their_own_entry() {
    let service = Service::start().await;
    let storage = service.storage();
    let dev = "dev@acme".parse().unwrap();
    storage
        .add_member(&dev, &"bob".parse().unwrap())
        .await
        .unwrap();
    for gid in ["all@acme", "zoo@beta"] {
        let (group, name) = (gid.parse().unwrap(), "Some".parse().unwrap());
        storage.add_group(&group, &name).await.unwrap();
    }
    let groups: Vec<_> = load(&service)
        .await
        .into_iter()
        .filter(|(event, _)| event == "group.upserted")
        .map(|(_, data)| (data["gid"].clone(), data["members"].clone()))
        .collect();
    let want = [
        (json!("all"), json!([])),
        (json!("dev"), json!(["alice", "bob"])),
        (json!("zoo"), json!([])),
    ];
    assert_eq!(groups, want);
}

#[tokio::test]
async fn an_empty_directory_is_two_lines() {
    let service = Service::start().await;
    service.storage().forget_everything().await;
    let head: EventId = service.storage().refresh_head().await.unwrap();
    let want = [
        ("directory.begin".to_owned(), json!({"seq": head})),
        ("directory.end".to_owned(), json!({"entries": 0})),
    ];
    assert_eq!(load(&service).await, want);
}

#[tokio::test]
async fn many_users_come_in_many_small_chunks_of_one_moment() {
    let service = Service::start().await;
    service.storage().add_many_users("acme", MANY).await;
    let head = service.storage().refresh_head().await.unwrap();
    let mut stream = body(&service).await.into_data_stream();
    let mut chunks: Vec<Bytes> = vec![stream.next().await.unwrap().unwrap()];
    // What happens while it is read is of another moment.
    let bob = "bob@acme".parse().unwrap();
    service.storage().remove_user(&bob).await.unwrap();
    assert_eq!(
        service.storage().snapshots_held(),
        1,
        "it is still being read"
    );
    while let Some(chunk) = stream.next().await {
        chunks.push(chunk.unwrap());
    }
    let largest = chunks.iter().map(Bytes::len).max().unwrap();
    assert!(largest < 20 * 1024, "a chunk of {largest} bytes");
    assert!(chunks.len() > 300, "{} chunks", chunks.len());
    let lines = lines(&chunks.concat());
    assert_eq!(lines[0].1["seq"], head);
    let users = lines.iter().filter(|line| line.0 == "user.upserted");
    assert_eq!(users.count(), MANY as usize + 3);
    assert!(lines.iter().any(|line| line.1["uid"] == "bob"));
    assert_eq!(
        lines.last().unwrap().1["entries"],
        lines.len() - 2,
        "the last line counts those between"
    );
    no_snapshot_is_held(&service).await;
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_work() {
    let service = Service::start().await;
    service.storage().add_many_users("acme", SOME).await;
    let mut stream = body(&service).await.into_data_stream();
    stream.next().await.unwrap().unwrap();
    assert_eq!(service.storage().snapshots_held(), 1);
    drop(stream);
    no_snapshot_is_held(&service).await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off_and_sees_it() {
    let service = Service::start().await;
    service.storage().add_many_users("acme", SOME).await;
    let snapshot = service.storage().snapshot().await.unwrap();
    let (chunks, body) = super::super::directory::body();
    let stall = Duration::from_millis(20);
    let told = super::super::directory::tell_within(snapshot, chunks, stall).await;
    assert!(told.unwrap_err().to_string().contains("took nothing"));
    no_snapshot_is_held(&service).await;
    let read = axum::body::to_bytes(body, usize::MAX).await;
    assert!(read.is_err(), "the body does not end, it fails");
}

#[tokio::test]
async fn closing_the_service_ends_a_directory_that_nobody_reads() {
    let service = Service::start().await;
    service.storage().add_many_users("acme", SOME).await;
    let unread = body(&service).await;
    service.app.hub.close();
    no_snapshot_is_held(&service).await;
    assert!(axum::body::to_bytes(unread, usize::MAX).await.is_err());
}

//! Reading the log: who may, what is found, in which order.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::logs::post;
use super::{Answer, Service};
use crate::storage::Grant;

async fn ask(service: &Service, session: &str, path: &str) -> Answer {
    let request = Request::get(format!("/api/v1/admin/{path}"))
        .header(AUTHORIZATION, format!("Bearer {session}"))
        .body(Body::empty());
    service.call(request.unwrap()).await
}

/// The ids of the records of a page.
fn ids(page: &Value) -> Vec<&str> {
    let records = page["records"].as_array().unwrap().iter();
    records
        .map(|entry| entry["record"]["id"].as_str().unwrap())
        .collect()
}

async fn fill(service: &Service) {
    let records = [
        json!({"id": "1", "time": 1000, "event": "login", "eid": "acme", "uid": "alice", "device": "pc"}),
        json!({"id": "2", "time": 3000, "event": "publish", "eid": "acme", "uid": "bob", "bytes": 12}),
        json!({"id": "3", "time": 2000, "event": "login", "eid": "acme", "uid": "bob"}),
        json!({"id": "4", "time": 2000, "event": "login", "eid": "beta", "uid": "carol"}),
        json!({"id": "5", "time": 2000, "event": "broker.start"}),
        json!({"id": "6", "time": 3000, "event": "login", "eid": "acme", "uid": "alice"}),
    ];
    let batch: String = records.iter().map(|record| format!("{record}\n")).collect();
    assert_eq!(post(service, batch).await.json()["accepted"], 6);
}

#[tokio::test]
async fn records_are_found_newest_first_by_time_user_and_event() {
    let service = Service::start().await;
    fill(&service).await;
    let session = service.session("alice@acme").await;
    for (query, found) in [
        ("to=10000", &["6", "2", "3", "1"][..]),
        ("from=2000&to=3000", &["3"]),
        ("to=10000&uid=bob", &["2", "3"]),
        ("to=10000&event=login", &["6", "3", "1"]),
        ("to=10000&event=login&uid=alice", &["6", "1"]),
        ("to=10000&uid=nobody", &[]),
        ("to=0", &[]),
    ] {
        let path = format!("enterprises/acme/logs?{query}");
        let answer = ask(&service, &session, &path).await;
        assert_eq!(ids(&answer.json()), found, "{query}");
    }
    let answer = ask(&service, &session, "logs?to=10000").await;
    assert_eq!(
        ids(&answer.json()),
        ["5"],
        "what names no enterprise is apart"
    );
    let answer = ask(
        &service,
        &session,
        "enterprises/acme/logs?to=10000&uid=bob&limit=1",
    )
    .await;
    let entry = &answer.json()["records"][0];
    assert_eq!(entry["broker"], "b1");
    assert_eq!(entry["time"], 3000);
    assert_eq!(entry["record"]["bytes"], 12, "unknown members are kept");
}

#[tokio::test]
async fn pages_join_without_a_gap_or_a_record_twice() {
    let service = Service::start().await;
    fill(&service).await;
    let session = service.session("alice@acme").await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("enterprises/acme/logs?to=10000&limit=1{after}");
        let page = ask(&service, &session, &path).await.json();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["6", "2", "3", "1"]);
}

#[tokio::test]
async fn an_admin_reads_the_own_enterprise_alone_and_others_nothing() {
    let service = Service::start().await;
    fill(&service).await;
    let admin = Grant::Role("admin".parse().unwrap());
    let bob = "bob@acme".parse().unwrap();
    service.storage().grant(&bob, &admin).await.unwrap();
    let bob = service.session("bob@acme").await;
    let own = ask(&service, &bob, "enterprises/acme/logs").await;
    assert_eq!(own.status, 200);
    for path in ["enterprises/beta/logs", "enterprises/nowhere/logs", "logs"] {
        ask(&service, &bob, path).await.problem(403);
    }
    let carol = service.session("carol@beta").await;
    ask(&service, &carol, "enterprises/beta/logs")
        .await
        .problem(403);
    ask(&service, "", "logs").await.problem(401);
    let operator = service.session("alice@acme").await;
    let beta = ask(&service, &operator, "enterprises/beta/logs?to=10000").await;
    assert_eq!(ids(&beta.json()), ["4"]);
}

#[tokio::test]
async fn bad_questions_are_refused() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "from=yesterday",
        "to=1.5",
        "to=99999999999999999999",
        "uid=a%00b",
        "uid=",
        "event=a'--",
        "after=",
        "after=5",
        "after=x:y",
        "after=1:2:3",
        "limit=1&limit=2",
    ] {
        for path in ["logs", "enterprises/acme/logs"] {
            let answer = ask(&service, &session, &format!("{path}?{query}")).await;
            let detail = answer.problem(400);
            assert!(detail.contains("limit 1 to 1000"), "{query}: {detail}");
        }
    }
}

#[tokio::test]
async fn the_service_writes_down_its_own_doings() {
    let service = Service::start().await;
    service.login("bob@acme", "wrong").await.problem(401);
    let session = service.session("alice@acme").await;
    service.token(&session, "pc").await;
    let request = Request::put("/api/v1/admin/enterprises/beta/users/carol/roles/admin")
        .header(AUTHORIZATION, format!("Bearer {session}"))
        .body(Body::empty());
    assert_eq!(service.call(request.unwrap()).await.status, 204);
    let refused = Request::put("/api/v1/admin/enterprises/beta/users/nobody/roles/admin")
        .header(AUTHORIZATION, format!("Bearer {session}"))
        .body(Body::empty());
    service.call(refused.unwrap()).await.problem(404);
    service.app.journal.flush().await;

    let acme = ask(&service, &session, "enterprises/acme/logs")
        .await
        .json();
    let acme = acme["records"].as_array().unwrap();
    let events: Vec<_> = acme.iter().map(|entry| &entry["record"]["event"]).collect();
    assert_eq!(events, ["token.issued", "session.login", "session.refused"]);
    assert_eq!(acme[0]["broker"], Value::Null);
    assert_eq!(acme[0]["record"]["device"], "pc");
    assert_eq!(acme[2]["record"]["uid"], "bob");
    assert_eq!(acme[2]["record"]["reason"], "password");
    assert_eq!(acme[2]["record"]["peer"], "127.0.0.1");

    let beta = ask(&service, &session, "enterprises/beta/logs")
        .await
        .json();
    let beta = beta["records"].as_array().unwrap();
    assert_eq!(beta.len(), 1, "what was refused is no change: {beta:?}");
    let change = &beta[0]["record"];
    assert_eq!(change["event"], "admin.change");
    assert_eq!(change["by"], "alice@acme");
    assert_eq!(change["method"], "PUT");
    assert_eq!(change.get("uid"), None, "alice is not of beta");
}

#[tokio::test]
async fn records_are_deleted_when_they_came_long_ago() {
    let service = Service::start().await;
    fill(&service).await;
    let storage = service.storage();
    assert_eq!(storage.prune_logs(1000).await.unwrap(), 0);
    let now = crate::clock::now_ms();
    assert_eq!(storage.prune_logs(now + 1000).await.unwrap(), 6);
    assert_eq!(storage.prune_logs(now + 1000).await.unwrap(), 0);
}

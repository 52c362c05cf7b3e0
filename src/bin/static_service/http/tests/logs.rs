//! Log intake.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use serde_json::json;

use super::{Answer, Service};

pub(super) async fn post(service: &Service, body: impl Into<Body>) -> Answer {
    let request = Request::post("/control/v1/logs").header(AUTHORIZATION, service.basic());
    service.call(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn records_are_stored_once_however_often_they_are_sent() {
    let service = Service::start().await;
    let batch = "{\"id\":\"1\",\"what\":\"login\"}\n\n{\"id\":\"2\"}\r\n{\"id\":\"1\"}\n";
    let receipt = post(&service, batch).await.json();
    assert_eq!(receipt, json!({ "accepted": 2, "duplicates": 1 }));
    let receipt = post(&service, batch).await.json();
    assert_eq!(receipt, json!({ "accepted": 0, "duplicates": 3 }));
    assert_eq!(
        post(&service, "").await.json(),
        json!({ "accepted": 0, "duplicates": 0 })
    );
}

#[tokio::test]
async fn a_large_batch_is_stored_whole_and_once() {
    let service = Service::start().await;
    let line = |n: u32| format!("{{\"id\":\"{}\",\"eid\":\"acme\"}}\n", n % 2_345);
    let batch: String = (0..2_400).map(line).collect();
    let receipt = post(&service, batch.clone()).await.json();
    assert_eq!(receipt, json!({ "accepted": 2_345, "duplicates": 55 }));
    let receipt = post(&service, batch).await.json();
    assert_eq!(receipt, json!({ "accepted": 0, "duplicates": 2_400 }));
}

#[tokio::test]
async fn a_malformed_line_refuses_the_whole_batch_and_is_named() {
    let service = Service::start().await;
    for line in [
        "nonsense",
        "[\"2\"]",
        "{\"id\":2}",
        "{\"what\":\"x\"}",
        "{\"id\":\"\"}",
        "\"2\"",
        "null",
        "{\"id\":\"2\"} x",
        "{\"id\":\"a\\u0000b\"}",
        "{\"id\":\"2\",\"time\":\"now\"}",
        "{\"id\":\"2\",\"time\":-1}",
        "{\"id\":\"2\",\"time\":1.5}",
        "{\"id\":\"2\",\"time\":9007199254740993}",
        "{\"id\":\"2\",\"event\":\"\"}",
        "{\"id\":\"2\",\"event\":7}",
        "{\"id\":\"2\",\"eid\":\"ac/me\"}",
        "{\"id\":\"2\",\"uid\":\"a b\"}",
        "{\"id\":\"2\",\"device\":\"\\u0000\"}",
        "{\"id\":\"2\",\"id\":\"3\"}",
    ] {
        let detail = post(&service, format!("{{\"id\":\"1\"}}\n{line}\n"))
            .await
            .problem(400);
        assert!(detail.starts_with("line 2: "), "{line}: {detail}");
    }
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(129));
    post(&service, long).await.problem(400);
    post(&service, vec![0xff, 0xfe]).await.problem(400);
    let receipt = post(&service, "{\"id\":\"1\"}").await.json();
    assert_eq!(receipt["accepted"], 1, "the refused batches stored nothing");
}

#[tokio::test]
async fn too_large_a_batch_is_refused() {
    let service = Service::start().await;
    post(&service, vec![b'x'; 4 * 1024 * 1024 + 1])
        .await
        .problem(413);
    let many: String = (0..10_001)
        .map(|n| format!("{{\"id\":\"{n}\"}}\n"))
        .collect();
    post(&service, many).await.problem(400);
}

#[tokio::test]
async fn what_was_said_and_secrets_have_no_place_in_the_log() {
    let service = Service::start().await;
    for member in ["payload", "Content", "body", "token", "password"] {
        let line = json!({ "id": "1", member: "c2VjcmV0" }).to_string();
        let detail = post(&service, line).await.problem(400);
        assert!(detail.contains(&member.to_lowercase()), "{detail}");
        assert!(!detail.contains("c2VjcmV0"), "{detail}");
    }
    let long = json!({ "id": "1", "note": "x".repeat(8192) }).to_string();
    let detail = post(&service, long).await.problem(400);
    assert!(detail.contains("8192 bytes"), "{detail}");
}

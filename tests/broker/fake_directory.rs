//! The fake service's directory, which other tests load into the plugin, says what the contract says.

use serde_json::{Value, json};

use crate::harness::{Answer, BROKER_SECRET, FakeService, directory};

/// Status, content type, and the lines of the body; none when the body broke off.
struct Got {
    status: u16,
    content_type: String,
    lines: Option<Vec<Value>>,
}

fn get(service: &FakeService, secret: &str) -> Got {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build();
    let url = format!("{}/control/v1/directory", service.url());
    runtime.block_on(async {
        let request = client.expect("a client").get(url);
        let response = request.basic_auth("broker-1", Some(secret)).send();
        let response = response.await.expect("an answer");
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|v| v.to_str().ok());
        Got {
            status: response.status().as_u16(),
            content_type: content_type.unwrap_or_default().to_owned(),
            lines: response.text().await.ok().map(|text| {
                let lines = text.lines();
                lines
                    .map(|line| serde_json::from_str(line).expect("JSON"))
                    .collect()
            }),
        }
    })
}

#[test]
fn there_is_none_until_a_test_sets_one() {
    let service = FakeService::start();
    assert_eq!(get(&service, BROKER_SECRET).status, 404);
    assert_eq!(get(&service, "another").status, 401);
    assert_eq!(service.directory_openings(), 1);
}

#[test]
fn entries_stand_between_a_begin_at_the_feeds_position_and_an_end_that_counts_them() {
    let service = FakeService::start();
    service.event("enterprise.upserted", &json!({"eid": "acme"}));
    let entries = [
        directory::enterprise("acme"),
        directory::user("alice@acme", &["operator"], &["news/#"]),
        directory::group("dev@acme", &["alice"]),
        directory::partners("alice@acme", "carol@beta"),
    ];
    service.directory(&entries);
    service.event("enterprise.upserted", &json!({"eid": "beta"}));
    let got = get(&service, BROKER_SECRET);
    assert_eq!(
        (got.status, got.content_type.as_str()),
        (200, "application/x-ndjson")
    );
    let want = json!([
        {"event": "directory.begin", "data": {"seq": service.feed_position()}},
        {"event": "enterprise.upserted", "data": {"eid": "acme", "name": "acme"}},
        {"event": "user.upserted", "data":
            {"eid": "acme", "uid": "alice", "roles": ["operator"], "channels": ["news/#"]}},
        {"event": "group.upserted", "data": {"eid": "acme", "gid": "dev", "members": ["alice"]}},
        {"event": "partner.linked", "data": {"a": "alice@acme", "b": "carol@beta"}},
        {"event": "directory.end", "data": {"entries": 4}},
    ]);
    assert_eq!(json!(got.lines), want);
}

#[test]
fn faults_are_as_a_test_orders_them() {
    let service = FakeService::start();
    service.directory(&[directory::user("alice@acme", &[], &[])]);
    service.directory_answer(Answer::Torn);
    let torn = get(&service, BROKER_SECRET);
    assert_eq!((torn.status, torn.lines), (200, None));
    service.directory_answer(Answer::Body(503, "text/plain", Vec::new()));
    assert_eq!(get(&service, BROKER_SECRET).status, 503);
    service.directory_answer(Answer::Normal);
    service.directory_text("{\"event\":\"directory.begin\",\"data\":{\"seq\":7}}\n");
    let cut_short = get(&service, BROKER_SECRET).lines.expect("a body");
    assert_eq!(cut_short.len(), 1);
    assert_eq!(service.directory_openings(), 3);
}

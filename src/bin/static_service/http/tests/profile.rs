//! How users are shown: by themselves, and by administrators (in `admin::users`).

use serde_json::{Value, json};

use super::{Answer, Service};

const PATH: &str = "/api/v1/profile";

async fn put(service: &Service, body: &str) -> Answer {
    let session = service.session("bob@acme").await;
    let headers = [("content-type", "application/json")];
    service
        .as_user("PUT", PATH, &session, &headers, body.into())
        .await
}

/// bob's title, phone and email.
async fn shown(service: &Service) -> Value {
    let session = service.session("bob@acme").await;
    let answer = service.as_user("GET", PATH, &session, &[], Vec::new());
    let profile = answer.await.json();
    assert_eq!(profile["uid"], "bob");
    json!([profile["title"], profile["phone"], profile["email"]])
}

#[tokio::test]
async fn what_is_given_changes_null_clears_and_the_rest_stays() {
    let service = Service::start().await;
    for (body, want) in [
        (
            json!({"title": "Boss", "phone": "+49 30 1"}),
            json!(["Boss", "+49 30 1", null]),
        ),
        (
            json!({"email": "bob@acme.example"}),
            json!(["Boss", "+49 30 1", "bob@acme.example"]),
        ),
        (
            json!({"title": null}),
            json!([null, "+49 30 1", "bob@acme.example"]),
        ),
        (
            json!({"phone": null, "email": null}),
            json!([null, null, null]),
        ),
    ] {
        // Saying it twice changes nothing the second time.
        for _ in 0..2 {
            let answer = put(&service, &body.to_string()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.body.len()),
                (204, 0),
                "{answer:?}"
            );
            assert_eq!(shown(&service).await, want);
        }
    }
}

#[tokio::test]
async fn bad_profiles_are_refused_and_named_without_echo() {
    let service = Service::start().await;
    for (body, name) in [
        (json!({"title": ""}), "title: "),
        (json!({"title": "x".repeat(201)}), "title: "),
        (json!({"title": "a\nb"}), "title: "),
        (json!({"title": "a\u{0}b"}), "title: "),
        (json!({"phone": "secretword"}), "phone: "),
        (json!({"phone": "1".repeat(65)}), "phone: "),
        (json!({"email": "secretword"}), "email: "),
        (json!({"email": "a b@c"}), "email: "),
        (json!({}), "want something"),
        (json!({"name": "Bobby"}), "want {"),
        (json!({"title": 7}), "want {"),
        (json!({"uid": "alice", "title": "x"}), "want {"),
        (json!([{"title": "x"}]), "want {"),
    ] {
        let detail = put(&service, &body.to_string()).await.problem(400);
        assert!(detail.starts_with(name), "{body}: {detail}");
        assert!(!detail.contains("secretword"), "{detail}");
    }
    for body in ["", "{", "{\"title\":\"a\",\"title\":\"b\"}"] {
        put(&service, body).await.problem(400);
    }
    put(&service, &" ".repeat(70_000)).await.problem(413);
    let session = service.session("bob@acme").await;
    let answer = service.as_user("PUT", PATH, &session, &[], b"{}".to_vec());
    answer.await.problem(415);
    let answer = service.as_user("PUT", PATH, "nonsense", &[], b"{}".to_vec());
    answer.await.problem(401);
    assert_eq!(shown(&service).await, json!([null, null, null]));
}

//! Guessing passwords is slow, and no way to shut somebody out.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Service};
use crate::http::TrustedProxies;

/// A service behind a proxy on 127.0.0.1, which tests are.
async fn behind_a_proxy() -> Service {
    let proxies = TrustedProxies {
        networks: vec!["127.0.0.1".parse().unwrap()],
        ..TrustedProxies::default()
    };
    Service::start_behind(proxies).await
}

async fn login_from(service: &Service, address: &str, body: &Value) -> Answer {
    let request = Request::post("/api/v1/login")
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, "")
        .header("x-forwarded-for", address);
    let request = request.body(Body::from(body.to_string()));
    service.call(request.unwrap()).await
}

fn credentials(user: &str, password: &str) -> Value {
    json!({"username": user, "password": password})
}

#[tokio::test]
async fn a_known_device_is_not_slowed_by_others_failures() {
    let service = Service::start().await;
    let token = service
        .login_on("alice@acme", "laptop")
        .await
        .member("refresh_token");
    let bobs = service
        .login_on("bob@acme", "laptop")
        .await
        .member("refresh_token");
    for _ in 0..5 {
        service.login("alice@acme", "wrong").await.problem(401);
    }
    let answer = service.login("alice@acme", "pw-alice").await;
    answer.problem(429);
    assert!(answer.headers.contains_key(RETRY_AFTER));
    let mut body = credentials("alice@acme", "pw-alice");
    for nothing in [
        json!(bobs),
        json!("x"),
        json!(format!("{token}x")),
        Value::Null,
    ] {
        body["refresh_token"] = nothing;
        service
            .post_json("/api/v1/login", "", &body)
            .await
            .problem(429);
    }
    // Even the token of a session that is over.
    service.refresh(&token).await;
    service.storage().let_pass_s(100_000).await;
    body["refresh_token"] = json!(token);
    let answer = service.post_json("/api/v1/login", "", &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    // It has a limit of its own.
    body["password"] = json!("wrong");
    for _ in 0..10 {
        service
            .post_json("/api/v1/login", "", &body)
            .await
            .problem(401);
    }
    service
        .post_json("/api/v1/login", "", &body)
        .await
        .problem(429);
}

#[tokio::test]
async fn guesses_from_everywhere_are_slowed_and_the_user_logs_in_where_known() {
    let service = behind_a_proxy().await;
    let good = credentials("alice@acme", "pw-alice");
    let bad = credentials("alice@acme", "wrong");
    assert_eq!(
        login_from(&service, "192.0.2.1", &good).await.status,
        StatusCode::OK
    );
    let mut statuses = Vec::new();
    for n in 0..60 {
        let address = format!("198.51.100.{n}");
        statuses.push(login_from(&service, &address, &bad).await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 50);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
    assert_eq!(
        login_from(&service, "192.0.2.1", &good).await.status,
        StatusCode::OK
    );
    login_from(&service, "203.0.113.9", &good)
        .await
        .problem(429);
    let bob = credentials("bob@acme", "pw-bob");
    assert_eq!(
        login_from(&service, "203.0.113.9", &bob).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_forwarded_address_of_somebody_who_is_no_proxy_is_not_believed() {
    let service = Service::start().await;
    let bad = credentials("alice@acme", "wrong");
    for n in 0..5 {
        let address = format!("198.51.100.{n}");
        login_from(&service, &address, &bad).await.problem(401);
    }
    login_from(&service, "198.51.100.99", &bad)
        .await
        .problem(429);
}

#[tokio::test]
async fn one_address_that_tries_many_users_is_slowed() {
    let service = behind_a_proxy().await;
    let mut refused = 0;
    for n in 0..130 {
        let bad = credentials(&format!("user-{n}@acme"), "wrong");
        let answer = login_from(&service, "198.51.100.1", &bad).await;
        refused += u32::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!((1..=30).contains(&refused), "{refused}");
}

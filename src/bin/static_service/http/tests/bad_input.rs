//! What clients should not send: always a 4xx problem document that does not echo it.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request, StatusCode};
use serde_json::json;

use super::Service;

const CLIENT_PATHS: [&str; 4] = [
    "/api/v1/login",
    "/api/v1/token",
    "/api/v1/refresh",
    "/api/v1/password",
];

async fn post(
    service: &Service,
    path: &str,
    auth: &str,
    kind: &str,
    body: Vec<u8>,
) -> super::Answer {
    let request = Request::post(path)
        .header(CONTENT_TYPE, kind)
        .header(AUTHORIZATION, auth);
    service.call(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn bodies_of_the_wrong_shape_are_refused_without_echo() {
    let service = Service::start().await;
    let auth = format!("Bearer {}", service.session("alice@acme").await);
    for path in CLIENT_PATHS {
        for body in [
            "",
            "{",
            "null",
            "[\"alice@acme\",\"pw-alice\"]",
            "{}",
            "{\"username\":\"alice@acme\",\"password\":987654321,\"device\":\"pc\",\"kind\":987654321,\"refresh_token\":987654321,\"old_password\":987654321}",
            "{\"username\":[\"987654321\"],\"password\":\"987654321\",\"device\":{},\"kind\":\"987654321\"}",
        ] {
            let answer = post(&service, path, &auth, "application/json", body.into()).await;
            let detail = answer.problem(400);
            assert!(!detail.contains("987654321"), "{path} {body}: {detail}");
        }
        let answer = post(&service, path, &auth, "text/plain", b"{}".to_vec()).await;
        answer.problem(415);
        let answer = post(&service, path, &auth, "application/json", vec![0xff; 10]).await;
        answer.problem(400);
    }
}

#[tokio::test]
async fn forms_of_the_wrong_shape_are_refused() {
    let service = Service::start().await;
    let form = "application/x-www-form-urlencoded";
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        for body in ["", "tokn=x", "token=a&token=b"] {
            let answer = post(&service, path, &service.basic(), form, body.into()).await;
            answer.problem(400);
            assert_eq!(answer.json()["error"], "invalid_request", "{path} {body}");
        }
        let answer = post(
            &service,
            path,
            &service.basic(),
            "application/json",
            b"{}".to_vec(),
        )
        .await;
        answer.problem(415);
        post(&service, path, "", form, b"token=x".to_vec())
            .await
            .problem(401);
    }
}

#[tokio::test]
async fn oversized_bodies_are_refused() {
    let service = Service::start().await;
    let auth = format!("Bearer {}", service.session("alice@acme").await);
    let big = vec![b' '; 64 * 1024 + 1];
    for path in CLIENT_PATHS {
        post(&service, path, &auth, "application/json", big.clone())
            .await
            .problem(413);
    }
    let form = "application/x-www-form-urlencoded";
    let answer = post(&service, "/oauth2/introspect", &service.basic(), form, big).await;
    answer.problem(413);
    let long = "x".repeat(1025);
    service.login("alice@acme", &long).await.problem(400);
}

#[tokio::test]
async fn malformed_names_are_refused_and_named() {
    let service = Service::start().await;
    for (username, want) in [
        ("alice", "no `@`"),
        ("al/ice@acme", "uid holds the byte 0x2f"),
        ("alice@ac\u{0}me", "eid holds the byte 0x00"),
        ("' OR '1'='1", "no `@`"),
        ("alice@acme' --", "eid holds the byte 0x27"),
    ] {
        let detail = service.login(username, "x").await.problem(400);
        assert!(detail.contains(want), "{username:?}: {detail}");
    }
    let session = service.session("alice@acme").await;
    for device in ["", "p/c", "p c", "pc';--", &"x".repeat(65)] {
        service.token(&session, device).await.problem(400);
    }
    let body = json!({ "device": "pc", "kind": "PC" });
    service
        .post_json("/api/v1/token", &session, &body)
        .await
        .problem(400);
}

#[tokio::test]
async fn sql_metacharacters_are_only_characters() {
    let service = Service::start().await;
    let token = service.login_token("alice@acme").await;
    for evil in [
        "' OR '1'='1",
        "x'; DROP TABLE login_token; --",
        "\"",
        "%",
        "\\",
        "\u{0}",
        "$1",
        "?1",
    ] {
        assert!(!service.is_active(evil).await, "{evil:?}");
        let status = service.login("alice@acme", evil).await.status;
        assert!(status == StatusCode::UNAUTHORIZED || status == StatusCode::TOO_MANY_REQUESTS);
        service
            .token(&evil.replace('\u{0}', ""), "pc")
            .await
            .problem(401);
    }
    assert!(service.is_active(&token).await);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let service = Service::start().await;
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::GET, "/api/v1/../../etc/passwd", 404),
        (Method::GET, "/api/v1/login/", 404),
        (Method::GET, "/api/v1/login", 405),
        (Method::DELETE, "/control/v1/feed", 405),
    ] {
        let request = Request::builder().method(method).uri(path);
        service
            .call(request.body(Body::empty()).unwrap())
            .await
            .problem(status);
    }
    let feed = service.get("/control/v1/feed?since=abc", &[]).await;
    assert_eq!(feed.status(), StatusCode::BAD_REQUEST);
}

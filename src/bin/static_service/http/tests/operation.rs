//! What is told to those who watch the service: metrics, request ids, readiness, the log of requests.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use tower::ServiceExt as _;

use super::super::operation_router;
use super::{Answer, Service, basic};

async fn operate(service: &Service, path: &str) -> Answer {
    let router = operation_router(Arc::clone(&service.app));
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    }
}

async fn metrics(service: &Service) -> String {
    let answer = operate(service, "/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let service = Service::start().await;
    service.login("bob@acme", "wrong").await.problem(401);
    let token = service.login_token("alice@acme").await;
    assert!(service.is_active(&token).await);
    assert!(!service.is_active("unknown").await);
    let stream = service.get("/control/v1/feed", &[]).await;
    service.app.journal.flush().await;
    let text = metrics(&service).await;
    for line in [
        "static_service_logins_total{by=\"password\",outcome=\"accepted\"} 1",
        "static_service_logins_total{by=\"password\",outcome=\"refused\"} 1",
        "static_service_login_tokens_issued_total 1",
        "static_service_introspections_total{by=\"broker\",outcome=\"active\"} 1",
        "static_service_introspections_total{by=\"broker\",outcome=\"inactive\"} 1",
        "static_service_http_requests_total{method=\"POST\",route=\"/oauth2/introspect\",status=\"2xx\"} 2",
        "static_service_http_request_duration_seconds_count{route=\"/api/v1/login\"} 2",
        "static_service_feed_listeners 1",
        "static_service_feed_lag_events 0",
        "static_service_log_records_total{source=\"service\"} 3",
        "static_service_log_records_dropped 0",
        "static_service_password_hashes_waiting 0",
        "static_service_storage_failures_total 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.contains(&format!(
        "static_service_build_info{{version=\"{version}\"}} 1"
    )));
    assert!(text.contains("static_service_database_connections{pool=\"read\""));
    drop(stream);
}

#[tokio::test]
async fn what_clients_make_up_makes_no_label() {
    let service = Service::start().await;
    for path in ["/made-up", "/api/v1/admin/enterprises/made-up/users"] {
        let request = Request::builder().method("MADEUP").uri(path);
        service.call(request.body(Body::empty()).unwrap()).await;
    }
    let text = metrics(&service).await;
    assert!(
        !text.contains("made-up") && !text.contains("MADEUP"),
        "{text}"
    );
    assert!(text.contains("route=\"none\""), "{text}");
}

#[tokio::test]
async fn metrics_are_not_told_where_everybody_asks() {
    let service = Service::start().await;
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    service.call(request).await.problem(404);
    operate(&service, "/api/v1/login").await.problem(404);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(operate(&service, path).await.status, 200, "{path}");
    }
    service.app.readiness.withdraw();
    operate(&service, "/readyz").await.problem(503);
    assert_eq!(operate(&service, "/healthz").await.status, 200);
}

#[tokio::test]
async fn each_request_has_an_id_of_the_clients_choice_or_ours() {
    let service = Service::start().await;
    let ask = async |id: &str| {
        let request = Request::get("/healthz").header("x-request-id", id);
        let answer = service.call(request.body(Body::empty()).unwrap()).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(ask("trace-1.a_B").await, "trace-1.a_B");
    let long = "x".repeat(65);
    for unfit in ["", "a b", "a\"b", &long] {
        let given = ask(unfit).await;
        assert_eq!(given.len(), 32, "{unfit:?}: {given}");
    }
    assert_ne!(ask("").await, ask("").await);
}

/// Takes log lines in.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_tells_who_asked_for_what_and_no_secret() {
    let service = Service::start().await;
    let lines = Lines::default();
    let writer = lines.clone();
    // For the whole process: tracing may take a subscriber of one thread for the only one, and then what
    // another thread meets first, which has none, is never logged.
    tracing_subscriber::fmt()
        .with_env_filter("static_service=debug")
        .with_writer(move || writer.clone())
        .json()
        .init();
    let secrets = {
        let session = service.session("alice@acme").await;
        let token = service.token(&session, "pc").await.member("token");
        service.is_active(&token).await;
        let path = format!("/api/v1/admin/enterprises/acme/users?after={token}&limit=0");
        let request = Request::get(path)
            .header(AUTHORIZATION, format!("Bearer {session}"))
            .header("x-request-id", "id-of-mine");
        let answer = service.call(request.body(Body::empty()).unwrap()).await;
        answer.problem(400);
        service.introspect(&[]).await.problem(400);
        let auth = basic("b1", &token);
        let refused = service.post_form("/oauth2/revoke", &auth, &[]).await;
        refused.problem(401);
        [session, token, service.broker_secret.reveal().to_owned()]
    };
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for secret in secrets.iter().map(String::as_str).chain(["pw-alice"]) {
        assert!(!text.contains(secret), "a secret is in the log");
    }
    let line = text.lines().find(|line| line.contains("id-of-mine"));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(line["fields"]["status"], 400);
    assert_eq!(line["fields"]["who"], "alice@acme");
    assert_eq!(
        line["span"]["route"],
        "/api/v1/admin/enterprises/{eid}/users"
    );
    assert!(text.contains("\"who\":\"b1\""), "the broker");
}

//! The administrators' side. alice@acme is an operator, bob@acme an admin, carol@beta neither.

mod access;
mod accounts;
mod bad_input;
mod departments;
mod groups;
mod users;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request};
use serde_json::Value;

use super::{Answer, Service};
use crate::storage::{EventId, Grant};

/// What stands before all paths.
const ROOT: &str = "/api/v1/admin/enterprises/";

/// Requests of one administrator, and the events they cause.
struct Desk {
    service: Service,
    session: String,
    seen: EventId,
}

impl Desk {
    /// The operator's.
    async fn of_the_operator() -> Desk {
        Desk::of("alice@acme").await
    }

    /// The desk of acme's admin.
    async fn of_the_admin() -> Desk {
        Desk::of("bob@acme").await
    }

    async fn of(user: &str) -> Desk {
        let service = Service::start().await;
        let bob = "bob@acme".parse().unwrap();
        let admin = Grant::Role("admin".parse().unwrap());
        service.storage().grant(&bob, &admin).await.unwrap();
        Desk {
            session: service.session(user).await,
            seen: service.storage().refresh_head().await.unwrap(),
            service,
        }
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{ROOT}{path}"))
            .header(CONTENT_TYPE, kind)
            .header(AUTHORIZATION, format!("Bearer {}", self.session));
        self.service
            .call(request.body(Body::from(body)).unwrap())
            .await
    }

    /// A request without a body.
    async fn call(&self, method: &str, path: &str) -> Answer {
        self.send(method, path, "application/json", Vec::new())
            .await
    }

    async fn call_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = body.to_string().into_bytes();
        self.send(method, path, "application/json", body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// A request that answers 204 with nothing.
    #[track_caller]
    fn done(answer: &Answer) {
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(answer.body.is_empty());
    }

    /// What the feed tells since the last call: kinds of events, of notices with whom they are for.
    async fn told(&mut self) -> Vec<String> {
        let events = self.service.storage().events_after(self.seen, 10_000);
        let events = events.await.unwrap();
        self.seen = events.last().map_or(self.seen, |event| event.id);
        let word = |event: crate::storage::StoredEvent| {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            match event.kind.as_str() {
                "notice" => format!(
                    "{} to {}@{}",
                    data["kind"].as_str().unwrap(),
                    data["scope"]["uid"].as_str().unwrap(),
                    data["scope"]["eid"].as_str().unwrap()
                ),
                _ => event.kind,
            }
        };
        events.into_iter().map(word).collect()
    }
}

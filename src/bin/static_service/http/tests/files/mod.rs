//! The file server. alice@acme owns files; bob@acme is a colleague, carol@beta a partner of alice.

mod access;
mod bad_input;
mod cuts;
mod download;
mod memory;
mod quota;
mod upload;

use std::path::PathBuf;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::{Answer, Service};
use crate::files::Limits;

const ROOT: &str = "/api/v1/files";
const MIB: u64 = 1024 * 1024;

/// Of [`Service`].
pub(super) const LIMITS: Limits = Limits {
    max_bytes: 100 * MIB,
    quota_bytes: 400 * MIB,
    ttl_s: 3600,
};

/// alice, and what she shares.
struct Share {
    service: Service,
    alice: String,
}

impl Share {
    async fn open() -> Share {
        let service = Service::start().await;
        let alice = service.session("alice@acme").await;
        Share { service, alice }
    }

    /// A request as alice.
    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        self.call_as(&self.alice, method, path, headers, body).await
    }

    async fn call_as(
        &self,
        session: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let request = request(session, method, path, headers, body);
        self.service.call(request).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let kind = [(CONTENT_TYPE.as_str(), "application/json")];
        self.call("POST", path, &kind, body.to_string().into())
            .await
    }

    /// A request without body and special headers.
    async fn plain_as(&self, session: &str, method: &str, path: &str) -> Answer {
        self.call_as(session, method, path, &[], Body::empty())
            .await
    }

    async fn plain(&self, method: &str, path: &str) -> Answer {
        self.plain_as(&self.alice, method, path).await
    }

    /// The id of a new upload.
    async fn create(&self, size: u64) -> String {
        let body = json!({"name": "Plan.pdf", "size": size, "content_type": "application/pdf"});
        let answer = self.post(ROOT, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.member("id")
    }

    async fn send(&self, id: &str, offset: u64, body: impl Into<Body>) -> Answer {
        let offset = offset.to_string();
        let headers = [
            (CONTENT_TYPE.as_str(), "application/offset+octet-stream"),
            ("upload-offset", offset.as_str()),
        ];
        let path = format!("{ROOT}/{id}");
        self.call("PATCH", &path, &headers, body.into()).await
    }

    /// What HEAD says is there.
    async fn offset(&self, id: &str) -> u64 {
        let answer = self.plain("HEAD", &format!("{ROOT}/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        number(&answer, "upload-offset")
    }

    async fn info(&self, id: &str) -> Value {
        let answer = self.plain("GET", &format!("{ROOT}/{id}/info")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The id of a complete file.
    async fn upload(&self, content: &[u8]) -> String {
        let id = self.create(u64::try_from(content.len()).unwrap()).await;
        let answer = self.send(&id, 0, content.to_vec()).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        id
    }

    async fn try_link(&self, id: &str, to: &str) -> Answer {
        self.post(&format!("{ROOT}/{id}/links"), &json!({ "to": to }))
            .await
    }

    /// Path and query of a link.
    async fn link(&self, id: &str, to: &str) -> String {
        let answer = self.try_link(id, to).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let url = answer.member("url");
        url.strip_prefix("http://static.test").unwrap().to_owned()
    }

    /// Where the bytes of an upload are, and where they will be.
    fn paths(&self, id: &str) -> (PathBuf, PathBuf) {
        let shelf = self.service.files_dir.path().join(&id[..2]);
        (shelf.join(format!("{id}.part")), shelf.join(id))
    }

    /// Whether nothing of a file is left on the disk.
    fn is_gone(&self, id: &str) -> bool {
        let (partial, whole) = self.paths(id);
        !partial.exists() && !whole.exists()
    }
}

fn request(
    session: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header(HOST, "static.test")
        .header(AUTHORIZATION, format!("Bearer {session}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

fn number(answer: &Answer, header: &str) -> u64 {
    answer.headers[header].to_str().unwrap().parse().unwrap()
}

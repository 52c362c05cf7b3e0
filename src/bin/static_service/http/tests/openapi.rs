//! The document that describes the service, held against the service.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;

use super::Service;

const METHODS: [&str; 6] = ["get", "put", "post", "delete", "patch", "head"];

async fn document(service: &Service) -> Value {
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let answer = service.call(request).await;
    assert_eq!(answer.status, StatusCode::OK, "without credentials");
    assert_eq!(answer.headers["content-type"], "application/json");
    answer.json()
}

/// The paths that axum knows. They can be had in no other way than from its `Debug` output.
fn routed(service: &Service) -> BTreeSet<String> {
    let shown = format!("{:?}", service.router);
    let paths = shown.split("paths: {").nth(1).unwrap();
    let quoted = paths.split("RouteId(").skip(1);
    let path = |entry: &str| entry.split('"').nth(1).unwrap().to_owned();
    let end = |entry: &&str| entry.contains(": \"");
    quoted.take_while(end).map(path).collect()
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let service = Service::start().await;
    let document = document(&service).await;
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().collect();
    let routed = routed(&service);
    assert!(routed.len() > 20, "axum shows its routes: {routed:?}");
    assert_eq!(described, routed.iter().collect());
}

/// Whatever is not described is answered 405, so that no method is left out either.
#[tokio::test]
async fn every_method_of_a_route_is_described() {
    let service = Service::start().await;
    let document = document(&service).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let method_name = method.to_uppercase();
            let request = Request::builder()
                .method(Method::from_bytes(method_name.as_bytes()).unwrap())
                .uri(path.replace(['{', '}'], ""))
                .body(Body::empty());
            let status = service.send(request.unwrap()).await.status();
            // GET answers HEAD, too.
            let described = item[method].is_object() || method == "head" && item["get"].is_object();
            let refused = status == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(described, !refused, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own_words_and_described_refusals() {
    let service = Service::start().await;
    let document = document(&service).await;
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if method == "parameters" {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let is_problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(status.as_str() >= "400", is_problem, "{path}: {status}");
            }
        }
    }
}

/// Every `$ref` leads somewhere.
#[tokio::test]
async fn the_document_is_complete() {
    let service = Service::start().await;
    let document = document(&service).await;
    let text = document.to_string();
    let references = text.split("\"$ref\":\"").skip(1);
    let mut count = 0;
    for reference in references.map(|rest| rest.split('"').next().unwrap()) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
        count += 1;
    }
    assert!(count > 20);
}

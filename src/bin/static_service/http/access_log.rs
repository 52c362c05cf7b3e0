//! A span a request (id, method, route, peer), one line when its answer starts (status, time, who), and
//! the counters. Never the query, a header or a body, since those may hold secrets.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::App;
use super::problem::StorageFailed;
use crate::secret::unique_id;

/// Names a request in both parties' logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a client, in bytes.
const MAX_ID_BYTES: usize = 64;
/// Stands for the route of what matches none, so that made-up paths make no labels.
const NO_ROUTE: &str = "none";

/// Who turned out to be asking, told by the extractors.
#[derive(Debug, Clone, Default)]
pub(super) struct Witness(Arc<OnceLock<String>>);

impl Witness {
    /// Says who is asking: a user, or a broker.
    pub(super) fn tell(parts: &Parts, who: &str) {
        if let Some(witness) = parts.extensions.get::<Witness>() {
            let _ = witness.0.set(who.to_owned());
        }
    }
}

/// Logs and counts a request when its answer starts.
pub(super) async fn access_log(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| tracing::field::display(*peer));
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let shown = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", id = shown, %method, route, peer);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status(), start.elapsed());
    let who = witness.0.get();
    span.in_scope(|| {
        let took_us = took.as_micros();
        tracing::debug!(status = status.as_u16(), took_us, who, "request");
    });
    app.metrics.answered(&method, route, status, took);
    if response.extensions().get::<StorageFailed>().is_some() {
        app.metrics.storage_failed();
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The client's own id, if it is fit for a log; a new one otherwise.
fn request_id(request: &Request) -> HeaderValue {
    let fit = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        (1..=MAX_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(plain)
    };
    let given = request.headers().get(REQUEST_ID).filter(fit);
    let new = || HeaderValue::from_str(&unique_id()).expect("hex digits are fit for a header");
    given.cloned().unwrap_or_else(new)
}

//! `GET /control/v1/feed`: the control feed as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use serde::Deserialize;

use super::App;
use super::authenticate::Broker;
use super::problem::Problem;
use crate::feed::stream::{Item, Start, position, stream};
use crate::storage::EventId;

/// Time between comments on a quiet feed; the contract says 15 s or less.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Where the stream starts: it carries the events after this id.
const FEED_POSITION: HeaderName = HeaderName::from_static("feed-position");
/// Keeps proxies from holding events back.
const NO_BUFFERING: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// `?since=ID`, for people; programs send `Last-Event-ID`.
#[derive(Debug, Deserialize)]
pub(crate) struct Since {
    since: Option<EventId>,
}

/// Opens a stream.
#[utoipa::path(
    get, path = "/control/v1/feed", security(("broker" = [])),
    params(
        ("since" = Option<i64>, Query, description = "start after this event; for people"),
        ("Last-Event-ID" = Option<String>, Header, description = "start after this event"),
    ),
    responses((
        status = 200, content_type = "text/event-stream", body = String,
        headers(("Feed-Position" = i64, description = "the event after which the stream starts"))
    ))
)]
pub(crate) async fn feed(
    State(app): State<Arc<App>>,
    broker: Broker,
    headers: HeaderMap,
    query: Result<Query<Since>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("since is no event id"))?;
    let start = start(&headers, query);
    let position = position(&app.storage, start).await?;
    let listener = app.hub.join(position.after, position.head);
    let (after, gap, listeners) = (position.after, position.gap, app.hub.listeners());
    tracing::info!(client_id = %broker.0, after, gap, listeners, "feed stream opens");
    let events = stream(app.storage.clone(), listener, position)
        .map(|item| Ok::<_, Infallible>(write(item)));
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    let headers = [(FEED_POSITION, HeaderValue::from(after)), NO_BUFFERING];
    Ok((headers, Sse::new(events).keep_alive(heartbeat)).into_response())
}

/// An id that is no number was never ours: the listener is told to start anew.
fn start(headers: &HeaderMap, query: Since) -> Start {
    let Some(header) = headers.get("last-event-id") else {
        return query.since.map_or(Start::Now, Start::After);
    };
    let id = header.to_str().ok().and_then(|text| text.parse().ok());
    id.map_or(Start::Unknown, Start::After)
}

fn write(item: Item) -> Event {
    match item {
        Item::Opening => Event::default().comment("feed"),
        Item::Event(event) => Event::default()
            .id(event.id.to_string())
            .event(event.kind)
            .data(event.data),
    }
}

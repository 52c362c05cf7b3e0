//! `GET /metrics`: what the service counts, in the text form that Prometheus reads. Labels are route
//! templates and fixed words, never names of users or anything a client could choose.

mod labels;
mod registry;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use prometheus_client::metrics::gauge::Gauge;

use super::App;
use super::problem::Problem;
use labels::{Outcome, Pool, Request, Route, Source};
pub(crate) use registry::Metrics;

/// The form of the answer.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The routes whose answers are also counted by what they mean.
const LOGIN: &str = "/api/v1/login";
const REFRESH: &str = "/api/v1/refresh";

/// Everything that is counted.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    app.look_around();
    let text = app.metrics.encode();
    let text = text
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be told"))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text))
}

impl App {
    /// Sets what is measured at the moment of asking.
    fn look_around(&self) {
        let now = &self.metrics.now;
        let (waiting, running) = self.passwords.load();
        now.hashes_waiting.set(count(waiting));
        now.hashes_running.set(count(running));
        now.feed_listeners.set(count(self.hub.listeners()));
        let head = *self.storage.watch_head().borrow();
        now.feed_head.set(head);
        let slowest = self.hub.slowest().unwrap_or(head);
        now.feed_lag.set((head - slowest).max(0));
        for (pool, open, idle) in self.storage.connections() {
            let set = |state, count| {
                let label = Pool { pool, state };
                now.connections.get_or_create(&label).set(count);
            };
            let idle = count(idle);
            set("idle", idle);
            set("busy", (i64::from(open) - idle).max(0));
        }
        now.log_records_dropped.set(self.journal.dropped());
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Metrics {
    /// Counts a request by what it asked and how it went.
    pub(super) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let request = Request {
            method: method_word(method),
            route: route.to_owned(),
            status: class(status),
        };
        self.requests.get_or_create(&request).inc();
        let route = Route {
            route: request.route,
        };
        self.took.get_or_create(&route).observe(took.as_secs_f64());
        match route.route.as_str() {
            LOGIN => self.count_login("password", status),
            REFRESH => self.count_login("refresh", status),
            _ => (),
        }
    }

    fn count_login(&self, by: &'static str, status: StatusCode) {
        let outcome = match status {
            status if status.is_success() => "accepted",
            StatusCode::UNAUTHORIZED => "refused",
            StatusCode::FORBIDDEN => "suspended",
            StatusCode::TOO_MANY_REQUESTS => "limited",
            status if status.is_client_error() => "malformed",
            _ => "failed",
        };
        self.logins.get_or_create(&Outcome { by, outcome }).inc();
    }

    /// Counts a login token.
    pub(super) fn token_issued(&self) {
        self.tokens_issued.inc();
    }

    /// Counts a broker's question.
    pub(super) fn introspected(&self, active: bool) {
        let outcome = if active { "active" } else { "inactive" };
        let by = "broker";
        self.introspections
            .get_or_create(&Outcome { by, outcome })
            .inc();
    }

    /// Counts a request that the database failed.
    pub(super) fn storage_failed(&self) {
        self.storage_failures.inc();
    }

    /// Counts log records that were taken in.
    pub(crate) fn logged(&self, source: &'static str, records: u64) {
        self.log_records
            .get_or_create(&Source { source })
            .inc_by(records);
    }

    /// Counts a connection for as long as the answer lives.
    pub(crate) fn connection_opened(&self) -> Open {
        self.now.open.inc();
        Open(self.now.open.clone())
    }

    /// Counts a TLS handshake that failed.
    pub(crate) fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }
}

/// An open connection.
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A method of somebody's invention must not make a label of its own.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

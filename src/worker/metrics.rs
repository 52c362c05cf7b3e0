//! Serves the metrics: `GET /metrics`, HTTP/1.1, for whoever may reach the address. Off unless `metrics_listen` names one.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::cursor::Applied;
use super::mailbox::Outbox;
use crate::config::Settings;
use crate::engine::Level;
use crate::metrics::{CONTENT_TYPE as TEXT, Metrics};

/// Scrapers that are served at once.
const MOST: usize = 8;
/// Longest time for a connection in all: a scrape takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries to listen.
const AGAIN: Duration = Duration::from_secs(5);

/// Serves where the settings say, if they do; for ever.
pub(super) async fn keep(
    mut settings: watch::Receiver<Arc<Settings>>,
    metrics: &Arc<Metrics>,
    applied: &Applied,
    outbox: &Outbox,
) {
    loop {
        let address = settings.borrow_and_update().metrics_listen;
        let serving = async {
            match address {
                Some(address) => serve(address, metrics, applied, outbox).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = serving => {}
            changed = settings.wait_for(|now| now.metrics_listen != address) => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Listens and serves, for ever. That it cannot listen is told once.
async fn serve(address: SocketAddr, metrics: &Arc<Metrics>, applied: &Applied, outbox: &Outbox) {
    let listener = listen(address, outbox).await;
    let text = format!("metrics: at http://{address}/metrics");
    outbox.log(Level::Notice, text).await;
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files: others may close theirs.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (metrics, applied) = (Arc::clone(metrics), Arc::clone(applied));
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let answer = answer(&metrics, &applied, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer);
            // A scraper that breaks off is none of our business.
            let _ = tokio::time::timeout(PATIENCE, serving).await;
            drop(place);
        });
    }
}

async fn listen(address: SocketAddr, outbox: &Outbox) -> TcpListener {
    let mut told = false;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if !told => {
                told = true;
                let text = format!("plugin_opt_metrics_listen `{address}`: {error}; trying again");
                outbox.log(Level::Error, text).await;
            }
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn answer(
    metrics: &Metrics,
    applied: &Applied,
    request: &Request<Incoming>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    look_around(metrics, applied);
    match metrics.encode() {
        Ok(text) => {
            let kind = HeaderValue::from_static(TEXT);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            *response.body_mut() = Full::from(text);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
}

/// What is measured at the moment of asking.
fn look_around(metrics: &Metrics, applied: &Applied) {
    let event = i64::try_from(applied.load(Ordering::Acquire)).unwrap_or(i64::MAX);
    metrics.counted.feed_applied.set(event);
    if let Some(bytes) = resident_bytes() {
        metrics.counted.resident_bytes.set(bytes);
    }
}

/// Of the whole process: the broker and us.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory() {
        assert!(resident_bytes() > Some(100_000));
    }
}

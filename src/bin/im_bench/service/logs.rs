//! The log intake of the bench's static service: it counts records, each once, and can be away.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Desk, Service, is_our_broker};

/// What has been taken in so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intake {
    ids: HashSet<String>,
    /// Records of the event `login`.
    pub(crate) logins: u64,
    /// Records that the plugin says were lost.
    pub(crate) dropped: u64,
    /// Records that came again.
    pub(crate) again: u64,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    event: String,
    #[serde(default)]
    unrecorded: u64,
}

impl Intake {
    /// All records, each once.
    pub(crate) fn records(&self) -> usize {
        self.ids.len()
    }

    fn take(&mut self, record: Record) {
        if !self.ids.insert(record.id) {
            self.again += 1;
            return;
        }
        match record.event.as_str() {
            "login" => self.logins += 1,
            "audit.dropped" => self.dropped += record.unrecorded,
            _ => {}
        }
    }
}

impl Service {
    /// Whether the intake answers 503 from now on.
    pub(crate) fn set_intake_away(&self, away: bool) {
        self.desk.intake_away.store(away, Ordering::Release);
    }

    /// What it has taken in so far.
    pub(crate) fn intake(&self) -> Intake {
        let intake = self.desk.intake.lock();
        intake.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(super) async fn take(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_our_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if desk.intake_away.load(Ordering::Acquire) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let records: Result<Vec<Record>, _> = lines.map(serde_json::from_slice).collect();
    let Ok(records) = records else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut intake = desk.intake.lock().unwrap_or_else(PoisonError::into_inner);
    records.into_iter().for_each(|record| intake.take(record));
    StatusCode::OK.into_response()
}

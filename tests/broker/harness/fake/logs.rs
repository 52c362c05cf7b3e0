//! The fake service's log intake: `POST /control/v1/logs`. It keeps every record it was sent, as often as it was sent.

use std::sync::PoisonError;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Answer, FakeService, Shared, is_broker, json_response, respond};

/// What was sent, and what becomes of it.
#[derive(Default)]
pub(super) struct Intake {
    answer: Option<Answer>,
    records: Vec<Value>,
    batches: usize,
}

impl FakeService {
    /// What the log intake does from now on; records are kept only by [`Answer::Normal`].
    pub(crate) fn logs_answer(&self, answer: Answer) {
        self.inner().intake.answer = Some(answer);
    }

    /// The records so far, in the order in which they came.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.inner().intake.records.clone()
    }

    /// Batches that were sent so far, taken or not.
    pub(crate) fn batches(&self) -> usize {
        self.inner().intake.batches
    }
}

pub(super) async fn take(State(inner): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let records: Result<Vec<Value>, _> = lines.map(serde_json::from_slice).collect();
    let Ok(records) = records else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let answer = {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.intake.batches += 1;
        inner.intake.answer.clone().unwrap_or(Answer::Normal)
    };
    let taken = json!({"accepted": records.len(), "duplicates": 0});
    let keep = || {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.intake.records.extend(records);
        json_response(&taken)
    };
    respond(answer, keep).await
}

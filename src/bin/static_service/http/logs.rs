//! `POST /control/v1/logs`: brokers' log records, NDJSON, at least once.
//!
//! A batch is stored whole or refused whole: a malformed line is the sender's bug, and sending it
//! again would not mend it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::authenticate::Broker;
use super::body::{ObjectOnly, unreadable};
use super::problem::Problem;
use crate::storage::LogRecord;

/// The largest batch, in bytes.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The most records in a batch.
const MAX_RECORDS: usize = 10_000;
/// The longest record id, in bytes.
const MAX_ID_BYTES: usize = 128;

/// What came of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    accepted: u64,
    duplicates: u64,
}

/// What every record must have.
#[derive(Deserialize)]
struct Envelope {
    id: String,
}

/// The route with its own body limit.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(logs))
        .layer(DefaultBodyLimit::max(MAX_BATCH_BYTES))
}

/// Takes a batch of log records in, each once.
#[utoipa::path(
    post, path = "/control/v1/logs", security(("broker" = [])),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = Receipt))
)]
async fn logs(
    State(app): State<Arc<App>>,
    Broker(broker): Broker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Receipt>, Problem> {
    let body = body.map_err(|rejection| unreadable(rejection.status()))?;
    let records = parse(&body)?;
    let accepted = app.storage.store_logs(broker.as_str(), &records).await?;
    let sent = u64::try_from(records.len()).unwrap_or(u64::MAX);
    Ok(Json(Receipt {
        accepted,
        duplicates: sent.saturating_sub(accepted),
    }))
}

fn parse(body: &[u8]) -> Result<Vec<LogRecord>, Problem> {
    let body = std::str::from_utf8(body).map_err(|_| Problem::bad_request("body is not UTF-8"))?;
    let lines = body
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty());
    let records: Vec<_> = lines.map(parse_line).collect::<Result<_, _>>()?;
    if records.len() > MAX_RECORDS {
        let detail = format!("more than {MAX_RECORDS} records");
        return Err(Problem::bad_request(detail));
    }
    Ok(records)
}

fn parse_line((line, number): (&str, usize)) -> Result<LogRecord, Problem> {
    let refused = |why: &str| Problem::bad_request(format!("line {number}: {why}"));
    let object = serde_json::from_str(line);
    let ObjectOnly(Envelope { id }) =
        object.map_err(|_| refused("want a JSON object with a string \"id\""))?;
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(refused("id is empty or too long"));
    }
    let record = line.trim().to_owned();
    Ok(LogRecord { id, record })
}

//! `POST /control/v1/logs`: brokers' log records, NDJSON, at least once.
//!
//! A batch is stored whole or refused whole: a malformed line is the sender's bug, and sending it
//! again would not mend it.
//!
//! Records say what happened, never what was said: members that would hold a message or a secret refuse
//! the batch. Members that are not known here are kept as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use mosquitto_enterprise_push::protocol::name;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::authenticate::Broker;
use super::body::{ObjectOnly, unreadable};
use super::openapi::names::Name;
use super::problem::Problem;
use crate::storage::LogRecord;

/// The largest batch, in bytes.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The most records in a batch.
const MAX_RECORDS: usize = 10_000;
/// The latest time: numbers up to it are exact in JSON.
const MAX_TIME_MS: i64 = 1 << 53;
/// What a line must be.
const SHAPE: &str = r#"want a JSON object {"id": string, "time"?: milliseconds, "event"?, "eid"?, "uid"?, "device"?: name}"#;
/// The longest record id, in bytes.
const MAX_ID_BYTES: usize = 128;

/// What came of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    accepted: u64,
    duplicates: u64,
}

/// The longest record, in bytes: long enough for what happened, too short for what was said.
const MAX_RECORD_BYTES: usize = 8 * 1024;
/// Members that no record may have.
const UNWANTED: [&str; 8] = [
    "payload",
    "content",
    "body",
    "text",
    "password",
    "token",
    "session_token",
    "secret",
];

/// The members of a record that are known here. All but `id` may be left out.
#[derive(Deserialize, ToSchema)]
#[schema(as = LogRecord)]
struct Envelope {
    /// Unique within the broker.
    #[schema(min_length = 1, max_length = 128)]
    id: String,
    /// When it happened, in milliseconds since 1970.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_992_i64)]
    time: Option<i64>,
    /// What happened, such as `login`.
    #[schema(value_type = Option<Name>)]
    event: Option<String>,
    #[schema(value_type = Option<Name>)]
    eid: Option<String>,
    #[schema(value_type = Option<Name>)]
    uid: Option<String>,
    #[schema(value_type = Option<Name>)]
    device: Option<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    others: BTreeMap<String, IgnoredAny>,
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
    request_body(
        content = Option<Vec<Envelope>>, content_type = "application/x-ndjson",
        description = "one JSON object a line"
    ),
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
    app.metrics.logged("broker", accepted);
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
    let refused = |why: String| Problem::bad_request(format!("line {number}: {why}"));
    let line = line.trim();
    if line.len() > MAX_RECORD_BYTES {
        return Err(refused(format!("longer than {MAX_RECORD_BYTES} bytes")));
    }
    let object = serde_json::from_str(line);
    let ObjectOnly(envelope) = object.map_err(|_| refused(SHAPE.to_owned()))?;
    check(&envelope).map_err(refused)?;
    Ok(LogRecord {
        id: envelope.id,
        time_ms: envelope.time,
        event: envelope.event,
        eid: envelope.eid,
        uid: envelope.uid,
        device: envelope.device,
        record: line.to_owned(),
    })
}

fn check(record: &Envelope) -> Result<(), String> {
    if record.id.is_empty() || record.id.len() > MAX_ID_BYTES {
        return Err("id is empty or too long".to_owned());
    }
    if record.id.chars().any(char::is_control) {
        return Err("id holds a control character".to_owned());
    }
    if record
        .time
        .is_some_and(|time| !(0..=MAX_TIME_MS).contains(&time))
    {
        return Err("time is no number of milliseconds since 1970".to_owned());
    }
    for (part, name) in [
        ("event", &record.event),
        ("eid", &record.eid),
        ("uid", &record.uid),
        ("device", &record.device),
    ] {
        let checked = name.as_ref().map_or(Ok(()), |name| name::check(part, name));
        checked.map_err(|error| error.to_string())?;
    }
    match UNWANTED.iter().find(|name| {
        let mut others = record.others.keys();
        others.any(|other| other.eq_ignore_ascii_case(name))
    }) {
        Some(name) => Err(format!("{name} has no place in a log record")),
        None => Ok(()),
    }
}

//! Log records: who logged in, who was refused, what was changed. Newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use mosquitto_enterprise_push::protocol::name;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::super::App;
use super::super::openapi::names::Name;
use super::super::problem::Problem;
use super::administrator::{Administrator, Operator};
use super::answer::{LIMIT, MAX_LIMIT};
use crate::storage::{FoundRecord, LogPosition, LogQuery};

const WANT: &str = "want from and to in milliseconds, uid and event as names, limit 1 to 1000, and after as the answer before had it";

/// `?from=MS&to=MS&uid=NAME&event=NAME&after=NEXT&limit=N`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogParameters {
    /// Not before, in milliseconds since 1970.
    from: Option<i64>,
    /// Before, in milliseconds since 1970.
    to: Option<i64>,
    /// Of this user alone.
    #[param(value_type = Option<Name>)]
    uid: Option<String>,
    /// Of this kind alone, such as `session.refused`.
    #[param(value_type = Option<Name>)]
    event: Option<String>,
    /// `next` of the page before.
    #[param(pattern = "^-?[0-9]{1,18}:[0-9]{1,18}$")]
    after: Option<String>,
    /// Records at most; 100 when it is not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Some of the records.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogPage {
    records: Vec<LogEntry>,
    /// What to ask after; null at the end.
    next: Option<String>,
}

/// A record, and how it came here.
#[derive(Debug, Serialize, ToSchema)]
struct LogEntry {
    /// When it happened, in milliseconds since 1970.
    time: i64,
    /// When it came here.
    received_at: i64,
    /// The broker that sent it; null: the service's own.
    broker: Option<String>,
    /// The record as it was sent.
    #[schema(value_type = Object)]
    record: Box<RawValue>,
}

/// What is asked for, save the enterprise.
pub(super) struct Wanted(LogQuery);

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<Query<LogParameters>, QueryRejection> =
            Query::from_request_parts(parts, state).await;
        let refused = || Problem::bad_request(WANT);
        let Query(asked) = query.map_err(|_| refused())?;
        wanted(asked).map(Wanted).ok_or_else(refused)
    }
}

fn wanted(asked: LogParameters) -> Option<LogQuery> {
    let limit = asked.limit.unwrap_or(LIMIT);
    let event = asked.event;
    if !(1..=MAX_LIMIT).contains(&limit) || event.as_ref().is_some_and(|e| !name::is_valid(e)) {
        return None;
    }
    let uid = asked.uid.map(|uid| uid.parse()).transpose().ok()?;
    let before = LogPosition {
        time_ms: asked.to.unwrap_or(i64::MAX),
        seq: i64::MIN,
    };
    let after = asked.after.map(|text| position(&text));
    let below = match after {
        None => before,
        // Pages go down: what comes after is below both.
        Some(after) => lower(before, after?),
    };
    Some(LogQuery {
        eid: None,
        from_ms: asked.from.unwrap_or(0),
        below,
        uid,
        event,
        limit,
    })
}

fn position(text: &str) -> Option<LogPosition> {
    let (time_ms, seq) = text.split_once(':')?;
    Some(LogPosition {
        time_ms: time_ms.parse().ok()?,
        seq: seq.parse().ok()?,
    })
}

fn lower(a: LogPosition, b: LogPosition) -> LogPosition {
    if (a.time_ms, a.seq) < (b.time_ms, b.seq) {
        return a;
    }
    b
}

/// The log records of an enterprise.
#[utoipa::path(
    get, path = "/logs", security(("session" = [])), params(LogParameters),
    responses((status = 200, body = LogPage))
)]
pub(super) async fn of_enterprise(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Wanted(mut query): Wanted,
) -> Result<Json<LogPage>, Problem> {
    query.eid = Some(admin.eid.as_str().to_owned());
    find(&app, &query).await
}

/// The log records that name no enterprise; for operators.
#[utoipa::path(
    get, path = "/api/v1/admin/logs", security(("session" = [])), params(LogParameters),
    responses((status = 200, body = LogPage))
)]
pub(super) async fn of_none(
    State(app): State<Arc<App>>,
    _: Operator,
    Wanted(query): Wanted,
) -> Result<Json<LogPage>, Problem> {
    find(&app, &query).await
}

async fn find(app: &App, query: &LogQuery) -> Result<Json<LogPage>, Problem> {
    let found = app.storage.find_logs(query).await?;
    let full = u32::try_from(found.len()).is_ok_and(|len| len == query.limit);
    let last = found.last().filter(|_| full).map(|last| last.position);
    Ok(Json(LogPage {
        records: found.into_iter().filter_map(entry).collect(),
        next: last.map(|last| format!("{}:{}", last.time_ms, last.seq)),
    }))
}

fn entry(found: FoundRecord) -> Option<LogEntry> {
    Some(LogEntry {
        time: found.position.time_ms,
        received_at: found.received_at_ms,
        broker: found.broker,
        // Nothing else was ever taken in.
        record: RawValue::from_string(found.record).ok()?,
    })
}

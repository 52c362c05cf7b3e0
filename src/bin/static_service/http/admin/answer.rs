//! Wire module: what all administrators' requests have in common: pages of lists, and answers to changes.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use mosquitto_enterprise_push::protocol::name;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::ROOT;
use super::administrator::Administrator;
use crate::storage::{Page, StorageError};

/// Entries of a page when nobody says.
pub(super) const LIMIT: u32 = 100;
/// The most entries of a page.
pub(super) const MAX_LIMIT: u32 = 1_000;

/// `?after=NAME&limit=N`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// The last entry that is known already.
    #[serde(default)]
    #[param(pattern = "^[A-Za-z0-9._-]{0,64}$")]
    after: String,
    /// Entries at most; 100 when it is not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// The page that is asked for.
pub(super) struct Asked(pub(super) Page);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<_, QueryRejection> = Query::from_request_parts(parts, state).await;
        let refused = || Problem::bad_request(format!("limit: want 1 to {MAX_LIMIT}, once"));
        let Query(PageQuery { after, limit }) = query.map_err(|_| refused())?;
        let limit = limit.unwrap_or(LIMIT);
        if limit == 0 || limit > MAX_LIMIT {
            return Err(refused());
        }
        if !after.is_empty() {
            let checked = name::check("after", &after);
            checked.map_err(|error| Problem::bad_request(error.to_string()))?;
        }
        Ok(Asked(Page { after, limit }))
    }
}

/// What to ask after, when the page is full.
pub(super) fn next<T>(page: &Page, entries: &[T], id: impl Fn(&T) -> &str) -> Option<String> {
    let full = u32::try_from(entries.len()).is_ok_and(|len| len == page.limit);
    let last = entries.last().filter(|_| full);
    last.map(|last| id(last).to_owned())
}

/// Some of the members of a group or a department.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberPage {
    members: Vec<String>,
    /// What to ask after; null at the end.
    next: Option<String>,
}

impl MemberPage {
    /// The page as it was asked for.
    pub(super) fn of(page: &Page, members: Vec<String>) -> Json<MemberPage> {
        let next = next(page, &members, |uid| uid);
        Json(MemberPage { members, next })
    }
}

/// Created, and where.
pub(super) fn created(
    admin: &Administrator,
    kind: &str,
    id: &str,
    entry: impl Serialize,
) -> Response {
    let place = format!("{ROOT}/{}/{kind}/{id}", admin.eid);
    (StatusCode::CREATED, [(LOCATION, place)], Json(entry)).into_response()
}

/// The answer to PUT: what is so already is as good as done.
pub(super) fn put<T>(done: Result<T, StorageError>) -> Result<StatusCode, Problem> {
    match done {
        Ok(_) | Err(StorageError::Exists(_)) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

/// The answer to DELETE.
pub(super) fn removed<T>(done: Result<T, StorageError>) -> Result<StatusCode, Problem> {
    done?;
    Ok(StatusCode::NO_CONTENT)
}

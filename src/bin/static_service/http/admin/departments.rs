//! Departments and their members.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::openapi::names::{LineOfText, Name};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{Asked, MemberPage, created, next, put, removed};
use crate::identity::{DepartmentId, DepartmentName};
use crate::listing::DepartmentEntry;
use crate::storage::DepartmentChange;

/// A department to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDepartment {
    #[schema(value_type = Name)]
    did: String,
    #[schema(value_type = Option<LineOfText>)]
    name: Option<String>,
    #[schema(value_type = Option<Name>)]
    parent: Option<String>,
}

impl Shape for NewDepartment {
    const SHAPE: &'static str = r#"{"did": name, "name"?: string, "parent"?: name | null}"#;
}

/// All of a department that can change. `parent` is not optional: leaving it out would move it to the top.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Department {
    #[schema(value_type = LineOfText)]
    name: String,
    #[schema(value_type = Option<Name>, required = true)]
    #[serde(deserialize_with = "Option::deserialize")]
    parent: Option<String>,
}

impl Shape for Department {
    const SHAPE: &'static str = r#"{"name": string, "parent": name | null}"#;
}

/// `?recursive=true`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Removal {
    /// Also what is in it: departments below, and memberships.
    #[serde(default)]
    recursive: bool,
}

/// Some of an enterprise's departments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DepartmentPage {
    departments: Vec<DepartmentEntry>,
    /// What to ask after; null at the end.
    next: Option<String>,
}

/// The departments of an enterprise.
#[utoipa::path(
    get, path = "/departments", security(("session" = [])), params(super::answer::PageQuery),
    responses((status = 200, body = DepartmentPage), (status = 404, description = "there is no such enterprise"))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<DepartmentPage>, Problem> {
    let departments = app.storage.list_departments(&admin.eid, &asked).await?;
    let next = next(&asked, &departments, |entry| &entry.did);
    Ok(Json(DepartmentPage { departments, next }))
}

/// Creates a department.
#[utoipa::path(
    post, path = "/departments", security(("session" = [])), request_body = NewDepartment,
    responses(
        (status = 201, body = DepartmentEntry, headers(("Location" = String))),
        (status = 404, description = "there is no such enterprise or parent"),
        (status = 409, description = "it exists already"),
    )
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<NewDepartment>,
) -> Result<Response, Problem> {
    let did: DepartmentName = checked("did", Some(&new.did))?;
    let name = checked("name", Some(new.name.as_ref().unwrap_or(&new.did)))?;
    let parent = parent(new.parent.as_ref())?;
    let id = DepartmentId::within(&admin.eid, did.as_str());
    let id = id.map_err(|error| Problem::bad_request(error.to_string()))?;
    app.storage
        .add_department(&id, &name, parent.as_ref())
        .await?;
    let entry = DepartmentEntry {
        did: new.did,
        name: name.as_str().to_owned(),
        parent: new.parent,
    };
    Ok(created(&admin, "departments", id.did(), entry))
}

/// Sets name and parent of a department.
#[utoipa::path(
    put, path = "/departments/{did}", security(("session" = [])), request_body = Department,
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such department"), (status = 409, description = "it does not go with what is there"))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<Department>,
) -> Result<StatusCode, Problem> {
    let department = admin.department()?;
    let change = DepartmentChange {
        name: Some(checked("name", Some(&new.name))?),
        parent: Some(parent(new.parent.as_ref())?),
    };
    put(app.storage.change_department(&department, &change).await)
}

fn parent(given: Option<&String>) -> Result<Option<DepartmentName>, Problem> {
    given.map(|did| checked("parent", Some(did))).transpose()
}

/// Removes a department.
#[utoipa::path(
    delete, path = "/departments/{did}", security(("session" = [])), params(Removal),
    responses(
        (status = 204, description = "it is so now"),
        (status = 404, description = "there is no such department"),
        (status = 409, description = "there is something in it"),
    )
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    admin: Administrator,
    removal: Result<Query<Removal>, QueryRejection>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let department = admin.department()?;
    let refused = |_| Problem::bad_request("recursive: want true or false");
    let Query(Removal { recursive }) = removal.map_err(refused)?;
    removed(app.storage.remove_department(&department, recursive).await)
}

/// The members of a department.
#[utoipa::path(
    get, path = "/departments/{did}/members", security(("session" = [])), params(super::answer::PageQuery),
    responses((status = 200, body = MemberPage), (status = 404, description = "there is no such department"))
)]
pub(super) async fn members(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<MemberPage>, Problem> {
    let department = admin.department()?;
    let uids = app.storage.list_department_members(&department, &asked);
    Ok(MemberPage::of(&asked, uids.await?))
}

/// Puts a user into a department, out of the one before.
#[utoipa::path(
    put, path = "/departments/{did}/members/{uid}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such department or user"))
)]
pub(super) async fn put_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (department, uid) = (admin.department()?, admin.member()?);
    put(app.storage.set_department(&department, &uid).await)
}

/// Takes a user out of a department.
#[utoipa::path(
    delete, path = "/departments/{did}/members/{uid}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such department or member"))
)]
pub(super) async fn remove_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (department, uid) = (admin.department()?, admin.member()?);
    removed(app.storage.unset_department(&department, &uid).await)
}

//! Departments and their members.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{Asked, created, page, put, removed};
use crate::identity::{DepartmentId, DepartmentName};
use crate::listing::DepartmentEntry;
use crate::storage::DepartmentChange;

/// A department to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDepartment {
    did: String,
    name: Option<String>,
    parent: Option<String>,
}

impl Shape for NewDepartment {
    const SHAPE: &'static str = r#"{"did": name, "name"?: string, "parent"?: name | null}"#;
}

/// All of a department that can change. `parent` is not optional: leaving it out would move it to the top.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Department {
    name: String,
    #[serde(deserialize_with = "Option::deserialize")]
    parent: Option<String>,
}

impl Shape for Department {
    const SHAPE: &'static str = r#"{"name": string, "parent": name | null}"#;
}

/// `?recursive=true`
#[derive(Debug, Deserialize)]
pub(crate) struct Removal {
    #[serde(default)]
    recursive: bool,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<Value>, Problem> {
    let entries = app.storage.list_departments(&admin.eid, &asked).await?;
    Ok(page("departments", &asked, entries, |entry| &entry.did))
}

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

pub(super) async fn members(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<Value>, Problem> {
    let department = admin.department()?;
    let uids = app.storage.list_department_members(&department, &asked);
    Ok(page("members", &asked, uids.await?, |uid| uid))
}

pub(super) async fn put_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (department, uid) = (admin.department()?, admin.member()?);
    put(app.storage.set_department(&department, &uid).await)
}

pub(super) async fn remove_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (department, uid) = (admin.department()?, admin.member()?);
    removed(app.storage.unset_department(&department, &uid).await)
}

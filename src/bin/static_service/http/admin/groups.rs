//! Groups and their members.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{Asked, created, page, put, removed};
use crate::identity::GroupId;
use crate::listing::GroupEntry;

/// A group to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    gid: String,
    name: Option<String>,
}

impl Shape for NewGroup {
    const SHAPE: &'static str = r#"{"gid": name, "name"?: string}"#;
}

/// All of a group that can change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    name: String,
}

impl Shape for Group {
    const SHAPE: &'static str = r#"{"name": string}"#;
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<Value>, Problem> {
    let entries = app.storage.list_groups(&admin.eid, &asked).await?;
    Ok(page("groups", &asked, entries, |entry| &entry.gid))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<NewGroup>,
) -> Result<Response, Problem> {
    let id = GroupId::within(&admin.eid, &new.gid);
    let id = id.map_err(|error| Problem::bad_request(error.to_string()))?;
    let name = checked("name", Some(new.name.as_ref().unwrap_or(&new.gid)))?;
    app.storage.add_group(&id, &name).await?;
    let entry = GroupEntry {
        gid: new.gid,
        name: name.as_str().to_owned(),
    };
    Ok(created(&admin, "groups", id.gid(), entry))
}

pub(super) async fn rename(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<Group>,
) -> Result<StatusCode, Problem> {
    let group = admin.group()?;
    let name = checked("name", Some(&new.name))?;
    put(app.storage.rename_group(&group, &name).await)
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    removed(app.storage.remove_group(&admin.group()?).await)
}

pub(super) async fn members(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<Value>, Problem> {
    let group = admin.group()?;
    let uids = app.storage.list_group_members(&group, &asked).await?;
    Ok(page("members", &asked, uids, |uid| uid))
}

pub(super) async fn put_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (group, uid) = (admin.group()?, admin.member()?);
    put(app.storage.add_member(&group, &uid).await)
}

pub(super) async fn remove_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (group, uid) = (admin.group()?, admin.member()?);
    removed(app.storage.remove_member(&group, &uid).await)
}

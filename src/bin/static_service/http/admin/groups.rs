//! Groups and their members.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::openapi::names::{LineOfText, Name};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{Asked, MemberPage, created, next, put, removed};
use crate::identity::GroupId;
use crate::listing::GroupEntry;

/// A group to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    #[schema(value_type = Name)]
    gid: String,
    #[schema(value_type = Option<LineOfText>)]
    name: Option<String>,
}

impl Shape for NewGroup {
    const SHAPE: &'static str = r#"{"gid": name, "name"?: string}"#;
}

/// All of a group that can change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    #[schema(value_type = LineOfText)]
    name: String,
}

impl Shape for Group {
    const SHAPE: &'static str = r#"{"name": string}"#;
}

/// Some of an enterprise's groups.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupPage {
    groups: Vec<GroupEntry>,
    /// What to ask after; null at the end.
    next: Option<String>,
}

/// The groups of an enterprise.
#[utoipa::path(
    get, path = "/groups", security(("session" = [])), params(super::answer::PageQuery),
    responses((status = 200, body = GroupPage), (status = 404, description = "there is no such enterprise"))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<GroupPage>, Problem> {
    let groups = app.storage.list_groups(&admin.eid, &asked).await?;
    let next = next(&asked, &groups, |entry| &entry.gid);
    Ok(Json(GroupPage { groups, next }))
}

/// Creates a group.
#[utoipa::path(
    post, path = "/groups", security(("session" = [])), request_body = NewGroup,
    responses(
        (status = 201, body = GroupEntry, headers(("Location" = String))),
        (status = 404, description = "there is no such enterprise"),
        (status = 409, description = "it exists already"),
    )
)]
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

/// Gives a group another name.
#[utoipa::path(
    put, path = "/groups/{gid}", security(("session" = [])), request_body = Group,
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such group"))
)]
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<Group>,
) -> Result<StatusCode, Problem> {
    let group = admin.group()?;
    let name = checked("name", Some(&new.name))?;
    put(app.storage.rename_group(&group, &name).await)
}

/// Removes a group.
#[utoipa::path(
    delete, path = "/groups/{gid}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such group"))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    removed(app.storage.remove_group(&admin.group()?).await)
}

/// The members of a group.
#[utoipa::path(
    get, path = "/groups/{gid}/members", security(("session" = [])), params(super::answer::PageQuery),
    responses((status = 200, body = MemberPage), (status = 404, description = "there is no such group"))
)]
pub(super) async fn members(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<MemberPage>, Problem> {
    let group = admin.group()?;
    let uids = app.storage.list_group_members(&group, &asked).await?;
    Ok(MemberPage::of(&asked, uids))
}

/// Puts a user into a group.
#[utoipa::path(
    put, path = "/groups/{gid}/members/{uid}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such group or user"))
)]
pub(super) async fn put_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (group, uid) = (admin.group()?, admin.member()?);
    put(app.storage.add_member(&group, &uid).await)
}

/// Takes a user out of a group.
#[utoipa::path(
    delete, path = "/groups/{gid}/members/{uid}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such group or member"))
)]
pub(super) async fn remove_member(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (group, uid) = (admin.group()?, admin.member()?);
    removed(app.storage.remove_member(&group, &uid).await)
}

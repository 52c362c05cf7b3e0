//! Who may administer: the role `admin` its own enterprise, the role `operator` all of them. Anybody else
//! gets 403, decided by the names alone: the answer is the same for an enterprise that does not exist.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use mosquitto_enterprise_push::protocol::NameError;

use super::super::App;
use super::super::problem::Problem;
use super::record::Change;
use crate::identity::{
    ADMIN, Channel, DepartmentId, Device, EnterpriseId, GroupId, MemberId, OPERATOR, Role, UserId,
};
use crate::storage::SessionUser;

/// Somebody who may administer the enterprise of the path, and the names of the path.
#[derive(Debug)]
pub(crate) struct Administrator {
    /// The enterprise.
    pub(super) eid: EnterpriseId,
    is_operator: bool,
    /// The other names, decoded but not checked.
    names: BTreeMap<String, String>,
}

impl FromRequestParts<Arc<App>> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let user = SessionUser::from_request_parts(parts, app).await?.id;
        let names = names(parts).await?;
        let eid: EnterpriseId = checked("eid", names.get("eid"))?;
        let roles = app.storage.roles(&user).await?;
        let has = |role: &str| roles.iter().any(|held| held == role);
        let is_operator = has(OPERATOR);
        let is_admin = has(ADMIN) && user.eid() == eid.as_str();
        if !is_operator && !is_admin {
            return Err(forbidden(
                "want the role operator, or admin of this enterprise",
            ));
        }
        if !parts.method.is_safe() {
            // Without the routes' common beginning.
            let (by, method, path) = (&user, &parts.method, parts.uri.path());
            tracing::info!(%by, %eid, %method, path, "administration");
            Change::is_asked_for(parts, user, &eid);
        }
        Ok(Administrator {
            eid,
            is_operator,
            names,
        })
    }
}

/// Somebody with the role `operator`.
#[derive(Debug)]
pub(super) struct Operator;

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let user = SessionUser::from_request_parts(parts, app).await?.id;
        let roles = app.storage.roles(&user).await?;
        if roles.iter().any(|role| role == OPERATOR) {
            return Ok(Operator);
        }
        Err(forbidden("want the role operator"))
    }
}

impl Administrator {
    /// `{gid}`
    pub(super) fn group(&self) -> Result<GroupId, Problem> {
        self.within("gid", GroupId::within)
    }

    /// `{did}`
    pub(super) fn department(&self) -> Result<DepartmentId, Problem> {
        self.within("did", DepartmentId::within)
    }

    /// `{uid}`
    pub(super) fn user(&self) -> Result<UserId, Problem> {
        self.within("uid", UserId::within)
    }

    /// `{device}`
    pub(super) fn device(&self) -> Result<Device, Problem> {
        checked("device", self.names.get("device"))
    }

    /// `{uid}` without its enterprise
    pub(super) fn member(&self) -> Result<MemberId, Problem> {
        checked("uid", self.names.get("uid"))
    }

    /// `{role}`, if this administrator may give and take it.
    pub(super) fn role(&self) -> Result<Role, Problem> {
        let role: Role = checked("role", self.names.get("role"))?;
        if role.as_str() == OPERATOR {
            self.require_operator()?;
        }
        Ok(role)
    }

    /// `{channel}`, its `/` written `%2F`
    pub(super) fn channel(&self) -> Result<Channel, Problem> {
        let channel = self.names.get("channel").map(|text| text.parse());
        let refused =
            || Problem::bad_request("channel: want names of [A-Za-z0-9._-], with `/` between");
        channel.and_then(Result::ok).ok_or_else(refused)
    }

    /// `{partner}`, `uid@eid`
    pub(super) fn partner(&self) -> Result<UserId, Problem> {
        checked("partner", self.names.get("partner"))
    }

    /// Fails unless this is an operator.
    pub(super) fn require_operator(&self) -> Result<(), Problem> {
        if self.is_operator {
            return Ok(());
        }
        Err(forbidden("want the role operator"))
    }

    fn within<T>(
        &self,
        part: &str,
        of: fn(&EnterpriseId, &str) -> Result<T, NameError>,
    ) -> Result<T, Problem> {
        let name = self.names.get(part).map_or("", String::as_str);
        of(&self.eid, name).map_err(|error| Problem::bad_request(error.to_string()))
    }
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, detail)
}

/// The path's names, percent-decoded.
async fn names(parts: &mut Parts) -> Result<BTreeMap<String, String>, Problem> {
    let names = RawPathParams::from_request_parts(parts, &()).await;
    let names = names.map_err(|_| Problem::bad_request("path is not UTF-8"))?;
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(names.iter().map(pair).collect())
}

/// A name of the path, or of a body, that follows the rules.
pub(super) fn checked<T: FromStr<Err: Display>>(
    what: &str,
    text: Option<&String>,
) -> Result<T, Problem> {
    let parsed = text.map_or("", String::as_str).parse();
    parsed.map_err(|error| Problem::bad_request(format!("{what}: {error}")))
}

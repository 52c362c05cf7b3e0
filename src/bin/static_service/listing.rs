//! Wire module: entries of the lists that administrators read, over HTTP and by `--json`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::feed::event::Rights;

/// An enterprise.
#[derive(Debug, Serialize)]
pub(crate) struct EnterpriseEntry {
    pub(crate) eid: String,
    pub(crate) name: String,
    pub(crate) suspended: bool,
}

/// A user of an enterprise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserEntry {
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) department: Option<String>,
}

/// A user and all that the user may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserProfile {
    pub(crate) eid: String,
    #[serde(flatten)]
    pub(crate) entry: UserEntry,
    pub(crate) title: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    #[serde(flatten)]
    pub(crate) rights: Rights,
}

/// A group of an enterprise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupEntry {
    pub(crate) gid: String,
    pub(crate) name: String,
}

/// A department of an enterprise; without a parent it is at the top.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DepartmentEntry {
    pub(crate) did: String,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
}

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
    /// Where its clients log in; null: where the service's options say.
    pub(crate) broker: Option<String>,
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
    pub(crate) locked: bool,
    pub(crate) title: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    #[serde(flatten)]
    pub(crate) rights: Rights,
}

/// A device of a user. Times are in Unix seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceEntry {
    pub(crate) device: String,
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    /// Whether it has a session that can be refreshed.
    pub(crate) signed_in: bool,
}

impl DeviceEntry {
    /// In a word, for people.
    pub(crate) fn state(&self) -> &'static str {
        match self.signed_in {
            true => "signed in",
            false => "signed out",
        }
    }
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

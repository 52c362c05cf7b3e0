//! Wire module: the entries of an address book, and people as they are shown.

use serde::Serialize;
use utoipa::ToSchema;

/// A person, as colleagues see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Contact {
    pub(crate) eid: String,
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    /// The `did` of the department.
    pub(crate) department: Option<String>,
    /// The SHA-256 of the picture, in hex.
    pub(crate) avatar: Option<String>,
}

/// A linked user of another enterprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PartnerContact {
    pub(crate) eid: String,
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    /// What people call the partner's enterprise.
    pub(crate) enterprise: String,
    /// What the partner is to the reader: `upstream`, `downstream` or `partner`.
    pub(crate) relation: String,
    pub(crate) avatar: Option<String>,
}

/// An entry of somebody's address book, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Entry {
    Department {
        did: String,
        name: String,
        parent: Option<String>,
    },
    User(Contact),
    Partner(PartnerContact),
    Group {
        gid: String,
        name: String,
        members: Vec<String>,
    },
    /// `of` is the type of what is gone.
    Deleted {
        of: String,
        id: String,
    },
}

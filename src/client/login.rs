//! What a login is about and what it brings.

use super::{DeviceKind, PersonalKey, Secret};

/// The device that logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device<'a> {
    /// Its name, the part of the client id after the colon.
    pub name: &'a str,
    /// What it is.
    pub kind: DeviceKind,
    /// What its owner calls it, for the list of devices.
    pub label: Option<&'a str>,
    /// A refresh token of its from before, however old. It shows that the device is known: then the failed logins
    /// of others do not slow it.
    pub earlier: Option<&'a Secret>,
}

/// A session at the static service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Opens the client API.
    pub session_token: Secret,
    /// Until when, in Unix seconds; 0 when not told.
    pub session_expires_at_s: u64,
    /// Good for one refresh; none without a device, or from a service that knows no refreshing.
    pub refresh_token: Option<Secret>,
    /// Until when, in Unix seconds; 0 when not told.
    pub refresh_expires_at_s: u64,
    /// Who this is.
    pub user: UserCard,
    /// The version of the user's address book, if told.
    pub book_version: Option<i64>,
    /// For what the device keeps locally, if told.
    pub personal_key: Option<PersonalKey>,
    /// The login token, where a refresh asked for one.
    pub grant: Option<Grant>,
}

/// The user as the static service knows them; texts are empty when not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserCard {
    /// Enterprise.
    pub eid: String,
    /// User.
    pub uid: String,
    /// For people.
    pub name: String,
    /// Job title.
    pub title: String,
    /// Telephone.
    pub phone: String,
    /// Mail.
    pub email: String,
    /// The department's id.
    pub department: Option<String>,
    /// Roles of the account.
    pub roles: Vec<String>,
    /// Content hash of the picture.
    pub avatar: Option<String>,
}

/// What the static service gives for one session at the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The login token, the MQTT password.
    pub token: Secret,
    /// When it expires, in Unix seconds; 0 when not told.
    pub exp: u64,
    /// `tcp://host:port` or `tls://host:port`.
    pub broker: String,
    /// The MQTT user name.
    pub username: String,
    /// What to subscribe to.
    pub topics: Topics,
}

/// The topics that the static service names with a login token; those of the user alone follow from the
/// names (`protocol::Topic`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topics {
    /// The user's groups.
    pub groups: Vec<String>,
    /// Filters for the presence of colleagues and partners.
    pub presence_of: Vec<String>,
    /// Filters for their signatures.
    pub signature_of: Vec<String>,
    /// Filters for the enterprise's notices.
    pub notices: Vec<String>,
    /// System notices.
    pub system: Vec<String>,
}

//! Wire module: the notices that a change writes for the users it concerns. Kinds and data are stable
//! and stand in docs/notices.md; the words are for people and may change.

use serde_json::{Value, json};

use super::event::{Event, Scope};
use crate::clock::now_ms;
use crate::secret::unique_id;

/// How long such a notice is of use: a week covers holidays' beginnings and long weekends.
const EXPIRY_S: u32 = 7 * 24 * 3600;

/// Whether something was given or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Given.
    Added,
    /// Taken.
    Removed,
}

/// What happened to a user.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Concern<'a> {
    /// `group.added`, `group.removed`
    Group {
        turn: Turn,
        gid: &'a str,
        name: &'a str,
    },
    /// `partner.linked`, `partner.unlinked`; the other one is `uid@eid`
    Partner { turn: Turn, partner: &'a str },
    /// `password.changed`
    Password,
    /// `device.removed`
    DeviceRemoved { device: &'a str },
    /// `session.revoked`: a refresh token was used twice
    Reuse { device: &'a str },
    /// `role.changed`
    Role { turn: Turn, role: &'a str },
    /// `channel.changed`
    Channel { turn: Turn, channel: &'a str },
}

use Turn::{Added, Removed};

impl Turn {
    fn as_str(self) -> &'static str {
        match self {
            Added => "added",
            Removed => "removed",
        }
    }
}

impl Concern<'_> {
    /// The notice for the user `uid` of `eid`.
    pub(crate) fn notice(&self, eid: &str, uid: &str) -> Event {
        let (eid, uid) = (eid.to_owned(), uid.to_owned());
        Event::Notice {
            id: unique_id(),
            scope: Scope::User { eid, uid },
            retain: false,
            expiry_s: Some(EXPIRY_S),
            title: self.title(),
            body: self.body(),
            kind: self.kind().to_owned(),
            data: self.data(),
            time: now_ms(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Concern::Group { turn: Added, .. } => "group.added",
            Concern::Group { turn: Removed, .. } => "group.removed",
            Concern::Partner { turn: Added, .. } => "partner.linked",
            Concern::Partner { turn: Removed, .. } => "partner.unlinked",
            Concern::Password => "password.changed",
            Concern::DeviceRemoved { .. } => "device.removed",
            Concern::Reuse { .. } => "session.revoked",
            Concern::Role { .. } => "role.changed",
            Concern::Channel { .. } => "channel.changed",
        }
    }

    fn data(&self) -> Value {
        match self {
            Concern::Group { gid, name, .. } => json!({ "gid": gid, "name": name }),
            Concern::Partner { partner, .. } => json!({ "partner": partner }),
            Concern::Password => json!({}),
            Concern::DeviceRemoved { device } | Concern::Reuse { device } => {
                json!({ "device": device })
            }
            Concern::Role { turn, role } => json!({ "role": role, "change": turn.as_str() }),
            Concern::Channel { turn, channel } => {
                json!({ "channel": channel, "change": turn.as_str() })
            }
        }
    }

    /// One line.
    fn title(&self) -> String {
        match self {
            Concern::Group { turn, name, .. } => match turn {
                Added => format!("Added to group {name}"),
                Removed => format!("Removed from group {name}"),
            },
            Concern::Partner { turn, partner } => match turn {
                Added => format!("New partner {partner}"),
                Removed => format!("No longer a partner: {partner}"),
            },
            Concern::Password => "Password changed".to_owned(),
            Concern::DeviceRemoved { device } => format!("Device {device} removed"),
            Concern::Reuse { device } => format!("Device {device} logged out"),
            Concern::Role { turn, role } => match turn {
                Added => format!("New role {role}"),
                Removed => format!("Role {role} withdrawn"),
            },
            Concern::Channel { turn, channel } => match turn {
                Added => format!("New channel {channel}"),
                Removed => format!("Channel {channel} withdrawn"),
            },
        }
    }

    /// A sentence.
    fn body(&self) -> String {
        let now = |turn: &Turn| match turn {
            Added => "now",
            Removed => "no longer",
        };
        match self {
            Concern::Group { turn, gid, name } => {
                let now = now(turn);
                format!("You are {now} a member of the group {name} ({gid}).")
            }
            Concern::Partner { turn, partner } => {
                let now = now(turn);
                format!("You and {partner} may {now} send messages to each other.")
            }
            Concern::Password => "Your password was changed and your devices were logged out. \
                If you know nothing of it, tell your administrator."
                .to_owned(),
            Concern::DeviceRemoved { device } => {
                format!("Your device {device} was removed and logged out.")
            }
            Concern::Reuse { device } => format!(
                "Somebody used an old login of your device {device}, perhaps a copy of it. The device was \
                 logged out. If you know nothing of it, change your password."
            ),
            Concern::Role { turn, role } => format!("You {} have the role {role}.", now(turn)),
            Concern::Channel { turn, channel } => {
                let now = now(turn);
                format!("You may {now} publish notices to the channel {channel}.")
            }
        }
    }
}

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
        let (title, body) = self.words();
        let (eid, uid) = (eid.to_owned(), uid.to_owned());
        Event::Notice {
            id: unique_id(),
            scope: Scope::User { eid, uid },
            retain: false,
            expiry_s: Some(EXPIRY_S),
            title,
            body,
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
            Concern::Role { .. } => "role.changed",
            Concern::Channel { .. } => "channel.changed",
        }
    }

    fn data(&self) -> Value {
        match self {
            Concern::Group { gid, name, .. } => json!({ "gid": gid, "name": name }),
            Concern::Partner { partner, .. } => json!({ "partner": partner }),
            Concern::Password => json!({}),
            Concern::Role { turn, role } => json!({ "role": role, "change": turn.as_str() }),
            Concern::Channel { turn, channel } => {
                json!({ "channel": channel, "change": turn.as_str() })
            }
        }
    }

    /// Title and body.
    fn words(&self) -> (String, String) {
        match self {
            Concern::Group {
                turn: Added,
                gid,
                name,
            } => (
                format!("Added to group {name}"),
                format!("You are now a member of the group {name} ({gid})."),
            ),
            Concern::Group {
                turn: Removed,
                gid,
                name,
            } => (
                format!("Removed from group {name}"),
                format!("You are no longer a member of the group {name} ({gid})."),
            ),
            Concern::Partner {
                turn: Added,
                partner,
            } => (
                format!("New partner {partner}"),
                format!("You and {partner} may now send messages to each other."),
            ),
            Concern::Partner {
                turn: Removed,
                partner,
            } => (
                format!("No longer a partner: {partner}"),
                format!("You and {partner} may no longer send messages to each other."),
            ),
            Concern::Password => (
                "Password changed".to_owned(),
                "Your password was changed and your devices were logged out. \
                 If you know nothing of it, tell your administrator."
                    .to_owned(),
            ),
            Concern::Role { turn: Added, role } => (
                format!("New role {role}"),
                format!("You now have the role {role}."),
            ),
            Concern::Role {
                turn: Removed,
                role,
            } => (
                format!("Role {role} withdrawn"),
                format!("You no longer have the role {role}."),
            ),
            Concern::Channel {
                turn: Added,
                channel,
            } => (
                format!("New channel {channel}"),
                format!("You may now publish notices to the channel {channel}."),
            ),
            Concern::Channel {
                turn: Removed,
                channel,
            } => (
                format!("Channel {channel} withdrawn"),
                format!("You may no longer publish notices to the channel {channel}."),
            ),
        }
    }
}

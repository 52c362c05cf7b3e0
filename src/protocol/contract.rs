//! What the static service tells a broker, in our own terms: who a token belongs to, and the events
//! of the control feed. The JSON shapes of both stand in `upstream::wire`.

use std::fmt;

use super::name::{self, NameError, SessionName, UserName};

/// SHA-256 of a login token. Raw tokens are never kept; only this is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// Reads 64 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<TokenDigest> {
        let digits = hex.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            if !pair.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(TokenDigest(bytes))
    }
}

impl fmt::Debug for TokenDigest {
    /// Eight hexadecimal digits: enough to follow one through a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

/// What kind of device a session runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A desktop client.
    Pc,
    /// A phone.
    Phone,
    /// A program.
    Service,
}

impl DeviceKind {
    /// Reads `pc`, `phone` or `service`.
    pub fn parse(text: &str) -> Option<DeviceKind> {
        Some(match text {
            "pc" => DeviceKind::Pc,
            "phone" => DeviceKind::Phone,
            "service" => DeviceKind::Service,
            _ => return None,
        })
    }

    /// The word that [`DeviceKind::parse`] reads.
    pub fn as_str(self) -> &'static str {
        match self {
            DeviceKind::Pc => "pc",
            DeviceKind::Phone => "phone",
            DeviceKind::Service => "service",
        }
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a user may do beyond what the name itself gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entitlements {
    /// Roles, such as `operator`.
    pub roles: Vec<String>,
    /// Groups of the user's own enterprise, by `gid`.
    pub groups: Vec<String>,
    /// Linked users of other enterprises, `uid@eid`.
    pub partners: Vec<String>,
    /// Notice channels that the user may publish to.
    pub channels: Vec<String>,
}

/// A valid token: whose it is, on which device, until when, with which rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Enterprise.
    pub eid: String,
    /// User.
    pub uid: String,
    /// Device.
    pub device: String,
    /// The device's kind.
    pub kind: DeviceKind,
    /// Expiry, Unix seconds.
    pub exp_s: u64,
    /// Rights beyond the name; `None` when the announcement did not carry them.
    pub entitlements: Option<Entitlements>,
}

impl Grant {
    /// The user.
    pub fn user(&self) -> UserName<'_> {
        UserName {
            uid: &self.uid,
            eid: &self.eid,
        }
    }

    /// The client id to which the token belongs.
    pub fn session(&self) -> SessionName<'_> {
        SessionName {
            user: self.user(),
            device: &self.device,
        }
    }

    /// Checks every name in the grant.
    pub fn check(&self) -> Result<(), NameError> {
        name::check("eid", &self.eid)?;
        name::check("uid", &self.uid)?;
        name::check("device", &self.device)
    }
}

/// What the static service says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `active: true`
    Active(Grant),
    /// `active: false`
    Inactive,
    /// `active: true`, but no login of ours may be made of it; why, for the log.
    Unfit(String),
}

/// To whom a system notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody on this broker.
    All,
    /// All users of an enterprise.
    Enterprise {
        /// enterprise
        eid: String,
    },
    /// One user.
    User {
        /// enterprise
        eid: String,
        /// user
        uid: String,
    },
    /// The members of a group.
    Group {
        /// enterprise
        eid: String,
        /// group
        gid: String,
    },
}

/// A system notice to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemNotice {
    /// To whom.
    pub scope: Scope,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// Seconds until it is void; 0 means never.
    pub expiry_s: u32,
    /// What the receivers get.
    pub notice: super::Notice,
}

/// One event of the control feed.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedEvent {
    /// A token was issued; it may be used from now on.
    TokenIssued {
        /// Of the token.
        digest: TokenDigest,
        /// Whose it is.
        grant: Grant,
    },
    /// A token is void.
    TokenRevoked {
        /// Of the token.
        digest: TokenDigest,
    },
    /// Sessions are to be ended.
    SessionKick {
        /// Enterprise.
        eid: String,
        /// User.
        uid: String,
        /// One device, or all of them.
        device: Option<String>,
        /// For the log.
        reason: String,
    },
    /// A user exists, with these rights where the event carries them.
    UserUpserted {
        /// Enterprise.
        eid: String,
        /// User.
        uid: String,
        /// Rights beyond the name.
        entitlements: Option<Entitlements>,
    },
    /// A user is gone.
    UserRemoved {
        /// Enterprise.
        eid: String,
        /// User.
        uid: String,
    },
    /// A group has exactly these members.
    GroupUpserted {
        /// Enterprise.
        eid: String,
        /// Group.
        gid: String,
        /// Members, by `uid`.
        members: Vec<String>,
    },
    /// A group is gone.
    GroupRemoved {
        /// Enterprise.
        eid: String,
        /// Group.
        gid: String,
    },
    /// Two users of different enterprises may talk.
    PartnerLinked {
        /// `uid@eid`
        a: String,
        /// `uid@eid`
        b: String,
    },
    /// They may no longer.
    PartnerUnlinked {
        /// `uid@eid`
        a: String,
        /// `uid@eid`
        b: String,
    },
    /// An enterprise is active.
    EnterpriseUpserted {
        /// Enterprise.
        eid: String,
    },
    /// An enterprise is shut out until it is upserted again.
    EnterpriseSuspended {
        /// Enterprise.
        eid: String,
    },
    /// A notice is to be published.
    Notice(SystemNotice),
    /// Events were lost: what is known of the directory is stale.
    SnapshotRequired,
}

impl FeedEvent {
    /// Whether it tells of the directory: enterprises, users, groups or partner links.
    pub fn is_of_directory(&self) -> bool {
        match self {
            FeedEvent::UserUpserted { .. }
            | FeedEvent::UserRemoved { .. }
            | FeedEvent::GroupUpserted { .. }
            | FeedEvent::GroupRemoved { .. }
            | FeedEvent::PartnerLinked { .. }
            | FeedEvent::PartnerUnlinked { .. }
            | FeedEvent::EnterpriseUpserted { .. }
            | FeedEvent::EnterpriseSuspended { .. } => true,
            FeedEvent::TokenIssued { .. }
            | FeedEvent::TokenRevoked { .. }
            | FeedEvent::SessionKick { .. }
            | FeedEvent::Notice(_)
            | FeedEvent::SnapshotRequired => false,
        }
    }
}

/// One step of loading the whole directory (`GET /control/v1/directory`).
#[derive(Debug, Clone, PartialEq)]
pub enum DirectoryStep {
    /// A load begins. One that was under way is given up; what it told stays.
    Begin,
    /// Lines of the directory, in their order.
    Entries(Vec<FeedEvent>),
    /// Events of the feed that came while the load was under way, and are newer than it. They have been
    /// applied before, but a line of the directory may have undone one since.
    Again(Vec<FeedEvent>),
    /// All was told: what was not is gone.
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_sixty_four_hex_digits() {
        let hex = "00ff".repeat(16);
        assert_eq!(
            format!("{:?}", TokenDigest::from_hex(&hex).unwrap()),
            "00ff00ff"
        );
        for bad in [
            "",
            "00",
            &"0".repeat(63),
            &"0g".repeat(32),
            &"+1".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(TokenDigest::from_hex(bad), None, "{bad:?}");
        }
    }
}

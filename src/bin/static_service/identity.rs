//! Names as the service keeps them: owned, and checked once by `protocol::name` when parsed, so that
//! storage only ever sees valid ones. No I/O.

use std::fmt;
use std::str::FromStr;

use mosquitto_enterprise_push::protocol::{NameError, name};

/// The longest display name or notice channel, in bytes.
const MAX_TEXT_BYTES: usize = 200;

/// The role that administers the installation, and so may give and take itself.
pub(crate) const OPERATOR: &str = "operator";
/// The role that administers its own enterprise.
pub(crate) const ADMIN: &str = "admin";

/// Declares a newtype around one checked name.
macro_rules! checked_name {
    ($(#[$doc:meta])* $type:ident, $part:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $type(String);

        impl $type {
            /// The name.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                name::check($part, text)?;
                Ok($type(text.to_owned()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_name!(
    /// An enterprise, `eid`.
    EnterpriseId,
    "eid"
);
checked_name!(
    /// A user within its enterprise, `uid`.
    MemberId,
    "uid"
);
checked_name!(
    /// A department within its enterprise, `did`.
    DepartmentName,
    "did"
);
checked_name!(
    /// A device of a user.
    Device,
    "device"
);
checked_name!(
    /// A role, such as `operator`.
    Role,
    "role"
);
checked_name!(
    /// The name under which a broker authenticates itself.
    BrokerId,
    "client id"
);

/// Declares a newtype for a name within an enterprise, `name@eid`.
macro_rules! name_in_enterprise {
    ($(#[$doc:meta])* $type:ident, $part:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $type {
            eid: String,
            $part: String,
        }

        impl $type {
            /// The thing of that name in that enterprise.
            pub(crate) fn within(eid: &EnterpriseId, name: &str) -> Result<Self, NameError> {
                name::check(stringify!($part), name)?;
                Ok($type {
                    eid: eid.as_str().to_owned(),
                    $part: name.to_owned(),
                })
            }

            /// The enterprise.
            pub(crate) fn eid(&self) -> &str {
                &self.eid
            }

            /// The name within the enterprise.
            pub(crate) fn $part(&self) -> &str {
                &self.$part
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let (name, eid) = text.split_once('@').ok_or(NameError::NoEnterprise)?;
                name::check(stringify!($part), name)?;
                $type::within(&eid.parse()?, name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}@{}", self.$part, self.eid)
            }
        }
    };
}

name_in_enterprise!(
    /// A user: `uid@eid`.
    #[derive(PartialOrd, Ord)]
    UserId,
    uid
);
name_in_enterprise!(
    /// A group: `gid@eid`.
    GroupId,
    gid
);
name_in_enterprise!(
    /// A department: `did@eid`.
    DepartmentId,
    did
);

impl GroupId {
    /// The user `uid` of this group's enterprise.
    pub(crate) fn member(&self, uid: &MemberId) -> UserId {
        UserId {
            eid: self.eid.clone(),
            uid: uid.as_str().to_owned(),
        }
    }
}

impl DepartmentId {
    /// The department of that name in the same enterprise.
    pub(crate) fn sibling(&self, name: &DepartmentName) -> DepartmentId {
        DepartmentId {
            eid: self.eid.clone(),
            did: name.as_str().to_owned(),
        }
    }
}

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceKind {
    /// `pc`
    Pc,
    /// `phone`
    Phone,
    /// `service`
    Service,
}

impl DeviceKind {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            DeviceKind::Pc => "pc",
            DeviceKind::Phone => "phone",
            DeviceKind::Service => "service",
        }
    }

    /// Reads the word on the wire.
    pub(crate) fn parse(text: &str) -> Option<DeviceKind> {
        [DeviceKind::Pc, DeviceKind::Phone, DeviceKind::Service]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Why a text for people or a channel was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TextError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Longer than it may be.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character.
    #[error("holds a control character")]
    Control,
    /// A level of a channel is not a name.
    #[error("level {0:?} is not a name of [A-Za-z0-9._-]")]
    Level(String),
}

/// A display name: one line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        check_text(text, MAX_TEXT_BYTES)?;
        Ok(DisplayName(text.to_owned()))
    }
}

/// A notice channel: names separated by `/`, such as `news/today`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel(String);

impl Channel {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Channel {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        check_text(text, MAX_TEXT_BYTES)?;
        match text.split('/').find(|level| !name::is_valid(level)) {
            Some(level) => Err(TextError::Level(level.to_owned())),
            None => Ok(Channel(text.to_owned())),
        }
    }
}

/// Checks a text of one line.
pub(crate) fn check_text(text: &str, max_bytes: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > max_bytes {
        return Err(TextError::TooLong(max_bytes));
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_names_are_refused_and_named() {
        for text in ["", "alice", "@acme", "a@b@c", "a b@acme", "a'--@acme"] {
            assert!(text.parse::<UserId>().is_err(), "{text:?}");
            assert!(text.parse::<GroupId>().is_err(), "{text:?}");
        }
        assert_eq!(
            "de/v@acme".parse::<GroupId>(),
            Err(NameError::BadByte("gid", b'/'))
        );
        assert_eq!(
            "dev@acme".parse::<GroupId>().unwrap().to_string(),
            "dev@acme"
        );
    }

    #[test]
    fn channels_are_levels_of_names() {
        assert!("news/today".parse::<Channel>().is_ok());
        for text in ["", "/", "news/", "news//x", "news/+", "#", "a b"] {
            assert!(text.parse::<Channel>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn display_names_are_one_line() {
        assert!("Zoë & Søn, GmbH".parse::<DisplayName>().is_ok());
        assert_eq!("a\nb".parse::<DisplayName>(), Err(TextError::Control));
        assert_eq!(" ".parse::<DisplayName>(), Err(TextError::Empty));
        assert!("x".repeat(201).parse::<DisplayName>().is_err());
    }
}

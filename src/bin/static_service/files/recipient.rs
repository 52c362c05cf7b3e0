//! Whom a link is for, as its owner writes it: `bob`, `bob@beta`, `#dev` or `*`.

use std::fmt;

use mosquitto_enterprise_push::protocol::NameError;

use crate::identity::{GroupId, UserId};
use crate::storage::{Storage, StorageError};

/// Everybody.
const EVERYBODY: &str = "*";
/// What a group's name begins with.
const GROUP: char = '#';

/// Whom a link is for. Names are complete here, and as short as may be in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// Everybody in the owner's enterprise.
    Everybody,
    /// A user of the owner's enterprise.
    Colleague(UserId),
    /// A user of another enterprise who is linked to the owner.
    Partner(UserId),
    /// Members of a group.
    Group(GroupId),
}

impl Recipient {
    /// Reads what somebody wrote for a file of `owner`.
    pub(crate) fn parse(text: &str, owner: &UserId) -> Result<Recipient, NameError> {
        let eid = owner.eid();
        if text == EVERYBODY {
            return Ok(Recipient::Everybody);
        }
        if let Some(gid) = text.strip_prefix(GROUP) {
            return Ok(Recipient::Group(format!("{gid}@{eid}").parse()?));
        }
        let user: UserId = match text.contains('@') {
            true => text.parse()?,
            false => format!("{text}@{eid}").parse()?,
        };
        Ok(match user.eid() == eid {
            true => Recipient::Colleague(user),
            false => Recipient::Partner(user),
        })
    }

    /// Whether `owner` may make links for it: nobody learns here who exists elsewhere.
    pub(crate) async fn is_known_to(
        &self,
        owner: &UserId,
        storage: &Storage,
    ) -> Result<bool, StorageError> {
        match self {
            Recipient::Everybody => Ok(true),
            Recipient::Colleague(user) => storage.user_exists(user).await,
            Recipient::Partner(user) => storage.are_partners(owner, user).await,
            Recipient::Group(group) => storage.is_member(group, owner).await,
        }
    }

    /// Whether `reader` is meant, as things are right now.
    pub(crate) async fn includes(
        &self,
        reader: &UserId,
        owner: &UserId,
        storage: &Storage,
    ) -> Result<bool, StorageError> {
        match self {
            Recipient::Everybody => Ok(reader.eid() == owner.eid()),
            Recipient::Colleague(user) => Ok(reader == user),
            Recipient::Partner(user) => {
                Ok(reader == user && storage.are_partners(owner, reader).await?)
            }
            Recipient::Group(group) => storage.is_member(group, reader).await,
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipient::Everybody => f.write_str(EVERYBODY),
            Recipient::Colleague(user) => f.write_str(user.uid()),
            Recipient::Partner(user) => write!(f, "{user}"),
            Recipient::Group(group) => write!(f, "{GROUP}{}", group.gid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let alice: UserId = "alice@acme".parse().unwrap();
        for (text, want) in [
            ("*", "*"),
            ("bob", "bob"),
            ("bob@acme", "bob"),
            ("carol@beta", "carol@beta"),
            ("#dev", "#dev"),
        ] {
            let recipient = Recipient::parse(text, &alice).unwrap();
            assert_eq!(recipient.to_string(), want);
            assert_eq!(Recipient::parse(want, &alice), Ok(recipient));
        }
        for bad in [
            "",
            "#",
            "**",
            "#dev@acme",
            "bob@",
            "a b",
            "../x",
            "bob@beta@x",
            "#*",
        ] {
            assert!(Recipient::parse(bad, &alice).is_err(), "{bad}");
        }
    }
}

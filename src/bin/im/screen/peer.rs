//! Whom a conversation is with.

use mosquitto_enterprise_push::protocol::Direction;

use crate::event::MessageEvent;
use crate::profile::Kind;

/// The other side of a conversation, in the order in which they are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// Notices, to which nobody can answer.
    Notices,
    /// The user's own phone.
    Phone,
    /// The user's own PC.
    Pc,
    /// A group of the own enterprise.
    Group(String),
    /// `uid`, or `uid@eid` of another enterprise.
    User(String),
}

impl Peer {
    /// The conversation to which a message belongs.
    pub(super) fn of(message: &MessageEvent, own: Kind) -> Peer {
        match (&message.group, message.direction) {
            (Some(gid), _) => Peer::Group(gid.clone()),
            (None, Direction::PcToPhone | Direction::PhoneToPc) => Peer::my_other(own),
            (None, _) => Peer::User(message.from.clone()),
        }
    }

    /// The user's device of the other kind.
    pub(super) fn my_other(own: Kind) -> Peer {
        match own {
            Kind::Phone => Peer::Pc,
            _ => Peer::Phone,
        }
    }

    /// The conversation that a TO of `im send` names.
    pub(super) fn named(to: &str) -> Peer {
        match to {
            "me:phone" => Peer::Phone,
            "me:pc" => Peer::Pc,
            to => match to.strip_prefix('#').or_else(|| to.strip_prefix("g:")) {
                Some(gid) => Peer::Group(gid.to_owned()),
                None => Peer::User(to.to_owned()),
            },
        }
    }

    /// The TO of `im send`; none where nothing can be sent.
    pub(super) fn to(&self) -> Option<String> {
        match self {
            Peer::Notices => None,
            Peer::Phone => Some("me:phone".to_owned()),
            Peer::Pc => Some("me:pc".to_owned()),
            Peer::Group(gid) => Some(format!("#{gid}")),
            Peer::User(uid) => Some(uid.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_but_notices_is_a_destination_and_back() {
        let peers = [
            Peer::Phone,
            Peer::Pc,
            Peer::Group("dev".to_owned()),
            Peer::User("bob@beta".to_owned()),
        ];
        for peer in peers {
            assert_eq!(Peer::named(&peer.to().unwrap()), peer);
        }
        assert_eq!(Peer::Notices.to(), None);
    }
}

//! The TO of `im send`: parsing it, and the topic, direction and Source that follow from it.
//!
//! | TO | topic | direction |
//! |---|---|---|
//! | `uid`, `uid@own-eid` | `{eid}/im/msg/{uid}` | point to point |
//! | `uid@eid` | `{eid}/im/msg/{uid}` of that enterprise | point to point, Source `uid@eid` |
//! | `#gid`, `g:gid` | `{eid}/im/msg/g/{gid}` | group |
//! | `me:phone`, `me:pc` | the own inbox | PC to phone, phone to PC |

use mosquitto_enterprise_push::protocol::{Direction, NameError, Topic, UserName, name};

use crate::profile::{Kind, Profile};

/// Why a TO was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DestinationError {
    #[error("cannot send to `{0}`: {1}")]
    Name(String, NameError),
    #[error("cannot send to `{0}`: want me:phone or me:pc")]
    UnknownDevice(String),
    #[error("cannot send to my {0}: this device is a {0} itself, use its user name instead")]
    SameKind(Kind),
    #[error("cannot send from a {0} to my other devices: only a pc and a phone can")]
    NotADevice(Kind),
}

/// To whom a message goes, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A user, of the own enterprise when `eid` is none.
    User { uid: String, eid: Option<String> },
    /// A group of the own enterprise.
    Group { gid: String },
    /// The user's own devices of another kind.
    MyDevice(Kind),
}

impl Destination {
    /// Parses TO.
    pub(crate) fn parse(to: &str) -> Result<Self, DestinationError> {
        let named = |error| DestinationError::Name(to.to_owned(), error);
        if let Some(gid) = to.strip_prefix('#').or_else(|| to.strip_prefix("g:")) {
            name::check("gid", gid).map_err(named)?;
            return Ok(Destination::Group {
                gid: gid.to_owned(),
            });
        }
        if let Some(device) = to.strip_prefix("me:") {
            return parse_my_device(to, device);
        }
        if !to.contains('@') {
            name::check("uid", to).map_err(named)?;
            return Ok(Destination::User {
                uid: to.to_owned(),
                eid: None,
            });
        }
        let UserName { uid, eid } = UserName::parse(to).map_err(named)?;
        Ok(Destination::User {
            uid: uid.to_owned(),
            eid: Some(eid.to_owned()),
        })
    }

    /// For whom a link to an uploaded file must be good.
    pub(crate) fn audience(&self, profile: &Profile) -> String {
        match self {
            Destination::User { uid, eid: None } => uid.clone(),
            Destination::User {
                uid,
                eid: Some(eid),
            } => UserName { uid, eid }.to_string(),
            Destination::Group { gid } => format!("#{gid}"),
            Destination::MyDevice(_) => profile.session.user().uid.to_owned(),
        }
    }

    /// Topic, direction and Source of a message from `profile`'s device.
    pub(crate) fn route(&self, profile: &Profile) -> Result<Route, DestinationError> {
        let me = profile.session.user();
        let (topic, direction, foreign) = match self {
            Destination::User { uid, eid } => {
                let eid = eid.as_deref().unwrap_or(me.eid);
                (
                    Topic::Inbox { eid, uid },
                    Direction::PointToPoint,
                    eid != me.eid,
                )
            }
            Destination::Group { gid } => {
                (Topic::Group { eid: me.eid, gid }, Direction::Group, false)
            }
            Destination::MyDevice(kind) => {
                let inbox = Topic::Inbox {
                    eid: me.eid,
                    uid: me.uid,
                };
                (inbox, direction_to(profile.kind, *kind)?, false)
            }
        };
        let source = if foreign {
            me.to_string()
        } else {
            me.uid.to_owned()
        };
        Ok(Route {
            topic: topic.to_string(),
            direction,
            source,
        })
    }
}

/// What the destination means on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) topic: String,
    pub(crate) direction: Direction,
    pub(crate) source: String,
}

fn parse_my_device(to: &str, device: &str) -> Result<Destination, DestinationError> {
    match Kind::parse(device) {
        Some(kind @ (Kind::Pc | Kind::Phone)) => Ok(Destination::MyDevice(kind)),
        _ => Err(DestinationError::UnknownDevice(to.to_owned())),
    }
}

fn direction_to(own: Kind, other: Kind) -> Result<Direction, DestinationError> {
    match (own, other) {
        (Kind::Pc, Kind::Phone) => Ok(Direction::PcToPhone),
        (Kind::Phone, Kind::Pc) => Ok(Direction::PhoneToPc),
        (own, other) if own == other => Err(DestinationError::SameKind(own)),
        (own, _) => Err(DestinationError::NotADevice(own)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::tests::alice;

    fn route(to: &str, kind: Kind) -> Route {
        Destination::parse(to).unwrap().route(&alice(kind)).unwrap()
    }

    #[test]
    fn every_form_has_its_topic_direction_and_source() {
        for (to, kind, topic, direction, source) in [
            (
                "bob",
                Kind::Pc,
                "acme/im/msg/bob",
                Direction::PointToPoint,
                "alice",
            ),
            (
                "bob@acme",
                Kind::Pc,
                "acme/im/msg/bob",
                Direction::PointToPoint,
                "alice",
            ),
            (
                "bob@beta",
                Kind::Pc,
                "beta/im/msg/bob",
                Direction::PointToPoint,
                "alice@acme",
            ),
            (
                "#dev",
                Kind::Pc,
                "acme/im/msg/g/dev",
                Direction::Group,
                "alice",
            ),
            (
                "g:dev",
                Kind::Phone,
                "acme/im/msg/g/dev",
                Direction::Group,
                "alice",
            ),
            (
                "me:phone",
                Kind::Pc,
                "acme/im/msg/alice",
                Direction::PcToPhone,
                "alice",
            ),
            (
                "me:pc",
                Kind::Phone,
                "acme/im/msg/alice",
                Direction::PhoneToPc,
                "alice",
            ),
            (
                "phone",
                Kind::Pc,
                "acme/im/msg/phone",
                Direction::PointToPoint,
                "alice",
            ),
        ] {
            let want = Route {
                topic: topic.to_owned(),
                direction,
                source: source.to_owned(),
            };
            assert_eq!(route(to, kind), want, "{to}");
        }
    }

    #[test]
    fn link_is_for_those_who_get_the_message() {
        for (to, audience) in [
            ("bob", "bob"),
            ("bob@beta", "bob@beta"),
            ("g:dev", "#dev"),
            ("me:phone", "alice"),
        ] {
            let destination = Destination::parse(to).unwrap();
            assert_eq!(destination.audience(&alice(Kind::Pc)), audience);
        }
    }

    #[test]
    fn malformed_destinations_are_refused() {
        for to in [
            "",
            "#",
            "g:",
            "g:a/b",
            "me:",
            "me:tv",
            "me:service",
            "bob@",
            "@acme",
            "a/b",
            "+",
            "bob@a@b",
            "b:ob",
        ] {
            assert!(Destination::parse(to).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_device_does_not_send_to_its_own_kind() {
        let to_phone = Destination::MyDevice(Kind::Phone);
        assert_eq!(
            to_phone.route(&alice(Kind::Phone)),
            Err(DestinationError::SameKind(Kind::Phone))
        );
        assert!(to_phone.route(&alice(Kind::Service)).is_err());
    }
}

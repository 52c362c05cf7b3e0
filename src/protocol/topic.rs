//! The topic tree: what a topic name means, and how to write one.
//!
//! | topic | meaning |
//! |---|---|
//! | `{eid}/im/msg/{uid}` | a user's inbox |
//! | `{eid}/im/msg/g/{gid}` | a group |
//! | `{eid}/im/pres/{uid}` | presence, retained |
//! | `{eid}/im/sig/{uid}` | personal signature, retained |
//! | `{eid}/notice/{channel...}` | an enterprise's notices |
//! | `$SYS/notice`, `$SYS/notice/{eid}`, `$SYS/notice/{eid}/{uid}` | system notices |
//! | `$CONTROL/enterprise-push/v1` and `.../response` | operator commands |
//!
//! This module reads topic *names* (no wildcards); filters are judged in `policy`.

use std::fmt;

use super::name::{self, UserName};

/// Where operators send commands.
pub const CONTROL: &str = "$CONTROL/enterprise-push/v1";
/// Where the answers to operators' commands come.
pub const CONTROL_RESPONSE: &str = "$CONTROL/enterprise-push/v1/response";
/// System notices to everybody; one level deeper to an enterprise, two to a user.
pub const SYS_NOTICE: &str = "$SYS/notice";

/// What a topic name stands for. Names of enterprises, users and groups in it are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic<'a> {
    /// `{eid}/im/msg/{uid}`
    Inbox {
        /// enterprise
        eid: &'a str,
        /// owner
        uid: &'a str,
    },
    /// `{eid}/im/msg/g/{gid}`
    Group {
        /// enterprise
        eid: &'a str,
        /// group
        gid: &'a str,
    },
    /// `{eid}/im/pres/{uid}`
    Presence {
        /// enterprise
        eid: &'a str,
        /// owner
        uid: &'a str,
    },
    /// `{eid}/im/sig/{uid}`
    Signature {
        /// enterprise
        eid: &'a str,
        /// owner
        uid: &'a str,
    },
    /// `{eid}/notice/{channel...}`; the channel has one level or more.
    Notice {
        /// enterprise
        eid: &'a str,
        /// channel, may hold `/`
        channel: &'a str,
    },
    /// `$SYS/notice`
    SysNotice,
    /// `$SYS/notice/{eid}`
    SysNoticeEnterprise {
        /// enterprise
        eid: &'a str,
    },
    /// `$SYS/notice/{eid}/{uid}`
    SysNoticeUser {
        /// enterprise
        eid: &'a str,
        /// receiver
        uid: &'a str,
    },
    /// `$CONTROL/enterprise-push/v1`
    Control,
    /// `$CONTROL/enterprise-push/v1/response`
    ControlResponse,
    /// Anything else below `$SYS`.
    Sys,
    /// Any other topic, malformed ones of the kinds above included.
    Other,
}

impl<'a> Topic<'a> {
    /// Reads a topic name. Never fails: what is not one of ours is [`Topic::Other`].
    pub fn parse(topic: &'a str) -> Topic<'a> {
        if let Some(rest) = topic.strip_prefix('$') {
            return parse_dollar(topic, rest);
        }
        parse_enterprise(topic).unwrap_or(Topic::Other)
    }
}

/// The owner of an inbox of this enterprise, a valid name: what [`Topic::parse`] finds, by comparing what is known.
pub fn inbox_owner<'a>(topic: &'a [u8], eid: &str) -> Option<&'a [u8]> {
    below_inboxes(topic, eid).filter(|uid| name::is_valid_bytes(uid))
}

/// Whether this is the user's inbox.
pub fn is_inbox_of(topic: &[u8], user: UserName<'_>) -> bool {
    below_inboxes(topic, user.eid) == Some(user.uid.as_bytes())
}

fn below_inboxes<'a>(topic: &'a [u8], eid: &str) -> Option<&'a [u8]> {
    topic
        .strip_prefix(eid.as_bytes())?
        .strip_prefix(b"/im/msg/")
}

fn parse_dollar<'a>(topic: &'a str, rest: &'a str) -> Topic<'a> {
    match topic {
        CONTROL => return Topic::Control,
        CONTROL_RESPONSE => return Topic::ControlResponse,
        SYS_NOTICE => return Topic::SysNotice,
        _ => {}
    }
    let Some(sys) = rest.strip_prefix("SYS/") else {
        return if rest == "SYS" {
            Topic::Sys
        } else {
            Topic::Other
        };
    };
    let Some(who) = sys.strip_prefix("notice/") else {
        return Topic::Sys;
    };
    match who.split_once('/') {
        None if name::is_valid(who) => Topic::SysNoticeEnterprise { eid: who },
        Some((eid, uid)) if name::is_valid(eid) && name::is_valid(uid) => {
            Topic::SysNoticeUser { eid, uid }
        }
        _ => Topic::Sys,
    }
}

fn parse_enterprise(topic: &str) -> Option<Topic<'_>> {
    let (eid, rest) = name::split_name(topic, b'/')?;
    if let Some(who) = rest.strip_prefix("im/msg/") {
        match who.strip_prefix("g/") {
            Some(gid) => name::is_valid(gid).then_some(Topic::Group { eid, gid }),
            None => name::is_valid(who).then_some(Topic::Inbox { eid, uid: who }),
        }
    } else if let Some(uid) = rest.strip_prefix("im/pres/") {
        name::is_valid(uid).then_some(Topic::Presence { eid, uid })
    } else if let Some(uid) = rest.strip_prefix("im/sig/") {
        name::is_valid(uid).then_some(Topic::Signature { eid, uid })
    } else {
        let channel = rest.strip_prefix("notice/")?;
        (!channel.is_empty()).then_some(Topic::Notice { eid, channel })
    }
}

impl fmt::Display for Topic<'_> {
    /// Writes the topic name. `Sys` and `Other` have no name of their own and print as `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Inbox { eid, uid } => write!(f, "{eid}/im/msg/{uid}"),
            Topic::Group { eid, gid } => write!(f, "{eid}/im/msg/g/{gid}"),
            Topic::Presence { eid, uid } => write!(f, "{eid}/im/pres/{uid}"),
            Topic::Signature { eid, uid } => write!(f, "{eid}/im/sig/{uid}"),
            Topic::Notice { eid, channel } => write!(f, "{eid}/notice/{channel}"),
            Topic::SysNotice => f.write_str(SYS_NOTICE),
            Topic::SysNoticeEnterprise { eid } => write!(f, "{SYS_NOTICE}/{eid}"),
            Topic::SysNoticeUser { eid, uid } => write!(f, "{SYS_NOTICE}/{eid}/{uid}"),
            Topic::Control => f.write_str(CONTROL),
            Topic::ControlResponse => f.write_str(CONTROL_RESPONSE),
            Topic::Sys | Topic::Other => f.write_str("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_topic_parses_and_prints_back() {
        for (text, want) in [
            (
                "acme/im/msg/bob",
                Topic::Inbox {
                    eid: "acme",
                    uid: "bob",
                },
            ),
            (
                "acme/im/msg/g",
                Topic::Inbox {
                    eid: "acme",
                    uid: "g",
                },
            ),
            (
                "acme/im/msg/g/dev",
                Topic::Group {
                    eid: "acme",
                    gid: "dev",
                },
            ),
            (
                "acme/im/pres/bob",
                Topic::Presence {
                    eid: "acme",
                    uid: "bob",
                },
            ),
            (
                "acme/im/sig/bob",
                Topic::Signature {
                    eid: "acme",
                    uid: "bob",
                },
            ),
            (
                "acme/notice/news/today",
                Topic::Notice {
                    eid: "acme",
                    channel: "news/today",
                },
            ),
            ("$SYS/notice", Topic::SysNotice),
            (
                "$SYS/notice/acme",
                Topic::SysNoticeEnterprise { eid: "acme" },
            ),
            (
                "$SYS/notice/acme/bob",
                Topic::SysNoticeUser {
                    eid: "acme",
                    uid: "bob",
                },
            ),
            ("$CONTROL/enterprise-push/v1", Topic::Control),
            (
                "$CONTROL/enterprise-push/v1/response",
                Topic::ControlResponse,
            ),
        ] {
            assert_eq!(Topic::parse(text), want, "{text}");
            assert_eq!(want.to_string(), text);
        }
    }

    #[test]
    fn inboxes_are_found_as_by_parsing() {
        let long = format!("acme/im/msg/{}", "u".repeat(name::MAX_NAME_BYTES));
        let too_long = format!("{long}u");
        for text in [
            "acme/im/msg/bob",
            "acme/im/msg/g",
            "acme/im/msg/g/dev",
            "acme/im/msg/",
            "acme/im/msg",
            "acme/im/msg/bob/",
            "acme/im/msg/b+b",
            "acme/im/msg/#",
            "acme/im/msg/b\u{f6}b",
            "acme/im/msgs/bob",
            "acme2/im/msg/bob",
            "beta/im/msg/bob",
            "acmebeta/im/msg/bob",
            "/im/msg/bob",
            "acme",
            "",
            &long,
            &too_long,
        ] {
            let parsed = Topic::parse(text);
            let owner = match parsed {
                Topic::Inbox { eid: "acme", uid } => Some(uid),
                _ => None,
            };
            let found = inbox_owner(text.as_bytes(), "acme");
            assert_eq!(found, owner.map(str::as_bytes), "{text}");
            let bob = UserName {
                uid: "bob",
                eid: "acme",
            };
            assert_eq!(
                is_inbox_of(text.as_bytes(), bob),
                owner == Some("bob"),
                "{text}"
            );
        }
        assert_eq!(inbox_owner(b"acme/im/msg/b\xffb", "acme"), None);
    }

    #[test]
    fn near_misses_are_nothing_of_ours() {
        for text in [
            "",
            "/",
            "acme",
            "acme/",
            "/im/msg/bob",
            "acme/im",
            "acme/im/msg",
            "acme/im/msg/",
            "acme/im/msg/bob/",
            "acme/im/msg/bob/x",
            "acme/im/msg/g/",
            "acme/im/msg/g/a/b",
            "acme/im/msg//bob",
            "acme//im/msg/bob",
            "acme/IM/msg/bob",
            "acme/im/pres/",
            "acme/im/sig/a/b",
            "acme/notice",
            "acme/notice/",
            "ac me/im/msg/bob",
            "acme/im/msg/b+b",
            "$share/x/acme/im/msg/bob",
            "$CONTROL/enterprise-push/v1/",
            "$CONTROL/enterprise-push/v2",
            "$",
            "$SY",
            "$SYSX/notice",
        ] {
            assert_eq!(Topic::parse(text), Topic::Other, "{text}");
        }
        for text in [
            "$SYS",
            "$SYS/",
            "$SYS/broker/uptime",
            "$SYS/notice/",
            "$SYS/notice/a/",
            "$SYS/notice/a/b/c",
        ] {
            assert_eq!(Topic::parse(text), Topic::Sys, "{text}");
        }
    }
}

//! Who and what is there at each size: the directory, the users online, the groups, the topics. Pure.
//!
//! | users | what they do |
//! |---|---|
//! | `s0` | writes messages; is in group 0; holds the notice channel `board` |
//! | `o0`, `o1`, ... | are online; the first of them are in group 0 |
//! | `l0` to `l127` | log in and out; share the other groups |
//! | `f0` to `f1999` | fill the groups; are never online |
//! | 10,000 others | belong to other enterprises |

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::args::Dimension;
use crate::people::{EID, User};

/// Users who log in and out.
pub(super) const LOGIN_USERS: u32 = 128;
/// The channel of the retained notices.
const CHANNEL: &str = "board";
/// Users online, unless that is what grows.
const ONLINE: u32 = 500;
/// Users who only fill groups.
const FILLERS: u32 = 2000;
/// Users of other enterprises, however many those are.
const ELSEWHERE: u32 = 10_000;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) online: u32,
    /// Beside the one measured.
    pub(super) enterprises: u32,
    pub(super) groups: u32,
    /// Of each group.
    pub(super) members: u32,
    pub(super) topics: u32,
    /// Whether messages go to group 0 rather than from one to another.
    pub(super) to_group: bool,
}

impl Setting {
    /// One of them made so large, of several sizes up to `most`.
    pub(super) fn new(dimension: Dimension, size: u32, most: u32) -> Setting {
        let mut setting = Setting {
            online: ONLINE,
            enterprises: 10,
            groups: 1 + LOGIN_USERS,
            members: 50,
            topics: 100,
            to_group: false,
        };
        match dimension {
            Dimension::Online => setting.online = size,
            Dimension::Enterprises => setting.enterprises = size,
            Dimension::Groups => (setting.groups, setting.to_group) = (size, true),
            Dimension::GroupSize => {
                // At every size as many online as the largest group has.
                (setting.members, setting.to_group) = (size, true);
                setting.online = most.max(ONLINE);
            }
            Dimension::Topics => setting.topics = size,
        }
        setting
    }

    /// Who writes.
    pub(super) fn sender(&self) -> User {
        User::new("s", 0)
    }

    /// Who is online.
    pub(super) fn online(&self) -> Vec<User> {
        (0..self.online).map(|n| User::new("o", n)).collect()
    }

    /// Who logs in and out.
    pub(super) fn login(&self) -> Vec<User> {
        (0..LOGIN_USERS).map(|n| User::new("l", n)).collect()
    }

    /// Of those online, how many are in group 0.
    pub(super) fn online_members(&self) -> u32 {
        self.members.saturating_sub(1).min(self.online)
    }

    /// The members of a group, each once.
    fn members_of(&self, group: u32) -> Vec<User> {
        let mut members: Vec<User> = if group == 0 {
            let online = (0..self.online_members()).map(|n| User::new("o", n));
            std::iter::once(self.sender()).chain(online).collect()
        } else {
            let others = self.groups.saturating_sub(1).max(1) as usize;
            let first = (group - 1) as usize;
            let login = (0..LOGIN_USERS).skip(first).step_by(others);
            login.map(|n| User::new("l", n)).collect()
        };
        let missing = self.members.saturating_sub(members.len() as u32);
        // They lie apart, as those of real groups do.
        let apart = (FILLERS / missing.max(1)).max(1);
        let fillers = (0..missing.min(FILLERS)).map(|n| (group + n * apart) % FILLERS);
        let fillers: BTreeSet<u32> = fillers.collect();
        members.extend(fillers.into_iter().map(|n| User::new("f", n)));
        members
    }

    /// The directory, as the control feed's events.
    pub(super) fn directory(&self) -> Vec<(&'static str, Value)> {
        let own = std::iter::once(self.sender()).chain(self.online());
        let own = own.chain(self.login());
        let own = own.chain((0..FILLERS).map(|n| User::new("f", n)));
        let mut events = vec![enterprise(EID)];
        events.extend(own.map(|user| {
            let sender = user == self.sender();
            let channels: &[String] = if sender {
                &[format!("{CHANNEL}/#")]
            } else {
                &[]
            };
            user_event(EID, user.uid(), channels)
        }));
        events.extend((0..self.enterprises).map(|n| enterprise(&eid(n))));
        let elsewhere = (0..ELSEWHERE).filter(|_| self.enterprises > 0);
        events.extend(elsewhere.map(|n| {
            let eid = eid(n % self.enterprises.max(1));
            user_event(&eid, &format!("e{n}"), &[])
        }));
        events.extend((0..self.groups).map(|n| self.group(n)));
        events
    }

    fn group(&self, number: u32) -> (&'static str, Value) {
        let members = self.members_of(number);
        let members: Vec<&str> = members.iter().map(User::uid).collect();
        let data = json!({"eid": EID, "gid": gid(number), "members": members});
        ("group.upserted", data)
    }
}

/// Group 0's topic.
pub(super) fn group_topic() -> String {
    format!("{EID}/im/msg/g/{}", gid(0))
}

/// The topic of the retained notice with this number.
pub(super) fn notice_topic(number: u32) -> String {
    format!("{EID}/notice/{CHANNEL}/{number}")
}

fn gid(number: u32) -> String {
    format!("g{number}")
}

fn eid(number: u32) -> String {
    format!("enterprise-{number}")
}

fn enterprise(eid: &str) -> (&'static str, Value) {
    ("enterprise.upserted", json!({"eid": eid, "name": eid}))
}

fn user_event(eid: &str, uid: &str, channels: &[String]) -> (&'static str, Value) {
    let data = json!({"eid": eid, "uid": uid, "roles": [], "channels": channels});
    ("user.upserted", data)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    fn groups(setting: &Setting) -> Vec<Vec<String>> {
        let all = (0..setting.groups).map(|group| setting.members_of(group));
        all.map(|members| members.iter().map(|user| user.uid().to_owned()).collect())
            .collect()
    }

    #[test]
    fn groups_have_their_size_and_nobody_twice() {
        for (dimension, size) in [
            (Dimension::Groups, 10),
            (Dimension::Groups, 1000),
            (Dimension::GroupSize, 2),
            (Dimension::GroupSize, 500),
            (Dimension::GroupSize, 2000),
        ] {
            let setting = Setting::new(dimension, size, size);
            for members in groups(&setting) {
                let once: BTreeSet<&String> = members.iter().collect();
                assert_eq!(once.len(), setting.members as usize, "{dimension:?} {size}");
                assert_eq!(once.len(), members.len());
            }
        }
    }

    #[test]
    fn whoever_logs_in_is_in_one_group_at_every_size() {
        for dimension in Dimension::value_variants() {
            let setting = Setting::new(*dimension, 100, 100);
            let all = groups(&setting).concat();
            let times = |uid: &str| all.iter().filter(|other| *other == uid).count();
            for user in setting.login() {
                assert_eq!(times(user.uid()), 1, "{dimension:?} {}", user.uid());
            }
            assert_eq!(times("s0"), 1);
        }
    }

    #[test]
    fn one_dimension_grows_alone() {
        let common = Setting::new(Dimension::Topics, 100, 100);
        let more = Setting::new(Dimension::Enterprises, 1000, 1000);
        assert_eq!(
            more,
            Setting {
                enterprises: 1000,
                ..common
            }
        );
        let users = |setting: &Setting| {
            let all = setting.directory().into_iter();
            all.filter(|(event, _)| *event == "user.upserted").count()
        };
        assert_eq!(users(&more), users(&common), "other users are as many");
        let [small, large] = [2, 2000].map(|size| Setting::new(Dimension::GroupSize, size, 2000));
        assert_eq!((small.online, small.online_members()), (large.online, 1));
        assert_eq!(large.online_members(), 1999);
    }

    #[test]
    fn the_plugin_reads_every_event_of_the_directory() {
        use mosquitto_enterprise_push::upstream::wire::read_event;
        for (name, data) in Setting::new(Dimension::Groups, 10, 10).directory() {
            let event = read_event(name, &data.to_string());
            assert!(matches!(event, Ok(Some(_))), "{name} {data}: {event:?}");
        }
    }
}

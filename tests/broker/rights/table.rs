//! The table itself: a row per kind of topic, and who may publish to it and receive it.
//!
//! Rows are tried from the top; the first that fits decides. `{eid}` and the like bind whatever stands at
//! that level, `#` the rest. This is the document's table once more, in data, and knows nothing of the code
//! under test.

use super::people::{Person, World};

/// Whom a row names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Everybody,
    /// The user that `{uid}` of `{eid}` names.
    Self_,
    /// Users of `{eid}`.
    Enterprise,
    /// Those linked to `{uid}` of `{eid}`.
    Partners,
    /// Users of `{eid}` in the group `{gid}`.
    Members,
    /// Users of `{eid}` who hold the channel that `#` stands for.
    Holders,
    Operators,
}

use Who::{Enterprise, Everybody, Holders, Members, Operators, Partners, Self_};

struct Row {
    topics: &'static str,
    publish: &'static [Who],
    receive: &'static [Who],
}

#[rustfmt::skip]
const TABLE: [Row; 15] = [
    Row { topics: "{eid}/im/msg/g/{gid}", publish: &[Members], receive: &[Members] },
    Row { topics: "{eid}/im/msg/{uid}", publish: &[Enterprise, Partners], receive: &[Self_] },
    Row { topics: "{eid}/im/pres/{uid}", publish: &[Self_], receive: &[Enterprise, Partners] },
    Row { topics: "{eid}/im/sig/{uid}", publish: &[Self_], receive: &[Enterprise, Partners] },
    Row { topics: "{eid}/notice", publish: &[], receive: &[Enterprise] },
    Row { topics: "{eid}/notice/#", publish: &[Holders], receive: &[Enterprise] },
    Row { topics: "$SYS/notice", publish: &[], receive: &[Everybody] },
    Row { topics: "$SYS/notice/{eid}", publish: &[], receive: &[Enterprise] },
    Row { topics: "$SYS/notice/{eid}/{uid}", publish: &[], receive: &[Self_] },
    Row { topics: "$SYS/notice/#", publish: &[], receive: &[] },
    Row { topics: "$SYS/#", publish: &[], receive: &[Operators] },
    Row { topics: "$CONTROL/enterprise-push/v1", publish: &[Operators], receive: &[] },
    Row { topics: "$CONTROL/enterprise-push/v1/response", publish: &[], receive: &[Operators] },
    // What the policy file of these tests adds.
    Row { topics: "{eid}/sentinel/{uid}", publish: &[Self_], receive: &[Self_] },
    Row { topics: "#", publish: &[], receive: &[] },
];

/// The policy file that gives everybody a topic for the sentinels.
pub(super) const POLICY_FILE: &str = r#"{"version": 1, "rules": [{"name": "sentinel",
    "allow": ["publish", "subscribe", "receive"], "topics": ["{eid}/sentinel/{uid}"]}]}"#;

/// What a row's names stand for in a topic.
#[derive(Default)]
struct Bound<'a> {
    eid: Option<&'a str>,
    uid: &'a str,
    gid: &'a str,
    rest: String,
}

impl World {
    /// Whether the table lets somebody publish to a topic.
    pub(super) fn may_publish(&self, person: &Person, topic: &str) -> bool {
        self.is_named(person, topic, |row| row.publish)
    }

    /// Whether the table lets somebody receive a topic.
    pub(super) fn may_receive(&self, person: &Person, topic: &str) -> bool {
        self.is_named(person, topic, |row| row.receive)
    }

    fn is_named(&self, person: &Person, topic: &str, column: fn(&Row) -> &'static [Who]) -> bool {
        if !person.is_active() {
            return false;
        }
        let found = TABLE
            .iter()
            .find_map(|row| Some((row, bind(row.topics, topic)?)));
        let (row, bound) = found.expect("the last row fits every topic");
        if bound.eid.is_some_and(|eid| self.suspended.contains(&eid)) {
            return false;
        }
        column(row).iter().any(|who| is(*who, person, &bound))
    }
}

fn is(who: Who, person: &Person, bound: &Bound<'_>) -> bool {
    let of_it = bound.eid == Some(person.eid);
    match who {
        Who::Everybody => true,
        Who::Self_ => of_it && person.uid == bound.uid,
        Who::Enterprise => of_it,
        Who::Partners => {
            let linked = |other: &&str| other.split_once('@') == bound.eid.map(|e| (bound.uid, e));
            person.partners.iter().any(linked)
        }
        Who::Members => of_it && person.groups.contains(&bound.gid),
        Who::Holders => of_it && person.channels.iter().any(|held| holds(held, &bound.rest)),
        Who::Operators => person.roles.contains(&"operator"),
    }
}

/// `news` is that channel, `news/#` it and all below, `#` all.
fn holds(held: &str, channel: &str) -> bool {
    let below = |parent: &str| channel == parent || channel.starts_with(&format!("{parent}/"));
    held == "#" || held == channel || held.strip_suffix("/#").is_some_and(below)
}

fn bind<'a>(row: &str, topic: &'a str) -> Option<Bound<'a>> {
    let mut bound = Bound::default();
    let mut levels = topic.split('/');
    for name in row.split('/') {
        if name == "#" {
            let rest: Vec<&str> = levels.collect();
            bound.rest = rest.join("/");
            return (!rest.is_empty()).then_some(bound);
        }
        let level = levels.next()?;
        match name {
            // No enterprise is called like a system topic.
            "{eid}" if level.starts_with('$') => return None,
            "{eid}" => bound.eid = Some(level),
            "{uid}" => bound.uid = level,
            "{gid}" => bound.gid = level,
            _ if name != level => return None,
            _ => {}
        }
    }
    levels.next().is_none().then_some(bound)
}

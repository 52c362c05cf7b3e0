//! A directory of 100,000 users and 10,000 groups, for the benchmarks and for `tests/no_allocation.rs`.

use mosquitto_enterprise_push::policy::{Account, Directory};
use mosquitto_enterprise_push::protocol::UserName;

pub(crate) const USERS: usize = 100_000;
pub(crate) const GROUPS: usize = 10_000;

/// Who and what is asked about; the lists go together, entry by entry.
pub(crate) struct World {
    pub(crate) directory: Directory,
    /// `uid@eid:pc`
    pub(crate) client_ids: Vec<String>,
    /// Each one's own inbox.
    pub(crate) inboxes: Vec<String>,
    /// A group that each is in.
    pub(crate) groups: Vec<String>,
}

pub(crate) fn uid(n: usize) -> String {
    format!("employee-{:05}", n / 100)
}

pub(crate) fn eid(n: usize) -> String {
    format!("enterprise-{:02}", n % 100)
}

pub(crate) fn gid(g: usize) -> String {
    format!("group-{:03}", g / 100)
}

pub(crate) fn members(g: usize) -> Vec<String> {
    let members = (0..50).map(|m| uid(((g / 100 + m * 20) % 1000) * 100));
    members.collect()
}

/// 100 enterprises of 1,000 users and 100 groups of 50 members; each user is in five groups.
pub(crate) fn world() -> World {
    let mut directory = Directory::new(0);
    for n in 0..USERS {
        let (uid, eid) = (uid(n), eid(n));
        let user = UserName {
            uid: &uid,
            eid: &eid,
        };
        directory.upsert_user(user, &Account::default());
    }
    for g in 0..GROUPS {
        let members = members(g);
        directory.group_upserted(&eid(g), &gid(g), members.iter().map(String::as_str));
    }
    // Visited in an order that defeats the cache, as a broker's traffic does.
    let order: Vec<usize> = (0..4096).map(|n| n * 40_503 % USERS).collect();
    World {
        directory,
        client_ids: order
            .iter()
            .map(|n| format!("{}@{}:pc", uid(*n), eid(*n)))
            .collect(),
        inboxes: order
            .iter()
            .map(|n| format!("{}/im/msg/{}", eid(*n), uid(*n)))
            .collect(),
        groups: order
            .iter()
            .map(|n| format!("{}/im/msg/g/group-{:03}", eid(*n), n / 100 % 20))
            .collect(),
    }
}

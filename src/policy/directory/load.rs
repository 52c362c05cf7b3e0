//! Taking in a whole directory while the former one is in force: what is told is marked with the number of the
//! load, and what no longer bears the latest mark is swept out afterwards, some at a time.
//!
//! Room 4, pure. The sweep only names what has gone: the engine removes it as the feed's own events do, with
//! all that follows for sessions and subscriptions.

use super::Directory;
use super::entry::{Group, State, User};
use super::table::Id;
use crate::protocol::UserName;

/// Something that the directory held and the service no longer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// The suspension of an enterprise.
    Suspension {
        /// enterprise
        eid: String,
    },
    /// A user.
    User {
        /// enterprise
        eid: String,
        /// user
        uid: String,
    },
    /// A group.
    Group {
        /// enterprise
        eid: String,
        /// group
        gid: String,
    },
    /// A user's place in a group that only a login told of.
    Membership {
        /// enterprise
        eid: String,
        /// group
        gid: String,
        /// user
        uid: String,
    },
    /// A partner link, each end `uid@eid`.
    Link {
        /// one end
        a: String,
        /// the other
        b: String,
    },
}

/// How far a sweep has come: the next slot of each table.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    enterprise: Id,
    user: Id,
    group: Id,
}

impl Directory {
    /// A load begins: everything told from now on is of it.
    pub fn begin_load(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.loading = true;
        self.sweep = None;
    }

    /// Whether the load that is under way has told of the user.
    pub(super) fn is_told_user(&self, id: Id) -> bool {
        let told = |user: &User| user.state == State::Directory && user.told_in == self.generation;
        self.loading && self.users.get(id).is_some_and(told)
    }

    /// Whether the load that is under way has told of the group, and so of all its members.
    pub(super) fn is_told_group(&self, id: Id) -> bool {
        let told = |group: &Group| group.from_directory && group.told_in == self.generation;
        self.loading && self.groups.get(id).is_some_and(told)
    }

    /// Makes an enterprise known. A suspension stays: only the end of a load tells that it was lifted.
    pub fn name_enterprise(&mut self, eid: &str) {
        self.enterprise_named(eid);
    }

    /// A load is over: what it did not tell can be swept out.
    pub fn end_load(&mut self) {
        self.sweep = Some(Sweep::default());
    }

    /// Whether a sweep is under way.
    pub fn is_sweeping(&self) -> bool {
        self.sweep.is_some()
    }

    /// Looks at up to `most` entries and names what has gone. The directory is complete when all were looked at.
    pub fn sweep(&mut self, most: u32) -> Vec<Gone> {
        let Some(mut sweep) = self.sweep.take() else {
            return Vec::new();
        };
        let mut gone = Vec::new();
        for _ in 0..most {
            if let Some(id) = next(&mut sweep.enterprise, self.enterprises.slots()) {
                gone.extend(self.lifted_suspension(id));
            } else if let Some(id) = next(&mut sweep.user, self.users.slots()) {
                self.gone_of_user(id, &mut gone);
            } else if let Some(id) = next(&mut sweep.group, self.groups.slots()) {
                gone.extend(self.gone_group(id));
            } else {
                self.complete = true;
                self.loading = false;
                return gone;
            }
        }
        self.sweep = Some(sweep);
        gone
    }

    fn lifted_suspension(&self, id: Id) -> Option<Gone> {
        let entry = self.enterprises.get(id)?;
        let lifted = entry.suspended && entry.suspended_in != self.generation;
        lifted.then(|| Gone::Suspension {
            eid: entry.eid.to_string(),
        })
    }

    fn gone_of_user(&self, id: Id, gone: &mut Vec<Gone>) {
        let Some(entry) = self.users.get(id) else {
            return;
        };
        if entry.state == State::Directory && entry.told_in != self.generation {
            let Some(name) = self.name_of(id) else { return };
            gone.push(Gone::User {
                eid: name.eid.to_owned(),
                uid: name.uid.to_owned(),
            });
            return;
        }
        // Groups and links of users newer than the directory, whom only a login told of, are not its business.
        if entry.state == State::Login {
            return;
        }
        self.gone_memberships(id, gone);
        for other in entry.partners.not_of(self.generation) {
            let newer = self.users.get(other).map(|u| u.state) == Some(State::Login);
            if newer || other < id {
                continue;
            }
            if let (Some(a), Some(b)) = (self.name_of(id), self.name_of(other)) {
                gone.push(Gone::Link {
                    a: a.to_string(),
                    b: b.to_string(),
                });
            }
        }
    }

    fn gone_memberships(&self, id: Id, gone: &mut Vec<Gone>) {
        let groups = self.users.get(id).into_iter().flat_map(|u| u.groups.iter());
        let groups = groups.filter_map(|group| self.groups.get(group));
        for group in groups.filter(|group| !group.from_directory) {
            let Some(name) = self.name_of(id) else { return };
            gone.push(Gone::Membership {
                eid: name.eid.to_owned(),
                gid: group.gid.to_string(),
                uid: name.uid.to_owned(),
            });
        }
    }

    fn gone_group(&self, id: Id) -> Option<Gone> {
        let entry = self.groups.get(id)?;
        if !entry.from_directory || entry.told_in == self.generation {
            return None;
        }
        let eid = &self.enterprises.get(entry.enterprise)?.eid;
        Some(Gone::Group {
            eid: eid.to_string(),
            gid: entry.gid.to_string(),
        })
    }

    fn name_of(&self, id: Id) -> Option<UserName<'_>> {
        let user = self.users.get(id)?;
        let eid = &*self.enterprises.get(user.enterprise)?.eid;
        Some(UserName {
            uid: &user.uid,
            eid,
        })
    }
}

fn next(at: &mut Id, slots: Id) -> Option<Id> {
    let id = *at;
    (id < slots).then(|| {
        *at += 1;
        id
    })
}

#[cfg(test)]
mod tests;

//! The directory: who there is, in which groups, linked to whom. Owned by one thread, no locks.
//!
//! Two sources write it. The *feed* (or a snapshot) is the authority: its users stay until it removes
//! them. A *login* (introspection answer) tells about one user; such entries are bounded by a capacity
//! and the oldest without a live session goes first. When the directory is [`Directory::set_complete`],
//! users that it does not hold are denied, and logins no longer overrule what it says.
//!
//! Room 4, pure. It is `Send`: load a snapshot on another thread into a new one and swap them.

mod changes;
mod entry;
mod load;
mod logins;
mod lookup;
mod slots;
mod table;
#[cfg(test)]
mod tests;

pub use changes::MemberChange;
pub use load::Gone;
pub use lookup::{Hearing, Membership, Person, Standing, UserId};

use entry::{Enterprise, Group, Profiles, State, User};
use logins::Logins;
use table::{Id, Table};

use super::rights::{Account, Kinds, Rights};
use crate::protocol::{UserName, name};

/// Users, groups, partner links, channels, roles and suspended enterprises.
#[derive(Debug)]
pub struct Directory {
    enterprises: Table<Enterprise>,
    users: Table<User>,
    groups: Table<Group>,
    profiles: Profiles,
    logins: Logins,
    complete: bool,
    /// Users in [`State::Named`].
    named: usize,
    /// Counts members who left a group; see [`Membership`].
    departures: u32,
    /// Counts loads; what is told is marked with it.
    generation: u32,
    /// Whether a load has begun and is not complete.
    loading: bool,
    sweep: Option<load::Sweep>,
}

impl Directory {
    /// An empty directory, not complete, that keeps at most `login_capacity` users whom only logins told of
    /// (users with a live session come on top).
    pub fn new(login_capacity: usize) -> Self {
        Directory {
            enterprises: Table::default(),
            users: Table::default(),
            groups: Table::default(),
            profiles: Profiles::default(),
            logins: Logins::new(login_capacity),
            complete: false,
            named: 0,
            departures: 0,
            generation: 0,
            loading: false,
            sweep: None,
        }
    }

    /// Says whether the directory holds every user there is. If so, others are denied; if not, they have
    /// the rights that their name alone gives.
    pub fn set_complete(&mut self, complete: bool) {
        self.complete = complete;
    }

    /// Whether the directory holds every user there is.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// How many users have an entry (tombstones and merely named ones included).
    pub fn user_count(&self) -> usize {
        self.users.len()
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Takes in an introspection answer: it replaces what was known of the user. A removed user stays
    /// removed, and a complete directory's own entry stands (only the kind of device is noted). So does what a load
    /// that is under way has told by now.
    pub fn login(&mut self, user: UserName<'_>, rights: &Rights) {
        let Some(id) = self.user_named(user) else {
            return;
        };
        let state = self.users.get(id).map(|u| u.state);
        match state {
            Some(State::Removed) | None => return,
            Some(State::Directory) if self.complete => {
                self.add_kinds(id, rights.account.kinds);
                return;
            }
            Some(State::Directory) => {}
            Some(State::Named | State::Login) => self.set_state(id, State::Login),
        }
        if self.is_told_user(id) {
            self.add_kinds(id, rights.account.kinds);
        } else {
            self.set_account(id, &rights.account);
        }
        self.set_groups_of(id, &rights.groups);
        self.set_partners_of(id, &rights.partners);
        self.queue_for_eviction(id);
        self.evict();
    }

    /// What a former answer said of a user who is not known any more. It may be older than what the feed told
    /// since, so it gives no membership of a group that the feed told of, and overrules nothing.
    pub fn recall(&mut self, user: UserName<'_>, rights: &Rights) {
        if self.find(user).is_known() {
            return;
        }
        let (eid, mut rights) = (user.eid, rights.clone());
        rights.groups.retain(|gid| !self.has_group(eid, gid));
        let told: Vec<String> = self.find(user).groups().map(str::to_owned).collect();
        rights.groups.extend(told);
        self.login(user, &rights);
    }

    /// Whether the feed or a snapshot told of the group.
    fn has_group(&self, eid: &str, gid: &str) -> bool {
        let group = self.group_id(eid, gid).and_then(|id| self.groups.get(id));
        group.is_some_and(|group| group.from_directory)
    }

    /// Takes in a user from the feed or a snapshot. Groups and partners have events of their own.
    pub fn upsert_user(&mut self, user: UserName<'_>, account: &Account) {
        let generation = self.generation;
        if let Some(id) = self.user_named(user) {
            self.set_state(id, State::Directory);
            self.set_account(id, account);
            if let Some(entry) = self.users.get_mut(id) {
                entry.told_in = generation;
            }
        }
    }

    /// Removes a user: all rights end, and only [`Directory::upsert_user`] brings the user back.
    pub fn remove_user(&mut self, user: UserName<'_>) {
        if let Some(id) = self.user_named(user) {
            self.set_state(id, State::Removed);
            self.set_account(id, &Account::default());
            self.leave_groups(id, |_| true);
            self.cut_partners(id, |_| true);
        }
    }

    /// Denies everything to the enterprise's users, and everybody everything below its topics.
    pub fn suspend_enterprise(&mut self, eid: &str) {
        self.set_suspended(eid, true);
    }

    /// Ends a suspension.
    pub fn restore_enterprise(&mut self, eid: &str) {
        self.set_suspended(eid, false);
    }

    fn set_suspended(&mut self, eid: &str, suspended: bool) {
        let generation = self.generation;
        if let Some(entry) = self
            .enterprise_named(eid)
            .and_then(|id| self.enterprises.get_mut(id))
        {
            entry.suspended = suspended;
            entry.suspended_in = generation;
        }
    }

    /// Notes that a session of the user is live, so that the user's rights are not evicted.
    pub fn session_began(&mut self, user: UserName<'_>) {
        if let Some(entry) = self.user_named(user).and_then(|id| self.users.get_mut(id)) {
            entry.pins = entry.pins.saturating_add(1);
        }
    }

    /// Notes that one session of the user is gone; once for each [`Directory::session_began`].
    pub fn session_ended(&mut self, user: UserName<'_>) {
        let Some(id) = self.find_id(user) else { return };
        if let Some(entry) = self.users.get_mut(id) {
            // More than can be counted: kept for good.
            if entry.pins != u16::MAX {
                entry.pins = entry.pins.saturating_sub(1);
            }
        }
        self.queue_for_eviction(id);
        self.evict();
        self.drop_if_idle(id);
    }

    fn add_kinds(&mut self, id: Id, kinds: Kinds) {
        if let Some(entry) = self.users.get_mut(id) {
            entry.kinds = entry.kinds.union(kinds);
        }
    }

    fn enterprise_named(&mut self, eid: &str) -> Option<Id> {
        if let Some(id) = self.enterprises.find(0, eid) {
            return Some(id);
        }
        name::is_valid(eid).then_some(())?;
        self.enterprises.insert(Enterprise {
            eid: eid.into(),
            suspended: false,
            suspended_in: 0,
        })
    }

    fn user_named(&mut self, user: UserName<'_>) -> Option<Id> {
        let enterprise = self.enterprise_named(user.eid)?;
        if let Some(id) = self.users.find(enterprise, user.uid) {
            return Some(id);
        }
        name::is_valid(user.uid).then_some(())?;
        let id = self.users.insert(User::named(enterprise, user.uid))?;
        self.named += 1;
        Some(id)
    }

    fn find_id(&self, user: UserName<'_>) -> Option<Id> {
        let enterprise = self.enterprises.find(0, user.eid)?;
        self.users.find(enterprise, user.uid)
    }
}

//! Changes to groups and partner links. Both ends of every membership and link are kept in step.
//!
//! Room 4, pure.

use smol_str::SmolStr;

use super::Directory;
use super::entry::{Group, State, User};
use super::table::{Id, IdSet, LinkSet};
use crate::policy::rights::{Account, Kinds};
use crate::protocol::{UserName, name};

/// Who came into a group and who left it, by `uid`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// New members.
    pub joined: Vec<SmolStr>,
    /// Former ones.
    pub left: Vec<SmolStr>,
}

impl Directory {
    /// Sets the members (uids of the same enterprise) of a group, which may be new.
    pub fn group_upserted<'m>(
        &mut self,
        eid: &str,
        gid: &str,
        members: impl IntoIterator<Item = &'m str>,
    ) -> MemberChange {
        let generation = self.generation;
        let Some(group) = self.group_named(eid, gid) else {
            return MemberChange::default();
        };
        if let Some(entry) = self.groups.get_mut(group) {
            // First of all, so that it is not dropped when its last old member leaves.
            entry.from_directory = true;
            entry.told_in = generation;
        }
        let members: IdSet = members
            .into_iter()
            .filter_map(|uid| self.linkable(UserName { uid, eid }))
            .collect();
        let mut change = MemberChange::default();
        let gone = self.groups.get(group).map(|g| g.members.without(&members));
        for user in gone.unwrap_or_default() {
            change.left.extend(self.uid_of(user));
            self.leave(user, group);
        }
        for user in members.iter() {
            if let Some(entry) = self.users.get_mut(user)
                && entry.groups.insert(group)
            {
                change.joined.push(entry.uid.clone());
            }
        }
        if let Some(entry) = self.groups.get_mut(group) {
            entry.members = members;
        }
        change
    }

    /// Removes a group; gives its former members.
    pub fn group_removed(&mut self, eid: &str, gid: &str) -> MemberChange {
        let mut change = MemberChange::default();
        let Some(group) = self.group_id(eid, gid) else {
            return change;
        };
        if let Some(entry) = self.groups.get_mut(group) {
            entry.from_directory = false;
        }
        let members: Option<Vec<Id>> = self.groups.get(group).map(|g| g.members.iter().collect());
        for user in members.unwrap_or_default() {
            change.left.extend(self.uid_of(user));
            self.leave(user, group);
        }
        self.groups.remove(group);
        change
    }

    /// Takes one user out of a group.
    pub fn left_group(&mut self, user: UserName<'_>, gid: &str) {
        if let (Some(id), Some(group)) = (self.find_id(user), self.group_id(user.eid, gid)) {
            self.leave(id, group);
        }
    }

    /// Links two users of (usually) two enterprises; holds both ways.
    pub fn partner_linked(&mut self, a: UserName<'_>, b: UserName<'_>) {
        let ends = [self.linkable(a), self.linkable(b)];
        if let [Some(a), Some(b)] = ends {
            let told = self.generation;
            self.link(a, b, |links, other| links.insert(other, told));
        }
        for id in ends.into_iter().flatten() {
            self.drop_if_idle(id);
        }
    }

    /// Ends the link of two users.
    pub fn partner_unlinked(&mut self, a: UserName<'_>, b: UserName<'_>) {
        if let (Some(a), Some(b)) = (self.find_id(a), self.find_id(b)) {
            self.unlink(a, b);
        }
    }

    pub(super) fn set_account(&mut self, id: Id, account: &Account) {
        let profile = self.profiles.share(account);
        let Some(entry) = self.users.get_mut(id) else {
            return;
        };
        entry.kinds = match entry.state {
            State::Removed => Kinds::NONE,
            _ => entry.kinds.union(account.kinds),
        };
        let before = std::mem::replace(&mut entry.profile, profile);
        self.profiles.give_up(before);
    }

    /// Sets the groups of a user, but for those of which a load has told: it knows their members.
    pub(super) fn set_groups_of(&mut self, id: Id, gids: &[String]) {
        let Some(eid) = self.eid_of(id) else { return };
        let mut groups: Vec<Id> = gids
            .iter()
            .filter_map(|gid| self.group_named(&eid, gid))
            .collect();
        groups.retain(|group| !self.is_told_group(*group));
        let now = self.users.get(id).into_iter().flat_map(|u| u.groups.iter());
        groups.extend(now.filter(|group| self.is_told_group(*group)));
        let groups: IdSet = groups.into_iter().collect();
        let left = self.users.get(id).map(|u| u.groups.without(&groups));
        for group in left.unwrap_or_default() {
            self.leave(id, group);
        }
        for group in groups.iter() {
            if let Some(entry) = self.groups.get_mut(group) {
                entry.members.insert(id);
            }
        }
        if let Some(entry) = self.users.get_mut(id) {
            entry.groups = groups;
        }
    }

    /// Sets the partners of a user, but for links of which a load has told.
    pub(super) fn set_partners_of(&mut self, id: Id, partners: &[String]) {
        let told = self.generation;
        let partners: IdSet = partners
            .iter()
            .filter_map(|text| UserName::parse(text).ok())
            .filter_map(|partner| self.linkable(partner))
            .collect();
        let cut = self.users.get(id).map(|u| u.partners.without(&partners));
        for other in cut.unwrap_or_default() {
            let link = self.users.get(id).map(|u| u.partners.is_of(other, told));
            if !(self.loading && link == Some(true)) {
                self.unlink(id, other);
            }
        }
        for other in partners.iter() {
            self.link(id, other, |links, other| links.insert_untold(other, told));
        }
    }

    pub(super) fn leave_groups(&mut self, id: Id, which: impl Fn(&Group) -> bool) {
        let Some(entry) = self.users.get(id) else {
            return;
        };
        let chosen = |group: &Id| self.groups.get(*group).is_some_and(&which);
        let groups: Vec<Id> = entry.groups.iter().filter(chosen).collect();
        for group in groups {
            self.leave(id, group);
        }
    }

    pub(super) fn cut_partners(&mut self, id: Id, which: impl Fn(&User) -> bool) {
        let Some(entry) = self.users.get(id) else {
            return;
        };
        let chosen = |other: &Id| self.users.get(*other).is_some_and(&which);
        let partners: Vec<Id> = entry.partners.iter().filter(chosen).collect();
        for other in partners {
            self.unlink(id, other);
        }
    }

    pub(super) fn drop_if_idle(&mut self, id: Id) {
        if self.users.get(id).is_some_and(User::is_idle) {
            self.users.remove(id);
            self.named -= 1;
        }
    }

    /// The user's id, made if need be; `None` for removed users, who are linked to nothing.
    fn linkable(&mut self, user: UserName<'_>) -> Option<Id> {
        let id = self.user_named(user)?;
        (self.users.get(id)?.state != State::Removed).then_some(id)
    }

    fn link(&mut self, a: Id, b: Id, insert: impl Fn(&mut LinkSet, Id)) {
        if a == b {
            return;
        }
        for (one, other) in [(a, b), (b, a)] {
            if let Some(entry) = self.users.get_mut(one) {
                insert(&mut entry.partners, other);
            }
        }
    }

    fn unlink(&mut self, a: Id, b: Id) {
        for (one, other) in [(a, b), (b, a)] {
            if let Some(entry) = self.users.get_mut(one) {
                entry.partners.remove(other);
            }
            self.drop_if_idle(one);
        }
    }

    fn leave(&mut self, user: Id, group: Id) {
        self.departures = self.departures.saturating_add(1);
        if let Some(entry) = self.users.get_mut(user) {
            entry.groups.remove(group);
        }
        self.drop_if_idle(user);
        let Some(entry) = self.groups.get_mut(group) else {
            return;
        };
        entry.members.remove(user);
        if entry.members.is_empty() && !entry.from_directory {
            self.groups.remove(group);
        }
    }

    fn group_named(&mut self, eid: &str, gid: &str) -> Option<Id> {
        let enterprise = self.enterprise_named(eid)?;
        if let Some(id) = self.groups.find(enterprise, gid) {
            return Some(id);
        }
        name::is_valid(gid).then_some(())?;
        self.groups.insert(Group {
            gid: gid.into(),
            enterprise,
            from_directory: false,
            told_in: 0,
            members: IdSet::default(),
        })
    }

    fn uid_of(&self, id: Id) -> Option<SmolStr> {
        Some(self.users.get(id)?.uid.clone())
    }

    fn eid_of(&self, id: Id) -> Option<SmolStr> {
        let enterprise = self.users.get(id)?.enterprise;
        Some(self.enterprises.get(enterprise)?.eid.clone())
    }
}

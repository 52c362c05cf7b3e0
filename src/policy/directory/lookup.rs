//! Looking things up: one person is found once, then asked. No allocation.
//!
//! Room 4, pure.

use super::Directory;
use super::entry::{Profile, State, User};
use super::table::Id;
use crate::policy::rights::{Kinds, channel_covers};
use crate::protocol::UserName;

/// What the directory says of somebody's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Has the rights of the name, and those that the directory holds.
    Active,
    /// Was removed by the feed.
    Removed,
    /// The enterprise is suspended.
    Suspended,
    /// The directory is complete and does not hold the user.
    NotInDirectory,
}

/// Somebody, found in the directory or known by name only.
#[derive(Debug, Clone, Copy)]
pub struct Person<'d> {
    directory: &'d Directory,
    enterprise: Option<Id>,
    user: Option<(Id, &'d User)>,
}

/// Where the directory keeps a user: good for as long as a session of the user lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserId(Id);

/// A group to which a message goes, and who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearing {
    group: Id,
    writer: Option<Id>,
}

/// A group that somebody was in when so many had left theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    group: Id,
    departures: u32,
}

impl Membership {
    /// The count stops here, and proves nothing any more.
    const NEVER: u32 = u32::MAX;
}

impl Default for Membership {
    fn default() -> Self {
        Membership {
            group: 0,
            departures: Self::NEVER,
        }
    }
}

impl Directory {
    /// Somebody whose place is known and who may do something, with the name as the directory has it.
    pub fn active(&self, user: UserId) -> Option<(Person<'_>, UserName<'_>)> {
        let entry = self.users.get(user.0)?;
        let enterprise = self.enterprises.get(entry.enterprise)?;
        let active =
            !enterprise.suspended && self.standing_of(Some(entry.state)) == Standing::Active;
        active.then(|| {
            let person = Person {
                directory: self,
                enterprise: Some(entry.enterprise),
                user: Some((user.0, entry)),
            };
            let name = UserName {
                uid: &entry.uid,
                eid: &enterprise.eid,
            };
            (person, name)
        })
    }

    /// Who hears a message to a group: for [`Directory::hears`], as long as the directory does not change. `None` where
    /// that is not to be told by membership alone.
    pub fn hearing(&self, eid: &str, gid: &str, source: &str) -> Option<Hearing> {
        // Members are never removed ones; but a complete directory may know one by name only, who may do nothing.
        let all_are_active = !self.complete || self.named == 0;
        let enterprise = self.enterprises.find_again(0, eid)?;
        let group = self.groups.find_again(enterprise, gid)?;
        let surely = all_are_active && !self.is_suspended_id(enterprise);
        surely.then(|| Hearing {
            group,
            writer: self.users.find_again(enterprise, source),
        })
    }

    /// Whether a message goes to this user, who has not written it. Asks nothing of the user's own entry, nor of the
    /// group's members if it was this group last time and nobody has left one since: of a large group's members those are in
    /// no cache. No where that leaves a doubt.
    pub fn hears(&self, hearing: Hearing, user: UserId, last: &mut Membership) -> bool {
        hearing.writer != Some(user.0) && self.is_member_as_before(user, last, hearing.group)
    }

    fn is_member_as_before(&self, user: UserId, last: &mut Membership, group: Id) -> bool {
        let now = Membership {
            group,
            departures: self.departures,
        };
        if *last == now && now.departures != Membership::NEVER {
            return true;
        }
        let is_member = (self.groups.get(group)).is_some_and(|g| g.members.has(user.0));
        if is_member {
            *last = now;
        }
        is_member
    }

    /// Finds somebody. Never fails: of strangers the directory knows nothing but the enterprise.
    pub fn find(&self, user: UserName<'_>) -> Person<'_> {
        let enterprise = self.enterprises.find_again(0, user.eid);
        let id = enterprise.and_then(|e| self.users.find(e, user.uid));
        Person {
            directory: self,
            enterprise,
            user: id.and_then(|id| Some((id, self.users.get(id)?))),
        }
    }

    /// Whether the user may do anything at all.
    pub fn is_active(&self, user: UserName<'_>) -> bool {
        self.find(user).standing() == Standing::Active
    }

    /// Whether a login of the user may be believed: a user whom the directory does not hold may be newer than it.
    pub fn may_log_in(&self, user: UserName<'_>) -> bool {
        !matches!(
            self.find(user).standing(),
            Standing::Removed | Standing::Suspended
        )
    }

    /// Whether the user was removed.
    pub fn is_removed(&self, user: UserName<'_>) -> bool {
        self.find(user).standing() == Standing::Removed
    }

    /// Whether the user is in the group `gid` of the user's enterprise.
    pub fn is_member(&self, user: UserName<'_>, gid: &str) -> bool {
        self.find(user).is_member(gid)
    }

    /// Whether two users are linked.
    pub fn is_partner(&self, a: UserName<'_>, b: UserName<'_>) -> bool {
        self.find(a).is_partner(b)
    }

    /// Whether the user may publish to the notice channel.
    pub fn has_channel(&self, user: UserName<'_>, channel: &str) -> bool {
        self.find(user).has_channel(channel)
    }

    /// Whether the user holds the role.
    pub fn has_role(&self, user: UserName<'_>, role: &str) -> bool {
        self.find(user).has_role(role)
    }

    /// Whether the enterprise is suspended.
    pub fn is_suspended(&self, eid: &str) -> bool {
        self.enterprises
            .find(0, eid)
            .is_some_and(|id| self.is_suspended_id(id))
    }

    /// The members (uids) of a group; nothing when there is no such group.
    pub fn members<'d>(&'d self, eid: &str, gid: &str) -> impl Iterator<Item = &'d str> {
        let group = self.group_id(eid, gid).and_then(|id| self.groups.get(id));
        let ids = group.into_iter().flat_map(|g| g.members.iter());
        ids.filter_map(|id| Some(&*self.users.get(id)?.uid))
    }

    pub(super) fn group_id(&self, eid: &str, gid: &str) -> Option<Id> {
        let enterprise = self.enterprises.find(0, eid)?;
        self.groups.find(enterprise, gid)
    }

    /// Of somebody whose enterprise is not suspended.
    fn standing_of(&self, state: Option<State>) -> Standing {
        match state {
            Some(State::Removed) => Standing::Removed,
            Some(State::Login | State::Directory) => Standing::Active,
            Some(State::Named) | None if self.complete => Standing::NotInDirectory,
            Some(State::Named) | None => Standing::Active,
        }
    }

    fn is_suspended_id(&self, enterprise: Id) -> bool {
        self.enterprises
            .get(enterprise)
            .is_some_and(|e| e.suspended)
    }
}

impl<'d> Person<'d> {
    /// Where the directory keeps the person.
    pub fn id(&self) -> Option<UserId> {
        self.user.map(|(id, _)| UserId(id))
    }

    /// Whether the person may do anything at all, and if not, why.
    pub fn standing(&self) -> Standing {
        if self
            .enterprise
            .is_some_and(|e| self.directory.is_suspended_id(e))
        {
            return Standing::Suspended;
        }
        self.directory
            .standing_of(self.user.map(|(_, user)| user.state))
    }

    /// Whether rights of the person's own are known, beyond the name.
    pub fn is_known(&self) -> bool {
        self.user.is_some_and(|(_, user)| user.is_known())
    }

    /// Whether it is the feed or a directory that told of the person.
    pub fn is_of_directory(&self) -> bool {
        self.user
            .is_some_and(|(_, user)| user.state == State::Directory)
    }

    /// Whether the person is in the group `gid` of the own enterprise.
    pub fn is_member(&self, gid: &str) -> bool {
        let (Some(enterprise), Some((_, user))) = (self.enterprise, self.user) else {
            return false;
        };
        let group = self.directory.groups.find_again(enterprise, gid);
        group.is_some_and(|group| user.groups.has(group))
    }

    /// Whether the person is linked to `other`.
    pub fn is_partner(&self, other: UserName<'_>) -> bool {
        let Some((_, user)) = self.user else {
            return false;
        };
        !user.partners.is_empty()
            && (self.directory.find_id(other)).is_some_and(|id| user.partners.has(id))
    }

    /// Whether the person may publish to the notice channel.
    pub fn has_channel(&self, channel: &str) -> bool {
        let channels = self.profile().map_or(&[][..], |p| &p.channels);
        channels.iter().any(|held| channel_covers(held, channel))
    }

    /// Whether the person holds the role.
    pub fn has_role(&self, role: &str) -> bool {
        let roles = self.profile().map_or(&[][..], |p| &p.roles);
        roles.iter().any(|held| **held == *role)
    }

    /// The roles that the person holds.
    pub fn roles(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.profile()
            .into_iter()
            .flat_map(|p| p.roles.iter().map(|role| &**role))
    }

    /// The notice channels that the person may publish to, as they are held.
    pub fn channels(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        let held = self.profile().into_iter().flat_map(|p| p.channels.iter());
        held.map(|channel| &**channel)
    }

    /// The kinds of device that the person has been seen with.
    pub fn kinds(&self) -> Kinds {
        self.user.map_or(Kinds::NONE, |(_, user)| user.kinds)
    }

    /// The gids of the person's groups.
    pub fn groups(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        let directory = self.directory;
        let ids = self
            .user
            .into_iter()
            .flat_map(|(_, user)| user.groups.iter());
        ids.filter_map(|id| Some(&*directory.groups.get(id)?.gid))
    }

    /// The persons' partners.
    pub fn partners(&self) -> impl Iterator<Item = UserName<'d>> + use<'d> {
        let directory = self.directory;
        let ids = self
            .user
            .into_iter()
            .flat_map(|(_, user)| user.partners.iter());
        ids.filter_map(|id| {
            let user = directory.users.get(id)?;
            let eid = &*directory.enterprises.get(user.enterprise)?.eid;
            Some(UserName {
                uid: &user.uid,
                eid,
            })
        })
    }

    fn profile(&self) -> Option<&'d Profile> {
        self.user?.1.profile.as_deref()
    }
}

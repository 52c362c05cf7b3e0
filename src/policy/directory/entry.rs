//! The entries of the directory: enterprises, users, groups, and the role and channel lists users share.
//!
//! Room 4, pure. Most users of an enterprise hold the same roles and channels, so those lists are kept once.

use std::sync::Arc;

use hashbrown::HashSet;
use smol_str::SmolStr;

use super::table::{Id, IdSet, LinkSet, Named};
use crate::policy::filter::Filter;
use crate::policy::rights::{Account, Kinds};
use crate::protocol::name;

#[derive(Debug)]
pub(super) struct Enterprise {
    pub(super) eid: SmolStr,
    pub(super) suspended: bool,
    /// The generation in which the suspension was last told.
    pub(super) suspended_in: u32,
}

impl Named for Enterprise {
    fn key(&self) -> (Id, &str) {
        (0, &self.eid)
    }
}

/// What the directory knows a user from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Only named: by a group, a partner link or a live session.
    Named,
    /// An introspection answer; may be evicted.
    Login,
    /// The feed or a directory snapshot.
    Directory,
    /// Removed by the feed: a tombstone that a late introspection answer cannot lift.
    Removed,
}

/// One line of the processor's cache: of 100,000 users the one who is asked about is mostly not in it.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct User {
    /// In place when it is at most 23 bytes: finding a user then touches one piece of memory less.
    pub(super) uid: SmolStr,
    pub(super) enterprise: Id,
    pub(super) state: State,
    pub(super) kinds: Kinds,
    /// Live sessions; at the greatest number they are not counted any more.
    pub(super) pins: u16,
    /// The generation in which the feed or a snapshot last told of the user.
    pub(super) told_in: u32,
    /// Place in the order of eviction; 0: none yet.
    pub(super) stamp: u32,
    pub(super) profile: Option<Arc<Profile>>,
    pub(super) groups: IdSet,
    pub(super) partners: LinkSet,
}

const _: () = assert!(size_of::<Option<User>>() == 64);

impl Named for User {
    fn key(&self) -> (Id, &str) {
        (self.enterprise, &self.uid)
    }
}

impl User {
    pub(super) fn named(enterprise: Id, uid: &str) -> User {
        User {
            uid: uid.into(),
            enterprise,
            state: State::Named,
            kinds: Kinds::NONE,
            pins: 0,
            told_in: 0,
            stamp: 0,
            profile: None,
            groups: IdSet::default(),
            partners: LinkSet::default(),
        }
    }

    /// Whether nothing speaks for keeping the entry.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Named
            && self.pins == 0
            && self.groups.is_empty()
            && self.partners.is_empty()
    }

    /// Whether rights of the user's own are known.
    pub(super) fn is_known(&self) -> bool {
        matches!(self.state, State::Login | State::Directory)
    }
}

#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Group {
    pub(super) gid: SmolStr,
    pub(super) enterprise: Id,
    /// Told by the feed, not put together from logins.
    pub(super) from_directory: bool,
    /// The generation in which it was last told.
    pub(super) told_in: u32,
    pub(super) members: IdSet,
}

impl Named for Group {
    fn key(&self) -> (Id, &str) {
        (self.enterprise, &self.gid)
    }
}

/// Roles and channels, sorted.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Profile {
    pub(super) roles: Box<[Box<str>]>,
    pub(super) channels: Box<[Box<str>]>,
}

/// Every [`Profile`] once.
#[derive(Debug, Default)]
pub(super) struct Profiles(HashSet<Arc<Profile>>);

impl Profiles {
    pub(super) fn share(&mut self, account: &Account) -> Option<Arc<Profile>> {
        let profile = Profile {
            roles: sorted(&account.roles, name::is_valid),
            channels: sorted(&account.channels, is_channel),
        };
        if profile.roles.is_empty() && profile.channels.is_empty() {
            return None;
        }
        Some(Arc::clone(self.0.get_or_insert_with(&profile, |_| {
            Arc::new(Profile {
                roles: profile.roles.clone(),
                channels: profile.channels.clone(),
            })
        })))
    }

    /// Forgets the profile if the one given up was its last use.
    pub(super) fn give_up(&mut self, profile: Option<Arc<Profile>>) {
        let Some(profile) = profile else { return };
        if Arc::strong_count(&profile) <= 2 {
            self.0.remove(&profile);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn sorted(words: &[String], good: impl Fn(&str) -> bool) -> Box<[Box<str>]> {
    let mut kept: Vec<Box<str>> = words
        .iter()
        .filter(|w| good(w))
        .map(|w| w.as_str().into())
        .collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into()
}

/// A channel, or `#` or `{channel}/#`; never `+`.
fn is_channel(held: &str) -> bool {
    !held.contains('+') && Filter::parse(held).is_ok_and(|f| f.share().is_none())
}

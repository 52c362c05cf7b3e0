//! What a change of the directory means for those who are here: sessions end, subscriptions come and go,
//! retained messages of topics that are no more are cleared.
//!
//! Changes come one by one over the feed, or all together in a load (`policy::directory::load`), which is
//! taken in beside everything else, some lines at a time.

use super::feed::kicks;
use super::{Effect, Engine, Level, Publication};
use crate::policy::{Account, Gone};
use crate::protocol::contract::{DirectoryStep, Entitlements, FeedEvent};
use crate::protocol::{Topic, UserName};

/// Entries looked at in one turn of the sweep that follows a load.
const SWEPT_AT_ONCE: u32 = 500;

impl Engine {
    /// Takes in a step of a load.
    pub fn directory_step(&mut self, step: DirectoryStep) -> Vec<Effect> {
        match step {
            DirectoryStep::Begin => {
                self.directory.change().begin_load();
                Vec::new()
            }
            DirectoryStep::Entries(lines) => {
                lines.into_iter().flat_map(|line| self.line(line)).collect()
            }
            DirectoryStep::Again(events) => events
                .into_iter()
                .flat_map(|event| self.directory_event(event))
                .collect(),
            DirectoryStep::End => {
                self.directory.change().end_load();
                Vec::new()
            }
        }
    }

    /// A line of the directory. That an enterprise is there does not lift its suspension: the line that
    /// tells of one comes after it, and nobody must slip in between.
    fn line(&mut self, line: FeedEvent) -> Vec<Effect> {
        if let FeedEvent::EnterpriseUpserted { eid } = line {
            self.directory.change().name_enterprise(&eid);
            return Vec::new();
        }
        self.directory_event(line)
    }

    /// Goes on with the sweep after a load; true while there is more to do.
    pub fn sweep(&mut self, effects: &mut Vec<Effect>) -> bool {
        if !self.directory.is_sweeping() {
            return false;
        }
        for gone in self.directory.change().sweep(SWEPT_AT_ONCE) {
            effects.extend(self.gone(gone));
        }
        let more = self.directory.is_sweeping();
        if !more {
            let (users, groups) = (self.directory.user_count(), self.directory.group_count());
            let text = format!("directory: {users} users, {groups} groups");
            effects.push(Effect::Log(Level::Notice, text));
        }
        more
    }

    fn gone(&mut self, gone: Gone) -> Vec<Effect> {
        self.directory_event(match gone {
            Gone::Membership { eid, gid, uid } => {
                let user = UserName {
                    uid: &uid,
                    eid: &eid,
                };
                self.directory.change().left_group(user, &gid);
                let group = Topic::Group {
                    eid: &eid,
                    gid: &gid,
                };
                return self.unsubscribe(user, group);
            }
            Gone::Suspension { eid } => FeedEvent::EnterpriseUpserted { eid },
            Gone::User { eid, uid } => FeedEvent::UserRemoved { eid, uid },
            Gone::Group { eid, gid } => FeedEvent::GroupRemoved { eid, gid },
            Gone::Link { a, b } => FeedEvent::PartnerUnlinked { a, b },
        })
    }

    /// Applies a change of the directory.
    pub(super) fn directory_event(&mut self, event: FeedEvent) -> Vec<Effect> {
        match event {
            FeedEvent::UserUpserted {
                eid,
                uid,
                entitlements,
            } => {
                let (uid, eid) = (&uid, &eid);
                self.upsert_user(UserName { uid, eid }, entitlements);
                Vec::new()
            }
            FeedEvent::UserRemoved { eid, uid } => {
                let (uid, eid) = (&uid, &eid);
                self.remove_user(UserName { uid, eid })
            }
            FeedEvent::EnterpriseUpserted { eid } => {
                self.directory.change().restore_enterprise(&eid);
                Vec::new()
            }
            FeedEvent::EnterpriseSuspended { eid } => self.suspend(&eid),
            FeedEvent::GroupUpserted { eid, gid, members } => {
                self.upsert_group(&eid, &gid, &members)
            }
            FeedEvent::GroupRemoved { eid, gid } => self.remove_group(&eid, &gid),
            FeedEvent::PartnerLinked { a, b } => self.link(&a, &b),
            FeedEvent::PartnerUnlinked { a, b } => self.unlink(&a, &b),
            _ => Vec::new(),
        }
    }

    fn upsert_user(&mut self, user: UserName<'_>, entitlements: Option<Entitlements>) {
        let Entitlements {
            roles, channels, ..
        } = entitlements.unwrap_or_default();
        let kinds = self.directory.find(user).kinds();
        self.directory.change().upsert_user(
            user,
            &Account {
                kinds,
                roles,
                channels,
            },
        );
    }

    fn remove_user(&mut self, user: UserName<'_>) -> Vec<Effect> {
        let mut effects = self.unsubscribe_all(user);
        self.directory.change().remove_user(user);
        self.tokens.forget_user(user);
        effects.extend(kicks(self.sessions.of_user(user, None), "user removed"));
        self.presence_forgotten(user);
        let UserName { uid, eid } = user;
        for topic in [
            Topic::Presence { eid, uid },
            Topic::Signature { eid, uid },
            Topic::Inbox { eid, uid },
            Topic::SysNoticeUser { eid, uid },
        ] {
            effects.push(clear(topic));
        }
        let notices = Topic::SysNoticeUser { eid, uid };
        self.retained.forget(&notices.to_string());
        self.waiting.forget_user(&user.to_string());
        effects
    }

    fn suspend(&mut self, eid: &str) -> Vec<Effect> {
        self.directory.change().suspend_enterprise(eid);
        self.tokens.forget_if(|grant| grant.eid == eid);
        kicks(self.sessions.of_enterprise(eid), "enterprise suspended")
    }

    fn upsert_group(&mut self, eid: &str, gid: &str, members: &[String]) -> Vec<Effect> {
        let members = members.iter().map(String::as_str);
        let change = self.directory.change().group_upserted(eid, gid, members);
        let mut effects = Vec::new();
        for uid in &change.left {
            effects.extend(self.unsubscribe(UserName { uid, eid }, Topic::Group { eid, gid }));
        }
        for uid in &change.joined {
            effects.extend(self.subscribe(UserName { uid, eid }, Topic::Group { eid, gid }));
        }
        effects
    }

    fn remove_group(&mut self, eid: &str, gid: &str) -> Vec<Effect> {
        let change = self.directory.change().group_removed(eid, gid);
        let mut effects = vec![clear(Topic::Group { eid, gid })];
        for uid in &change.left {
            effects.extend(self.unsubscribe(UserName { uid, eid }, Topic::Group { eid, gid }));
        }
        effects
    }

    fn link(&mut self, a: &str, b: &str) -> Vec<Effect> {
        if let (Ok(a), Ok(b)) = (UserName::parse(a), UserName::parse(b)) {
            self.directory.change().partner_linked(a, b);
        }
        Vec::new()
    }

    fn unlink(&mut self, a: &str, b: &str) -> Vec<Effect> {
        let (Ok(a), Ok(b)) = (UserName::parse(a), UserName::parse(b)) else {
            return Vec::new();
        };
        self.directory.change().partner_unlinked(a, b);
        let mut effects = Vec::new();
        for (one, other) in [(a, b), (b, a)] {
            let UserName { uid, eid } = other;
            effects.extend(self.unsubscribe(one, Topic::Presence { eid, uid }));
            effects.extend(self.unsubscribe(one, Topic::Signature { eid, uid }));
        }
        effects
    }
}

/// Takes a retained message away.
fn clear(topic: Topic<'_>) -> Effect {
    Effect::Publish(Publication {
        to: None,
        topic: topic.to_string(),
        payload: Vec::new(),
        qos: 0,
        retain: true,
        expiry_s: 0,
    })
}

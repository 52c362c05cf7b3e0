//! What an event of the control feed means for tokens, sessions, directory and receivers.

use std::rc::Rc;

use super::{Effect, Engine, Level, Now, Origin, Publication, TokenDigest};
use crate::policy::Account;
use crate::protocol::contract::{Entitlements, FeedEvent, Scope, SystemNotice};
use crate::protocol::{Topic, UserName};

/// Revoked tokens remembered, against an answer that was on its way when the token was revoked.
const MAX_REVOKED: usize = 100_000;

impl Engine {
    /// Applies one event.
    pub fn feed_event(&mut self, event: FeedEvent, now: Now) -> Vec<Effect> {
        match event {
            FeedEvent::TokenIssued { digest, grant } => {
                self.learn(digest, Rc::new(grant), Origin::Announced, now);
                self.announced(&digest)
            }
            FeedEvent::TokenRevoked { digest } => self.revoke(digest),
            FeedEvent::SessionKick {
                eid,
                uid,
                device,
                reason,
            } => self.kick_user(
                UserName {
                    uid: &uid,
                    eid: &eid,
                },
                device.as_deref(),
                &reason,
            ),
            FeedEvent::UserUpserted {
                eid,
                uid,
                entitlements,
            } => {
                self.upsert_user(
                    UserName {
                        uid: &uid,
                        eid: &eid,
                    },
                    entitlements,
                );
                Vec::new()
            }
            FeedEvent::UserRemoved { eid, uid } => self.remove_user(UserName {
                uid: &uid,
                eid: &eid,
            }),
            FeedEvent::EnterpriseUpserted { eid } => {
                self.directory.restore_enterprise(&eid);
                Vec::new()
            }
            FeedEvent::EnterpriseSuspended { eid } => self.suspend(&eid),
            FeedEvent::GroupUpserted { eid, gid, members } => {
                self.directory
                    .group_upserted(&eid, &gid, members.iter().map(String::as_str));
                Vec::new()
            }
            FeedEvent::GroupRemoved { eid, gid } => {
                self.directory.group_removed(&eid, &gid);
                Vec::new()
            }
            FeedEvent::PartnerLinked { a, b } => self.partners(&a, &b, true),
            FeedEvent::PartnerUnlinked { a, b } => self.partners(&a, &b, false),
            FeedEvent::Notice(notice) => self.notice(notice, now),
            FeedEvent::SnapshotRequired => self.lost_track(),
        }
    }

    /// An event that could not be read. If it may have taken a right away, nothing that was known before is
    /// believed any longer.
    pub fn unreadable_event(&mut self, why: &str, withdraws: bool) -> Vec<Effect> {
        let mut effects = vec![Effect::Log(Level::Error, format!("control feed: {why}"))];
        if withdraws {
            effects.extend(self.lost_track());
        }
        effects
    }

    /// Ends the sessions that logged in with a token.
    pub(super) fn kick_token(&mut self, digest: &TokenDigest, reason: &str) -> Vec<Effect> {
        kicks(self.sessions.of_token(digest), reason)
    }

    fn revoke(&mut self, digest: TokenDigest) -> Vec<Effect> {
        self.tokens.forget(&digest);
        self.revoked.put(digest, ());
        if self.revoked.len() > MAX_REVOKED {
            self.revoked.pop_lru();
        }
        self.kick_token(&digest, "login token revoked")
    }

    fn kick_user(&mut self, user: UserName<'_>, device: Option<&str>, reason: &str) -> Vec<Effect> {
        let reason = if reason.is_empty() {
            "kicked by the static service"
        } else {
            reason
        };
        kicks(self.sessions.of_user(user, device), reason)
    }

    fn upsert_user(&mut self, user: UserName<'_>, entitlements: Option<Entitlements>) {
        let Entitlements {
            roles, channels, ..
        } = entitlements.unwrap_or_default();
        let kinds = self.directory.find(user).kinds();
        self.directory.upsert_user(
            user,
            &Account {
                kinds,
                roles,
                channels,
            },
        );
    }

    fn remove_user(&mut self, user: UserName<'_>) -> Vec<Effect> {
        self.directory.remove_user(user);
        self.tokens.forget_if(|grant| grant.user() == user);
        kicks(self.sessions.of_user(user, None), "user removed")
    }

    fn suspend(&mut self, eid: &str) -> Vec<Effect> {
        self.directory.suspend_enterprise(eid);
        self.tokens.forget_if(|grant| grant.eid == eid);
        kicks(self.sessions.of_enterprise(eid), "enterprise suspended")
    }

    fn partners(&mut self, a: &str, b: &str, linked: bool) -> Vec<Effect> {
        if let (Ok(a), Ok(b)) = (UserName::parse(a), UserName::parse(b)) {
            if linked {
                self.directory.partner_linked(a, b);
            } else {
                self.directory.partner_unlinked(a, b);
            }
        }
        Vec::new()
    }

    /// Events were lost, and a revocation may be among them: known tokens are checked again, and the
    /// sessions are ended little by little, so that each logs in anew and no storm arises.
    fn lost_track(&mut self) -> Vec<Effect> {
        self.tokens.forget_if(|_| true);
        self.recheck = self.sessions.all();
        let sessions = self.recheck.len();
        let text = format!(
            "control feed: events were lost; known login tokens are forgotten, and {sessions} sessions will \
             have to log in anew within a minute"
        );
        vec![Effect::Log(Level::Warning, text)]
    }

    fn notice(&mut self, mut notice: SystemNotice, now: Now) -> Vec<Effect> {
        if notice.notice.time == 0 {
            notice.notice.time = now.unix_ms;
        }
        let payload = notice.notice.encode();
        let publish = |topic: Topic<'_>| {
            Effect::Publish(Publication {
                to: None,
                topic: topic.to_string(),
                payload: payload.clone(),
                qos: 1,
                retain: notice.retain,
                expiry_s: notice.expiry_s,
            })
        };
        match &notice.scope {
            Scope::All => vec![publish(Topic::SysNotice)],
            Scope::Enterprise { eid } => vec![publish(Topic::SysNoticeEnterprise { eid })],
            Scope::User { eid, uid } => vec![publish(Topic::SysNoticeUser { eid, uid })],
            Scope::Group { eid, gid } => {
                let members = self.directory.members(eid, gid);
                members
                    .map(|uid| publish(Topic::SysNoticeUser { eid, uid }))
                    .collect()
            }
        }
    }
}

fn kicks(client_ids: Vec<Box<str>>, reason: &str) -> Vec<Effect> {
    client_ids
        .into_iter()
        .map(|client_id| Effect::Kick {
            client_id,
            reason: reason.to_owned(),
        })
        .collect()
}

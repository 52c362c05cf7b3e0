//! What an event of the control feed means for tokens, sessions and receivers; those that tell of the directory
//! go on to `directory`.

use std::rc::Rc;

use super::{Effect, Engine, Event, Level, Now, Origin, Publication, TokenDigest};
use crate::protocol::contract::{FeedEvent, Scope, SystemNotice};
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
            } => {
                let (uid, eid) = (&uid, &eid);
                self.kick_user(UserName { uid, eid }, device.as_deref(), &reason)
            }
            FeedEvent::Notice(notice) => self.notice(notice, now),
            FeedEvent::SnapshotRequired => self.lost_track(now),
            change => {
                self.record_change(&change, now);
                self.directory_event(change)
            }
        }
    }

    /// An event that could not be read. If it may have taken a right away, nothing that was known before is
    /// believed any longer.
    pub fn unreadable_event(&mut self, why: &str, withdraws: bool, now: Now) -> Vec<Effect> {
        let mut effects = vec![Effect::Log(Level::Error, format!("control feed: {why}"))];
        if withdraws {
            effects.extend(self.lost_track(now));
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

    pub(super) fn kick_user(
        &mut self,
        user: UserName<'_>,
        device: Option<&str>,
        reason: &str,
    ) -> Vec<Effect> {
        let reason = if reason.is_empty() {
            "kicked by the static service"
        } else {
            reason
        };
        kicks(self.sessions.of_user(user, device), reason)
    }

    /// Events were lost, and a revocation may be among them: known tokens are checked again, and the
    /// sessions are ended little by little, so that each logs in anew and no storm arises.
    fn lost_track(&mut self, now: Now) -> Vec<Effect> {
        self.tokens.forget_if(|_| true);
        self.recheck = self.sessions.all();
        let sessions = self.recheck.len();
        self.counts.feed_lost += 1;
        self.put_on_record(Event::FeedLost { sessions }, now);
        let text = format!(
            "control feed: events were lost; known login tokens are forgotten, and {sessions} sessions will \
             have to log in anew within a minute"
        );
        vec![Effect::Log(Level::Warning, text)]
    }

    pub(super) fn notice(&mut self, mut notice: SystemNotice, now: Now) -> Vec<Effect> {
        if notice.notice.time == 0 {
            notice.notice.time = now.unix_ms;
        }
        let event = Event::Notice {
            id: notice.notice.id.clone(),
            kind: notice.notice.kind.clone(),
            scope: notice.scope.clone(),
        };
        self.counts.notices += 1;
        self.put_on_record(event, now);
        let payload = notice.notice.encode();
        let publications = self.topics_of(&notice.scope).into_iter();
        let publications = publications.map(|topic| Publication {
            to: None,
            topic,
            payload: payload.clone(),
            qos: 1,
            retain: notice.retain,
            expiry_s: notice.expiry_s,
        });
        publications
            .map(|publication| {
                self.keep_notice_for_hand(&publication);
                self.keep_notice_over_restarts(&publication, now);
                Effect::Publish(publication)
            })
            .collect()
    }

    fn topics_of(&self, scope: &Scope) -> Vec<String> {
        match scope {
            Scope::All => vec![Topic::SysNotice.to_string()],
            Scope::Enterprise { eid } => vec![Topic::SysNoticeEnterprise { eid }.to_string()],
            Scope::User { eid, uid } => vec![Topic::SysNoticeUser { eid, uid }.to_string()],
            Scope::Group { eid, gid } => {
                let members = self.directory.members(eid, gid);
                members
                    .map(|uid| Topic::SysNoticeUser { eid, uid }.to_string())
                    .collect()
            }
        }
    }
}

pub(super) fn kicks(client_ids: Vec<Box<str>>, reason: &str) -> Vec<Effect> {
    client_ids
        .into_iter()
        .map(|client_id| Effect::Kick {
            client_id,
            reason: reason.to_owned(),
        })
        .collect()
}

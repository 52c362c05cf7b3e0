//! What operators' commands do. Their shape stands in `protocol::control`.

use serde_json::{Value, json};

use super::{Effect, Engine, Now, Publication, Session};
use crate::protocol::UserName;
use crate::protocol::contract::SystemNotice;
use crate::protocol::control::Command;
use crate::protocol::topic::CONTROL_RESPONSE;

/// What a command came to: data for the answer, and what is to be done from TICK.
pub type Done = Result<(Option<Value>, Vec<Effect>), String>;

impl Engine {
    /// Whether a client may give commands: the broker has asked before, but this is worth asking twice.
    pub fn is_operator(&self, username: &str) -> bool {
        use crate::policy::rights::OPERATOR;
        let user = UserName::parse(username);
        user.is_ok_and(|user| {
            self.directory.is_active(user) && self.directory.has_role(user, OPERATOR)
        })
    }

    /// Carries a command out. `ReloadPolicy` reads a file, which is not this room's business.
    pub fn command(&mut self, command: Command, now: Now) -> Done {
        match command {
            Command::SendNotice(notice) => Ok(self.send_notice(*notice, now)),
            Command::KickUser {
                eid,
                uid,
                device,
                reason,
            } => {
                let (uid, eid) = (&uid, &eid);
                let kicks = self.kick_user(UserName { uid, eid }, device.as_deref(), &reason);
                Ok((Some(json!({ "sessions": kicks.len() })), kicks))
            }
            Command::ListSessions {
                eid,
                uid,
                count,
                offset,
            } => Ok((
                Some(self.list_sessions(eid.as_deref(), uid.as_deref(), count, offset)),
                Vec::new(),
            )),
            Command::GetStatus => Ok((Some(self.status()), Vec::new())),
            Command::Explain(question) => Ok((Some(self.explain(&question)), Vec::new())),
            Command::ReloadPolicy => Err("cannot be done here".to_owned()),
        }
    }

    /// The answer on its way to the client that asked, subscribed or not.
    pub fn control_answer(client_id: &str, payload: Vec<u8>) -> Effect {
        Effect::Publish(Publication {
            to: Some(client_id.into()),
            topic: CONTROL_RESPONSE.to_owned(),
            payload,
            qos: 1,
            retain: false,
            expiry_s: 0,
        })
    }

    fn send_notice(&mut self, mut notice: SystemNotice, now: Now) -> (Option<Value>, Vec<Effect>) {
        if notice.notice.id.is_empty() {
            notice.notice.id = self.notice_id("operator", now);
        }
        let data = json!({ "id": notice.notice.id });
        (Some(data), self.notice(notice, now))
    }

    fn list_sessions(
        &self,
        eid: Option<&str>,
        uid: Option<&str>,
        count: usize,
        offset: usize,
    ) -> Value {
        let wanted = |session: &&Session| {
            let name = session.name();
            name.is_some_and(|name| {
                eid.is_none_or(|eid| name.user.eid == eid)
                    && uid.is_none_or(|uid| name.user.uid == uid)
            })
        };
        let mut found: Vec<&Session> = self.sessions.iter().filter(wanted).collect();
        found.sort_unstable_by(|a, b| a.client_id.cmp(&b.client_id));
        let shown = found.iter().skip(offset).take(count).map(|session| {
            json!({
                "clientId": session.client_id,
                "kind": session.kind.as_str(),
                "expires": session.exp_s,
            })
        });
        let sessions: Vec<Value> = shown.collect();
        json!({ "total": found.len(), "sessions": sessions })
    }

    pub(super) fn status(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "sessions": self.sessions.len(),
            "pendingLogins": self.pending.len(),
            "knownTokens": self.tokens.len(),
            "directory": {
                "complete": self.directory.is_complete(),
                "users": self.directory.user_count(),
                "groups": self.directory.group_count(),
            },
            "policyRules": self.policy.rules().len(),
            "feed": self.feed_live,
            "staticService": self.reachable,
        })
    }
}

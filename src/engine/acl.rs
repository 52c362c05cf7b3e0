//! The decision about a publish, a delivery or a subscription, and what a refused sender is told.

use super::echo::may_echo;
use super::{Effect, Engine, Event, Level, Now, Payloads, Place, Publication, Refused};
use crate::policy::{Decision, Kind, PayloadError, Reason, Subject, check_payload, has_rules};
use crate::protocol::{Notice, SessionId, SessionName, Topic, UserName};

/// What a client wants to do with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Receive a message on it.
    Receive,
    /// Publish to it.
    Publish,
    /// Subscribe to the filter.
    Subscribe,
    /// Drop a subscription.
    Unsubscribe,
}

/// One question of the broker.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The connection; never a logged-in one when the broker asks about a session at rest.
    pub place: Place,
    /// The client id, of which the user name is the beginning.
    pub client: SessionId<'a>,
    /// What for.
    pub access: Access,
    /// Topic name, or filter.
    pub topic: &'a str,
    /// The payload of a message.
    pub payload: &'a [u8],
    /// The quality of service of a message.
    pub qos: u8,
    /// The broker asks about the sender of a message that it keeps, not about somebody who is there.
    pub sender_at_rest: bool,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// Why not; put into words only when somebody reads them.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denial {
    #[error("{0}")]
    Right(Reason),
    #[error("{0}")]
    Payload(PayloadError),
    #[error("Mosquitto 1.4 does not show what is published, so it cannot be checked")]
    Unseen,
}

impl Engine {
    /// Decides. Never looks at anything but the names, the directory and the policy: the broker also
    /// asks about sessions restored from disk and about the senders of retained messages. The time is
    /// looked up only when something is refused.
    pub fn acl(&mut self, query: &Query<'_>, now: impl FnOnce() -> Now) -> Ruling {
        let ruling = self.rule(query, now);
        let allowed = ruling == Ruling::Allow;
        self.counts.decisions.count(query.access, allowed);
        ruling
    }

    fn rule(&mut self, query: &Query<'_>, now: impl FnOnce() -> Now) -> Ruling {
        let session = query.client.name();
        let topic = Topic::parse(query.topic);
        let subject = self.subject(query, topic);
        if query.access == Access::Publish && self.is_will_of_presence(query, topic, session) {
            return Ruling::Deny;
        }
        match self.judge(&subject, query, topic) {
            Ok(()) => {
                self.get_acquainted(query);
                self.follow(query, topic, session, now)
            }
            Err(denial) => {
                if query.access != Access::Receive {
                    self.tell_refused(query, session.user, &denial.to_string(), now());
                }
                Ruling::Deny
            }
        }
    }

    /// Who asks, as the policy wants to know.
    pub(super) fn subject<'q>(&self, query: &Query<'q>, topic: Topic<'_>) -> Subject<'q> {
        let SessionName { user, device } = query.client.name();
        let kind = self.kind_of(query, topic);
        Subject { user, device, kind }
    }

    /// The kind of the device, where it can matter: what the table says holds for all kinds, but for messages between a
    /// user's own devices.
    pub(super) fn kind_of(&self, query: &Query<'_>, topic: Topic<'_>) -> Option<Kind> {
        let between_own = || query.access == Access::Publish && is_inbox_of(topic, query.client);
        if self.policy.rules().is_empty() && !between_own() {
            return None;
        }
        if self.config.shadow {
            return self.shadow.kind_of(query.client.text());
        }
        self.sessions
            .get(query.place.conn)
            .map(|session| session.kind)
    }

    /// What follows from what is allowed; a delivery may still be one too many.
    fn follow(
        &mut self,
        query: &Query<'_>,
        topic: Topic<'_>,
        own: SessionName<'_>,
        now: impl FnOnce() -> Now,
    ) -> Ruling {
        match query.access {
            Access::Receive => return self.deliver(query, topic, own),
            Access::Publish => self.published(query, topic, own, now),
            // Who shares a subscription takes from those who had it alone.
            Access::Subscribe => drop(self.sessions.change()),
            Access::Unsubscribe => self.sessions.change().note_inbox(query.place.conn, false),
        }
        Ruling::Allow
    }

    fn published(
        &mut self,
        query: &Query<'_>,
        topic: Topic<'_>,
        own: SessionName<'_>,
        now: impl FnOnce() -> Now,
    ) {
        if may_echo(topic, own) {
            self.sent
                .remember(query.client.text(), query.topic, query.payload);
        }
        self.presence_said(query, topic, own.user);
        self.keep_for_hand(query, topic, now);
    }

    fn deliver(&mut self, query: &Query<'_>, topic: Topic<'_>, own: SessionName<'_>) -> Ruling {
        if self.is_retained_anew(query, topic) {
            return Ruling::Deny;
        }
        self.seen_by_broker(query, topic);
        if self.comes_by_hand_later(query, topic) {
            return Ruling::Deny;
        }
        let superfluous = match topic {
            Topic::Presence { .. } => self.is_stale_presence(topic, query.payload),
            _ => {
                may_echo(topic, own)
                    && self
                        .sent
                        .is_echo(own, query.client.text(), query.topic, query.payload)
            }
        };
        if superfluous {
            Ruling::Deny
        } else {
            Ruling::Allow
        }
    }

    pub(super) fn judge(
        &self,
        subject: &Subject<'_>,
        query: &Query<'_>,
        topic: Topic<'_>,
    ) -> Result<(), Denial> {
        let (policy, directory) = (&self.policy, &self.directory);
        let decision = match query.access {
            Access::Unsubscribe => policy.may_unsubscribe(),
            Access::Receive => policy.may_receive_on(directory, subject, query.topic, topic),
            Access::Subscribe => policy.may_subscribe(directory, subject, query.topic),
            Access::Publish => policy.may_publish_to(directory, subject, query.topic, topic),
        };
        if let Decision::Deny(reason) = decision {
            return Err(Denial::Right(reason));
        }
        if query.access == Access::Publish {
            self.check_payload(subject, query, topic)?;
        }
        Ok(())
    }

    fn check_payload(
        &self,
        subject: &Subject<'_>,
        query: &Query<'_>,
        topic: Topic<'_>,
    ) -> Result<(), Denial> {
        match self.config.payloads {
            Payloads::Shown => {
                check_payload(topic, subject, query.payload).map_err(Denial::Payload)
            }
            Payloads::Refused if has_rules(topic) => Err(Denial::Unseen),
            Payloads::Refused | Payloads::Trusted => Ok(()),
        }
    }

    /// A line in the log, and for a publish a notice to the sender: MQTT 3.1.1 has no other answer.
    fn tell_refused(&mut self, query: &Query<'_>, user: UserName<'_>, reason: &str, now: Now) {
        let verb = match query.access {
            Access::Publish => "publish",
            _ => "subscribe",
        };
        if self.refusal_logs.pass(query.client.text(), now.mono) {
            let topic = query.topic.escape_debug();
            let text = format!(
                "{}: {verb} to `{topic}` refused: {reason}",
                query.client.text()
            );
            self.later(Effect::Log(Level::Notice, text));
        }
        self.record_refused(query, reason, now);
        let online = self.sessions.get(query.place.conn).is_some();
        if query.access == Access::Publish
            && online
            && self.refusal_notices.pass(query.client.username(), now.mono)
        {
            self.notify_refused(query, user, reason, now);
        }
    }

    fn record_refused(&mut self, query: &Query<'_>, reason: &str, now: Now) {
        let held_back = self.refusal_records.count(query.client.text(), now.mono);
        let Some(unrecorded) = held_back else { return };
        let event = Event::Refused {
            client_id: query.client.text().into(),
            what: match query.access {
                Access::Publish => Refused::Publish,
                _ => Refused::Subscribe,
            },
            topic: query.topic.into(),
            reason: reason.to_owned(),
            unrecorded,
        };
        self.put_on_record(event, now);
    }

    fn notify_refused(&mut self, query: &Query<'_>, user: UserName<'_>, reason: &str, now: Now) {
        let notice = Notice {
            id: self.notice_id("refused", now),
            kind: "message.refused".to_owned(),
            time: now.unix_ms,
            title: "Message refused".to_owned(),
            body: reason.to_owned(),
            data: serde_json::json!({ "topic": query.topic, "reason": reason }),
        };
        self.later(Effect::Publish(own_notice(
            query.client.text(),
            user,
            &notice,
        )));
    }

    /// An id for a notice of the plugin's own.
    pub(super) fn notice_id(&mut self, what: &str, now: Now) -> String {
        self.notice_number += 1;
        format!("{what}-{}-{}", now.unix_ms, self.notice_number)
    }
}

/// A notice of the plugin's own to one client, subscribed or not.
pub(super) fn own_notice(client_id: &str, user: UserName<'_>, notice: &Notice) -> Publication {
    let UserName { uid, eid } = user;
    Publication {
        to: Some(client_id.into()),
        topic: Topic::SysNoticeUser { eid, uid }.to_string(),
        payload: notice.encode(),
        qos: 0,
        retain: false,
        expiry_s: 0,
    }
}

fn is_inbox_of(topic: Topic<'_>, client: SessionId<'_>) -> bool {
    let UserName { uid, eid } = client.name().user;
    topic == Topic::Inbox { eid, uid }
}

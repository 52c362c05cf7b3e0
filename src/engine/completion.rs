//! From a granted login to a session, and to its end.

use std::rc::Rc;

use super::acl::own_notice;
use super::devices::with_key;
use super::pending::Ticket;
use super::{ConnKey, Effect, Engine, Event, Now, Origin, Outcome, Refusal, Session};
use crate::policy::{Account, Kind, Rights};
use crate::protocol::contract::{DeviceKind, Grant, TokenDigest};
use crate::protocol::{Notice, SessionName};

/// A delayed login whose completion the broker is carrying out; a session as soon as it reports it.
pub(super) struct Approved {
    client_id: Box<str>,
    conn: ConnKey,
    digest: TokenDigest,
    grant: Rc<Grant>,
}

/// How a connection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its session may wait for the device.
    Waits,
    /// With its session.
    Over,
    /// Another connection of the client takes its place, and what there is of its session (2.1).
    TakenOver,
}

impl Engine {
    /// A completion's turn has come: what the broker is to be told, or `None` when the login that asked
    /// is gone. A yes is judged once more, since its token may have been revoked in between.
    pub fn redeem(
        &mut self,
        client_id: &str,
        ticket: Ticket,
        outcome: Result<(), Refusal>,
        now: Now,
    ) -> Option<Result<(), Refusal>> {
        let login = self.pending.redeem(client_id, ticket)?;
        let judged =
            outcome.and_then(|()| self.approve(client_id, login.conn, &login.key.digest, now));
        let outcome = match judged {
            Ok(origin) => Outcome::Granted(origin),
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.keep_record(client_id, &login.peer, outcome, now);
        Some(judged.map(|_| ()))
    }

    /// The broker reports a completed login (2.1): a delayed one becomes a session. Gives what the client is
    /// subscribed to, at once: messages may come before the next TICK.
    pub fn connected(&mut self, client_id: &str, now: Now) -> Vec<Effect> {
        if let Some(Approved {
            client_id,
            conn,
            digest,
            grant,
        }) = self
            .approved
            .take_if(|approved| &*approved.client_id == client_id)
        {
            self.begin_session(conn, &client_id, digest, &grant, now);
        }
        self.subscribe_client(client_id)
    }

    /// A client that has logged in wants nothing of a former session: nothing waits for it.
    pub fn begins_anew(&mut self, conn: ConnKey, client_id: &str) {
        if self.has_session(conn) {
            self.waiting.forget(client_id);
        }
    }

    /// The completion is over: what the broker did not report connected had gone before.
    pub fn completed(&mut self) {
        self.approved = None;
    }

    /// A connection has ended. Gives what has to be done at once.
    pub fn disconnected(&mut self, conn: ConnKey, ending: Ending, now: Now) -> Vec<Effect> {
        self.forget_acquaintance(conn);
        let Some(session) = self.sessions.change().end(conn) else {
            return Vec::new();
        };
        let effects = self.subscriptions_ended(&session.client_id, ending);
        if let Some(name) = session.name() {
            self.directory.change().session_ended(name.user);
        }
        if !self.sessions.has_client(&session.client_id) {
            let waits = ending == Ending::Waits;
            self.devices.change().left(&session.client_id, waits);
            self.waiting.left(&session.client_id);
        }
        self.presence_left(conn, &session);
        let client_id = session.client_id;
        self.counts.logouts += 1;
        self.put_on_record(Event::Logout { client_id }, now);
        effects
    }

    /// Tells a user's other devices that one more has logged in.
    fn tell_elsewhere(&mut self, client_id: &str, grant: &Grant, now: Now) {
        let (device, kind) = (&grant.device, grant.kind);
        let notice = Notice {
            id: self.notice_id("login", now),
            kind: "login.elsewhere".to_owned(),
            time: now.unix_ms,
            title: "Logged in on another device".to_owned(),
            body: format!("Your account has logged in on the device {device} ({kind})."),
            data: serde_json::json!({ "device": device, "kind": kind.to_string() }),
        };
        for other in self.sessions.of_user(grant.user(), None) {
            if *other != *client_id {
                let publication = own_notice(&other, grant.user(), &notice);
                self.due.push(Effect::Publish(publication));
            }
        }
    }

    fn approve(
        &mut self,
        client_id: &str,
        conn: ConnKey,
        digest: &TokenDigest,
        now: Now,
    ) -> Result<Origin, Refusal> {
        let name = SessionName::parse(client_id).map_err(Refusal::ClientId)?;
        // Forgotten since the answer: revoked, removed, suspended, or expired.
        let (grant, origin) = self.tokens.good(digest, now).ok_or(Refusal::Inactive)?;
        self.check_grant(name.user, Some(name.device), &grant, now)?;
        if self.config.shadow {
            self.shadow.note(client_id, kind(grant.kind));
            return Ok(origin);
        }
        self.approved = Some(Approved {
            client_id: client_id.into(),
            conn,
            digest: *digest,
            grant,
        });
        Ok(origin)
    }

    pub(super) fn begin_session(
        &mut self,
        conn: ConnKey,
        client_id: &str,
        digest: TokenDigest,
        grant: &Grant,
        now: Now,
    ) {
        drop(self.disconnected(conn, Ending::Waits, now));
        let user = grant.user();
        let first = !with_key(user, |key| self.sessions.is_online(key));
        let new_here =
            !self.devices.change().came(client_id) && !self.sessions.has_client(client_id);
        if new_here {
            self.due.push(Effect::NoteDevice(client_id.into()));
        }
        if new_here && !first {
            self.tell_elsewhere(client_id, grant, now);
        }
        self.sessions.change().begin(
            conn,
            Session {
                client_id: client_id.into(),
                kind: kind(grant.kind),
                digest,
                exp_s: grant.exp_s,
                takes_inbox: false,
            },
        );
        if !self.directory.find(user).is_known()
            && let Some(rights) = rights(grant)
        {
            self.directory.change().recall(user, &rights);
        }
        self.directory.change().session_began(user);
        self.waiting.came(client_id);
        self.presence_came(user, first);
    }
}

/// What the grant says of rights; `None` when it says nothing.
pub(super) fn rights(grant: &Grant) -> Option<Rights> {
    let told = grant.entitlements.as_ref()?;
    Some(Rights {
        account: Account {
            kinds: std::iter::once(kind(grant.kind)).collect(),
            roles: told.roles.clone(),
            channels: told.channels.clone(),
        },
        groups: told.groups.clone(),
        partners: told.partners.clone(),
    })
}

pub(super) fn kind(told: DeviceKind) -> Kind {
    match told {
        DeviceKind::Pc => Kind::Pc,
        DeviceKind::Phone => Kind::Phone,
        DeviceKind::Service => Kind::Service,
    }
}

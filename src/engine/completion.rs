//! From a granted login to a session, and to its end.

use std::rc::Rc;

use super::pending::Ticket;
use super::{ConnKey, Engine, Now, Origin, Outcome, Refusal, Session};
use crate::policy::{Account, Kind, Rights};
use crate::protocol::SessionName;
use crate::protocol::contract::{DeviceKind, Grant, TokenDigest};

/// A delayed login whose completion the broker is carrying out; a session as soon as it reports it.
pub(super) struct Approved {
    client_id: Box<str>,
    conn: ConnKey,
    digest: TokenDigest,
    grant: Rc<Grant>,
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

    /// The broker reports a completed login (2.1): a delayed one becomes a session.
    pub fn connected(&mut self, client_id: &str) {
        if let Some(Approved {
            client_id,
            conn,
            digest,
            grant,
        }) = self
            .approved
            .take_if(|approved| &*approved.client_id == client_id)
        {
            self.begin_session(conn, &client_id, digest, &grant);
        }
    }

    /// The completion is over: what the broker did not report connected had gone before.
    pub fn completed(&mut self) {
        self.approved = None;
    }

    /// A connection has ended.
    pub fn disconnected(&mut self, conn: ConnKey) {
        let Some(session) = self.sessions.end(conn) else {
            return;
        };
        if let Some(name) = session.name() {
            self.directory.session_ended(name.user);
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
        self.check_grant(name, &grant, now)?;
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
    ) {
        self.disconnected(conn);
        self.sessions.begin(
            conn,
            Session {
                client_id: client_id.into(),
                kind: kind(grant.kind),
                digest,
                exp_s: grant.exp_s,
            },
        );
        if let Some(rights) = rights(grant) {
            self.directory.login(grant.user(), &rights);
        }
        self.directory.session_began(grant.user());
    }
}

/// What the grant says of rights; `None` when it says nothing.
fn rights(grant: &Grant) -> Option<Rights> {
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

fn kind(told: DeviceKind) -> Kind {
    match told {
        DeviceKind::Pc => Kind::Pc,
        DeviceKind::Phone => Kind::Phone,
        DeviceKind::Service => Kind::Service,
    }
}

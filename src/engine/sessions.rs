//! The connections that are logged in on this broker, with the ways to find them: by connection, by
//! user, by token, by expiry.
//!
//! Keyed by connection, not by client id: at a takeover the broker reports the new login before the old
//! disconnect, and from 2.0.21 on a refused login also ends in a disconnect that bears the client id.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::ConnKey;
use super::devices::user_part;
use crate::policy::Kind;
use crate::protocol::contract::TokenDigest;
use crate::protocol::{SessionName, UserName};

/// A connection that is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `uid@eid:device`
    pub client_id: Box<str>,
    /// What kind of device it is.
    pub kind: Kind,
    /// The token with which it logged in.
    pub digest: TokenDigest,
    /// When that token expires, Unix seconds.
    pub exp_s: u64,
    /// Whether the broker is known to route the user's inbox to it.
    pub takes_inbox: bool,
}

impl Session {
    /// The name in parts; `None` never happens, since a login checks it.
    pub fn name(&self) -> Option<SessionName<'_>> {
        SessionName::parse(&self.client_id).ok()
    }
}

/// All of them.
#[derive(Default)]
pub struct Sessions {
    by_conn: HashMap<ConnKey, Session>,
    by_user: HashMap<Box<str>, Vec<ConnKey>>,
    by_digest: HashMap<TokenDigest, Vec<ConnKey>>,
    by_expiry: BTreeSet<(u64, ConnKey)>,
}

impl Sessions {
    /// A connection has logged in. A former entry of the same connection is void.
    pub fn begin(&mut self, conn: ConnKey, session: Session) {
        self.end(conn);
        self.by_user
            .entry(user_part(&session.client_id).into())
            .or_default()
            .push(conn);
        self.by_digest.entry(session.digest).or_default().push(conn);
        self.by_expiry.insert((session.exp_s, conn));
        self.by_conn.insert(conn, session);
    }

    /// A connection has ended. `None` when it never was logged in.
    pub fn end(&mut self, conn: ConnKey) -> Option<Session> {
        let session = self.by_conn.remove(&conn)?;
        remove_from(&mut self.by_user, user_part(&session.client_id), conn);
        remove_from(&mut self.by_digest, &session.digest, conn);
        self.by_expiry.remove(&(session.exp_s, conn));
        Some(session)
    }

    /// Notes whether the broker routes the user's inbox to a connection.
    pub fn note_inbox(&mut self, conn: ConnKey, takes: bool) {
        if let Some(session) = self.by_conn.get_mut(&conn) {
            session.takes_inbox = takes;
        }
    }

    /// Whether the broker is known to route the user's inbox to all of the user's connections.
    pub fn all_take_inbox(&self, user: &str) -> bool {
        let mut conns = self.by_user.get(user).into_iter().flatten();
        conns.all(|conn| self.by_conn.get(conn).is_some_and(|s| s.takes_inbox))
    }

    /// All sessions.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.by_conn.values()
    }

    /// The client ids of all connections.
    pub fn client_ids(&self) -> impl Iterator<Item = &str> {
        self.by_conn.values().map(|session| &*session.client_id)
    }

    /// The session of a connection.
    pub fn get(&self, conn: ConnKey) -> Option<&Session> {
        self.by_conn.get(&conn)
    }

    /// The client ids of a user's sessions, or of one device's.
    pub fn of_user(&self, user: UserName<'_>, device: Option<&str>) -> Vec<Box<str>> {
        let sessions = self.sessions_of(user, device).into_iter();
        sessions.map(|s| s.client_id.clone()).collect()
    }

    /// A user's sessions, or one device's.
    pub fn sessions_of(&self, user: UserName<'_>, device: Option<&str>) -> Vec<&Session> {
        let conns = self
            .by_user
            .get(user.to_string().as_str())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let sessions = conns.iter().filter_map(|conn| self.by_conn.get(conn));
        let wanted = |s: &&Session| device.is_none() || s.name().map(|n| n.device) == device;
        sessions.filter(wanted).collect()
    }

    /// The client ids of an enterprise's sessions.
    pub fn of_enterprise(&self, eid: &str) -> Vec<Box<str>> {
        let own = |s: &&Session| s.name().is_some_and(|n| n.user.eid == eid);
        self.by_conn
            .values()
            .filter(own)
            .map(|s| s.client_id.clone())
            .collect()
    }

    /// All connections.
    pub fn all(&self) -> Vec<ConnKey> {
        self.by_conn.keys().copied().collect()
    }

    /// The client ids that logged in with this token.
    pub fn of_token(&self, digest: &TokenDigest) -> Vec<Box<str>> {
        let conns = self
            .by_digest
            .get(digest)
            .map(Vec::as_slice)
            .unwrap_or_default();
        conns
            .iter()
            .filter_map(|conn| self.by_conn.get(conn))
            .map(|s| s.client_id.clone())
            .collect()
    }

    /// The client ids whose token has expired.
    pub fn expired(&self, now_s: u64) -> Vec<Box<str>> {
        let past = self
            .by_expiry
            .range(..(now_s.saturating_add(1), ConnKey(0)));
        past.filter_map(|(_, conn)| self.by_conn.get(conn))
            .map(|s| s.client_id.clone())
            .collect()
    }

    /// The client ids of a user's connections.
    pub fn client_ids_of(&self, user: &str) -> impl Iterator<Item = &str> {
        let conns = self.by_user.get(user).into_iter().flatten();
        conns.filter_map(|conn| self.by_conn.get(conn).map(|s| &*s.client_id))
    }

    /// Whether the device is logged in.
    pub fn has_client(&self, client_id: &str) -> bool {
        let conns = self.by_user.get(user_part(client_id)).into_iter().flatten();
        let mut sessions = conns.filter_map(|conn| self.by_conn.get(conn));
        sessions.any(|session| *session.client_id == *client_id)
    }

    /// Whether the user is logged in anywhere.
    pub fn is_online(&self, user: &str) -> bool {
        self.by_user.contains_key(user)
    }

    /// Connections logged in.
    pub fn len(&self) -> usize {
        self.by_conn.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_conn.is_empty()
    }
}

fn remove_from<K, Q>(index: &mut HashMap<K, Vec<ConnKey>>, key: &Q, conn: ConnKey)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    let Some(conns) = index.get_mut(key) else {
        return;
    };
    conns.retain(|other| *other != conn);
    if conns.is_empty() {
        index.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::digest;
    use super::*;

    fn session(client_id: &str, token: &str, exp_s: u64) -> Session {
        Session {
            client_id: client_id.into(),
            kind: Kind::Pc,
            digest: digest(token),
            exp_s,
            takes_inbox: false,
        }
    }

    const ALICE: UserName<'static> = UserName {
        uid: "alice",
        eid: "acme",
    };

    #[test]
    fn sessions_are_found_every_way() {
        let mut all = Sessions::default();
        all.begin(ConnKey(1), session("alice@acme:pc", "a", 10));
        all.begin(ConnKey(2), session("alice@acme:phone", "b", 20));
        all.begin(ConnKey(3), session("bob@beta:pc", "c", 30));
        assert_eq!(all.of_user(ALICE, None).len(), 2);
        assert_eq!(
            all.of_user(ALICE, Some("phone")),
            ["alice@acme:phone".into()]
        );
        assert_eq!(all.of_enterprise("beta"), ["bob@beta:pc".into()]);
        assert_eq!(all.of_token(&digest("b")), ["alice@acme:phone".into()]);
        assert_eq!(all.expired(9), []);
        assert_eq!(all.expired(10), ["alice@acme:pc".into()]);
        assert_eq!(all.expired(25).len(), 2);
    }

    #[test]
    fn takeover_reports_the_new_login_before_the_old_disconnect() {
        let mut all = Sessions::default();
        all.begin(ConnKey(1), session("alice@acme:pc", "old", 10));
        all.begin(ConnKey(2), session("alice@acme:pc", "new", 20));
        assert!(all.end(ConnKey(1)).is_some());
        assert!(all.is_online("alice@acme"));
        assert_eq!(all.of_user(ALICE, None), ["alice@acme:pc".into()]);
        assert_eq!(all.of_token(&digest("old")), []);
        all.end(ConnKey(2));
        assert!(!all.is_online("alice@acme"));
        assert!(
            all.is_empty()
                && all.by_user.is_empty()
                && all.by_digest.is_empty()
                && all.by_expiry.is_empty()
        );
    }

    #[test]
    fn disconnect_of_a_refused_login_ends_nothing() {
        let mut all = Sessions::default();
        all.begin(ConnKey(1), session("alice@acme:pc", "a", 10));
        assert_eq!(all.end(ConnKey(99)), None);
        assert_eq!(all.len(), 1);
    }
}

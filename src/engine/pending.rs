//! Questions under way, and the logins that wait for them.
//!
//! One question at a time per [`AskKey`], however many logins wait. On a broker with delayed login
//! (2.1) a completion is keyed by client id alone, and nothing tells us that a waiting client left. Two
//! facts of the broker make the answer safe all the same: it refuses a second CONNECT under a client id
//! that is waiting, before we are asked; so a login attempt under a waiting client id proves that the
//! former one is gone. Each attempt therefore takes the place of the former one and gets a ticket of its
//! own, and the completion itself is allowed only for the ticket that is current at that moment: between
//! an answer and TICK, where it is carried out, the client may still have been replaced.

use std::time::Duration;

use hashbrown::HashMap;

use super::{AskKey, ConnKey};

/// Most logins that may wait at once; further ones are refused as overload.
pub const MAX_WAITING: usize = 16_384;

/// Tells a login attempt from all others under the same client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// A login that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which connection asked.
    pub conn: ConnKey,
    /// From where.
    pub peer: Box<str>,
    /// What was asked.
    pub key: AskKey,
    since: Duration,
    ticket: Ticket,
}

/// Who asked, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The peer whose budget was charged.
    pub peer: Box<str>,
    /// The user whose budget was charged.
    pub user: Box<str>,
    /// Whether logins may be kept waiting for the answer.
    pub held: bool,
    since: Duration,
}

impl Asked {
    /// How long ago.
    pub fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }
}

struct Flight {
    asked: Asked,
    waiters: Vec<(Box<str>, Ticket)>,
}

/// All of it.
#[derive(Default)]
pub struct Pending {
    flights: HashMap<AskKey, Flight>,
    waiting: HashMap<Box<str>, Waiting>,
    tickets: u64,
}

impl Pending {
    /// Marks a question as under way. Not to be called while it is.
    pub fn begin(&mut self, key: AskKey, peer: &str, user: &str, held: bool, now: Duration) {
        let asked = Asked {
            peer: peer.into(),
            user: user.into(),
            held,
            since: now,
        };
        self.flights.insert(
            key,
            Flight {
                asked,
                waiters: Vec::new(),
            },
        );
    }

    /// Whether the question is under way.
    pub fn is_asked(&self, key: &AskKey) -> bool {
        self.flights.contains_key(key)
    }

    /// Whether the question is under way and logins may be kept waiting for it.
    pub fn is_held(&self, key: &AskKey) -> bool {
        self.flights
            .get(key)
            .is_some_and(|flight| flight.asked.held)
    }

    /// Whether one more login may wait.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < MAX_WAITING
    }

    /// Lets a login wait for a question that is under way.
    pub fn wait(&mut self, client_id: &str, conn: ConnKey, peer: &str, key: AskKey, now: Duration) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(
            client_id.into(),
            Waiting {
                conn,
                peer: peer.into(),
                key,
                since: now,
                ticket,
            },
        );
        if let Some(flight) = self.flights.get_mut(&key) {
            flight.waiters.push((client_id.into(), ticket));
        }
    }

    /// A new attempt under this client id: whoever waited under it is gone.
    pub fn superseded(&mut self, client_id: &str) {
        self.waiting.remove(client_id);
    }

    /// Ends a question; gives who asked, and the logins that may still wait for it. They go on waiting
    /// until [`Pending::redeem`].
    pub fn end(&mut self, key: &AskKey) -> (Option<Asked>, Vec<(Box<str>, Ticket)>) {
        match self.flights.remove(key) {
            Some(flight) => (Some(flight.asked), flight.waiters),
            None => (None, Vec::new()),
        }
    }

    /// The login's turn to be completed: `None` when another has taken its place since.
    pub fn redeem(&mut self, client_id: &str, ticket: Ticket) -> Option<Waiting> {
        let current = self
            .waiting
            .get(client_id)
            .is_some_and(|w| w.ticket == ticket);
        if current {
            self.waiting.remove(client_id)
        } else {
            None
        }
    }

    /// The questions under way about a token: an announcement may settle them first.
    pub fn about(&self, digest: &super::TokenDigest) -> Vec<AskKey> {
        self.flights
            .keys()
            .filter(|key| key.digest == *digest)
            .copied()
            .collect()
    }

    /// Gives up questions that were asked before `limit`, and gives the logins that began to wait before it.
    pub fn expired(&mut self, limit: Duration) -> Vec<(Box<str>, Ticket)> {
        self.flights.retain(|_, flight| flight.asked.since >= limit);
        let late = self.waiting.iter().filter(|(_, w)| w.since < limit);
        late.map(|(id, w)| (id.clone(), w.ticket)).collect()
    }

    /// Logins waiting.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::digest;
    use super::*;

    const T0: Duration = Duration::ZERO;

    fn key(token: &str) -> AskKey {
        AskKey::new(digest(token), "alice@acme:pc")
    }

    fn asking(tokens: &[&str]) -> Pending {
        let mut pending = Pending::default();
        for token in tokens {
            pending.begin(key(token), "192.0.2.1", "alice@acme", true, T0);
        }
        pending
    }

    /// Ends a question and redeems at once: the connections that were completed.
    fn settle(pending: &mut Pending, token: &str) -> Vec<ConnKey> {
        let (_, waiters) = pending.end(&key(token));
        waiters
            .into_iter()
            .filter_map(|(id, ticket)| pending.redeem(&id, ticket))
            .map(|w| w.conn)
            .collect()
    }

    #[test]
    fn one_question_serves_all_who_wait() {
        let mut pending = asking(&["t"]);
        for n in 0..3 {
            pending.wait(&format!("c{n}"), ConnKey(n), "192.0.2.1", key("t"), T0);
        }
        assert_eq!(settle(&mut pending, "t").len(), 3);
        assert!(pending.is_empty() && !pending.is_asked(&key("t")));
    }

    #[test]
    fn answer_reaches_only_the_attempt_that_asked() {
        let mut pending = asking(&["good", "forged"]);
        pending.wait("alice@acme:pc", ConnKey(1), "192.0.2.1", key("good"), T0);
        // The client left; somebody else comes under the same client id with another token.
        pending.superseded("alice@acme:pc");
        pending.wait("alice@acme:pc", ConnKey(2), "192.0.2.1", key("forged"), T0);
        assert_eq!(settle(&mut pending, "good"), []);
        assert_eq!(settle(&mut pending, "forged"), [ConnKey(2)]);
    }

    #[test]
    fn client_replaced_between_answer_and_completion_is_not_completed() {
        let mut pending = asking(&["good", "forged"]);
        pending.wait("alice@acme:pc", ConnKey(1), "192.0.2.1", key("good"), T0);
        let (_, answered) = pending.end(&key("good"));
        pending.superseded("alice@acme:pc");
        pending.wait("alice@acme:pc", ConnKey(2), "192.0.2.1", key("forged"), T0);
        let (id, ticket) = &answered[0];
        assert_eq!(pending.redeem(id, *ticket), None);
        assert_eq!(settle(&mut pending, "forged"), [ConnKey(2)]);
    }

    #[test]
    fn same_client_with_the_same_token_again_is_answered_once() {
        let mut pending = asking(&["t"]);
        pending.wait("alice@acme:pc", ConnKey(1), "192.0.2.1", key("t"), T0);
        pending.superseded("alice@acme:pc");
        pending.wait("alice@acme:pc", ConnKey(2), "192.0.2.1", key("t"), T0);
        assert_eq!(settle(&mut pending, "t"), [ConnKey(2)]);
    }

    #[test]
    fn late_logins_and_lost_questions_are_given_up() {
        let mut pending = asking(&["t"]);
        pending.wait("a", ConnKey(1), "192.0.2.1", key("t"), T0);
        pending.wait(
            "b",
            ConnKey(2),
            "192.0.2.1",
            key("t"),
            Duration::from_secs(5),
        );
        let late = pending.expired(Duration::from_secs(5));
        assert_eq!(late.iter().map(|(id, _)| &**id).collect::<Vec<_>>(), ["a"]);
        assert!(pending.redeem(&late[0].0, late[0].1).is_some());
        assert!(
            !pending.is_asked(&key("t")),
            "a question whose answer was lost may be asked again"
        );
    }
}

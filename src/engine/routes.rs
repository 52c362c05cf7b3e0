//! Topics whose every receiver is known to be subscribed, so that nothing sent there need be brought by hand.
//!
//! What was seen of one message holds for the next as long as nobody came, went, subscribed or unsubscribed, and
//! neither directory nor policy changed: a version stands for all of that. Of a sender who is not subscribed it shows
//! nothing, since nobody is brought the own messages: then it holds for this sender's messages alone.

use hashbrown::HashMap;

/// Topics remembered; with more, all are found out anew.
const MOST: usize = 10_000;

/// Whose messages reach all of their receivers by the broker alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Senders {
    /// Everybody's.
    All,
    /// Those of one client, by a hash of its id: it is not known to be subscribed itself.
    Only(u64),
}

impl Senders {
    /// Whether a client is among them; its hash is asked for at need.
    pub(super) fn include(self, client: impl FnOnce() -> u64) -> bool {
        match self {
            Senders::All => true,
            Senders::Only(known) => known == client(),
        }
    }
}

/// The topics, as of a version.
#[derive(Default)]
pub(super) struct Routes {
    complete: HashMap<Box<[u8]>, Senders>,
    as_of: u64,
}

impl Routes {
    /// Whose messages to a topic reach all of their receivers by the broker alone at this version; nobody's are known to
    /// when `None`.
    pub(super) fn complete_for(&self, topic: &[u8], version: u64) -> Option<Senders> {
        if self.as_of != version {
            return None;
        }
        self.complete.get(topic).copied()
    }

    /// All receivers of a topic were seen to be subscribed at this version, which is no older than any before.
    pub(super) fn note_complete(&mut self, topic: &[u8], version: u64, senders: Senders) {
        if self.as_of != version || self.complete.len() >= MOST {
            self.complete.clear();
            self.as_of = version;
        }
        self.complete.insert(topic.into(), senders);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_complete(routes: &Routes, topic: &str, version: u64) -> bool {
        is_complete_for(routes, topic, version, 1)
    }

    fn is_complete_for(routes: &Routes, topic: &str, version: u64, sender: u64) -> bool {
        let senders = routes.complete_for(topic.as_bytes(), version);
        senders.is_some_and(|senders| senders.include(|| sender))
    }

    #[test]
    fn topics_are_complete_at_their_version_only() {
        let mut routes = Routes::default();
        assert!(!is_complete(&routes, "a", 0));
        routes.note_complete(b"a", 3, Senders::All);
        routes.note_complete(b"b", 3, Senders::All);
        assert!(is_complete(&routes, "a", 3) && is_complete(&routes, "b", 3));
        assert!(!is_complete(&routes, "a", 4) && !is_complete(&routes, "c", 3));
        routes.note_complete(b"c", 4, Senders::All);
        assert!(!is_complete(&routes, "a", 4) && is_complete(&routes, "c", 4));
    }

    #[test]
    fn topics_are_complete_for_their_senders_only() {
        let mut routes = Routes::default();
        routes.note_complete(b"a", 3, Senders::Only(1));
        assert!(is_complete_for(&routes, "a", 3, 1) && !is_complete_for(&routes, "a", 3, 2));
        routes.note_complete(b"a", 3, Senders::Only(2));
        assert!(is_complete_for(&routes, "a", 3, 2) && !is_complete_for(&routes, "a", 3, 1));
    }

    #[test]
    fn topics_are_bounded() {
        let mut routes = Routes::default();
        for number in 0..=MOST {
            routes.note_complete(number.to_string().as_bytes(), 1, Senders::All);
        }
        assert_eq!(routes.complete.len(), 1);
        assert!(is_complete(&routes, &MOST.to_string(), 1));
    }
}

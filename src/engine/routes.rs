//! Topics whose every receiver is known to be subscribed, so that nothing sent there need be brought by hand.
//!
//! What was seen of one message holds for the next as long as nobody came, went, subscribed or unsubscribed, and
//! neither directory nor policy changed: a version stands for all of that.

use hashbrown::HashSet;

/// Topics remembered; with more, all are found out anew.
const MOST: usize = 10_000;

/// The topics, as of a version.
#[derive(Default)]
pub(super) struct Routes {
    complete: HashSet<Box<str>>,
    as_of: u64,
}

impl Routes {
    /// Whether all receivers of a topic are known to be subscribed at this version.
    pub(super) fn is_complete(&self, topic: &str, version: u64) -> bool {
        self.as_of == version && self.complete.contains(topic)
    }

    /// All receivers of a topic were seen to be subscribed at this version, which is no older than any before.
    pub(super) fn note_complete(&mut self, topic: &str, version: u64) {
        if self.as_of != version || self.complete.len() >= MOST {
            self.complete.clear();
            self.as_of = version;
        }
        self.complete.insert(topic.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_complete_at_their_version_only() {
        let mut routes = Routes::default();
        assert!(!routes.is_complete("a", 0));
        routes.note_complete("a", 3);
        routes.note_complete("b", 3);
        assert!(routes.is_complete("a", 3) && routes.is_complete("b", 3));
        assert!(!routes.is_complete("a", 4) && !routes.is_complete("c", 3));
        routes.note_complete("c", 4);
        assert!(!routes.is_complete("a", 4) && routes.is_complete("c", 4));
    }

    #[test]
    fn topics_are_bounded() {
        let mut routes = Routes::default();
        for number in 0..=MOST {
            routes.note_complete(&number.to_string(), 1);
        }
        assert_eq!(routes.complete.len(), 1);
        assert!(routes.is_complete(&MOST.to_string(), 1));
    }
}

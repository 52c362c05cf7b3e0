//! Devices that were here and have gone: their sessions may live on in the broker and wait for messages.
//!
//! Mosquitto 2.0 does not always tell whether a session outlives its connection. Where it may, the device counts as
//! waiting; what is meant for one whose session is gone, the broker drops. All are kept in mind, with a bound.

use hashbrown::HashMap;
use lru::LruCache;

use crate::protocol::UserName;
use crate::protocol::name::MAX_NAME_BYTES;

/// Absent devices remembered; the one that left first is forgotten first.
const MOST: usize = 100_000;

/// The absent devices, by client id, with whether a session of theirs may wait; and the waiting ones by user.
pub(super) struct Devices {
    absent: LruCache<Box<str>, bool>,
    by_user: HashMap<Box<str>, Vec<Box<str>>>,
}

impl Devices {
    /// Nobody has been here.
    pub(super) fn new() -> Devices {
        Devices {
            absent: LruCache::unbounded(),
            by_user: HashMap::new(),
        }
    }

    /// A device has left; whether its session may wait for it.
    pub(super) fn left(&mut self, client_id: &str, waits: bool) {
        if self.absent.put(client_id.into(), waits) == Some(true) {
            self.unlist(client_id);
        }
        if waits {
            let devices = self.by_user.entry(user_part(client_id).into());
            devices.or_default().push(client_id.into());
        }
        if self.absent.len() > MOST
            && let Some((oldest, _)) = self.absent.pop_lru()
        {
            self.unlist(&oldest);
        }
    }

    /// A device is here; true when it had been before.
    pub(super) fn came(&mut self, client_id: &str) -> bool {
        let known = self.absent.pop(client_id);
        if known == Some(true) {
            self.unlist(client_id);
        }
        known.is_some()
    }

    /// The waiting devices of a user, by client id.
    pub(super) fn of_user(&self, user: &str) -> &[Box<str>] {
        self.by_user
            .get(user)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// All waiting devices, by client id.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.by_user
            .values()
            .flatten()
            .map(|client_id| &**client_id)
    }

    fn unlist(&mut self, client_id: &str) {
        let user = user_part(client_id);
        if let Some(devices) = self.by_user.get_mut(user) {
            devices.retain(|other| **other != *client_id);
            if devices.is_empty() {
                self.by_user.remove(user);
            }
        }
    }
}

/// `uid@eid` on the stack, to look it up without taking memory.
pub(super) fn with_key<R>(user: UserName<'_>, look: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; 2 * MAX_NAME_BYTES + 1];
    let mut at = 0;
    for part in [user.uid, "@", user.eid] {
        if let Some(place) = buffer.get_mut(at..at + part.len()) {
            place.copy_from_slice(part.as_bytes());
        }
        at += part.len();
    }
    let key = buffer.get(..at).unwrap_or_default();
    look(std::str::from_utf8(key).unwrap_or_default())
}

/// `uid@eid` of a client id.
pub(super) fn user_part(client_id: &str) -> &str {
    client_id
        .split_once(':')
        .map_or(client_id, |(user, _)| user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_the_user_name() {
        let long = "x".repeat(64);
        for (uid, eid) in [("alice", "acme"), (&*long, &*long)] {
            let user = UserName { uid, eid };
            with_key(user, |key| assert_eq!(key, user.to_string()));
        }
    }

    #[test]
    fn devices_come_and_go_and_are_bounded() {
        let mut devices = Devices::new();
        devices.left("a@x:pc", true);
        devices.left("a@x:pc", true);
        devices.left("a@x:phone", true);
        devices.left("a@x:web", false);
        assert_eq!(devices.of_user("a@x").len(), 2);
        assert_eq!(devices.all().count(), 2);
        assert!(devices.came("a@x:pc") && !devices.came("a@x:pc"));
        assert!(
            devices.came("a@x:web"),
            "known, though nothing waits for it"
        );
        assert_eq!(devices.of_user("a@x"), ["a@x:phone".into()]);
        devices.left("a@x:phone", false);
        assert!(devices.of_user("a@x").is_empty());
        devices.left("a@x:phone", true);
        for n in 0..MOST {
            devices.left(&format!("u{n}@y:pc"), true);
        }
        assert!(devices.of_user("a@x").is_empty(), "the first to leave");
        assert_eq!((devices.absent.len(), devices.by_user.len()), (MOST, MOST));
    }
}

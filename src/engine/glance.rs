//! Most questions are answered at a glance: may a logged-in client be given what is sent to its group or its inbox, may it
//! write to a colleague. The table's answer is the same as [`Engine::acl`]'s; what is not surely allowed is left to that.
//!
//! What it saves is memory that has to be fetched. A message to a large group asks about one client after the other, none
//! of which is in the processor's cache; `acl` reads client id and user name of each, and looks the user up by them. Here a
//! connection is recognised, once `acl` has read the names of who logged in on it, until it ends. A sender is looked at
//! once more for each message: the names must still be where they were. A receiver is not: the broker asks about subscribers
//! only, and whoever subscribed was judged by name.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::acl::{Access, Query};
use super::{ConnKey, Engine};
use crate::policy::{Standing, Subject, UserId, check_payload};
use crate::protocol::{Topic, UserName, is_from, source_of};

/// A question, before any name has been read.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'a> {
    /// The connection.
    pub conn: ConnKey,
    /// What for.
    pub access: Access,
    /// Topic name, or filter.
    pub topic: &'a str,
    /// The payload of a message.
    pub payload: &'a [u8],
}

/// Where the broker keeps a client: addresses that are compared, and never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The connection.
    pub conn: ConnKey,
    /// Its names.
    pub names: NamesAt,
}

/// Where the broker keeps a client's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NamesAt {
    /// The client id.
    pub client_id: usize,
    /// The user name.
    pub username: usize,
}

/// Who is behind a connection. Four of them are a line of the processor's cache.
#[derive(Clone, Copy)]
struct Acquaintance {
    conn: ConnKey,
    user: UserId,
    /// Of a hash of where the names are, as much as there is room for.
    names: u32,
}

const _: () = assert!(size_of::<Acquaintance>() == 16);

/// The users behind the connections that are logged in, as far as somebody asked about them.
#[derive(Default)]
pub(super) struct Acquaintances {
    known: HashTable<Acquaintance>,
    hasher: DefaultHashBuilder,
}

impl Acquaintances {
    fn find(&self, conn: ConnKey) -> Option<Acquaintance> {
        let hash = self.hasher.hash_one(conn);
        self.known.find(hash, |known| known.conn == conn).copied()
    }

    fn has(&self, place: Place) -> bool {
        let known = self.find(place.conn);
        known.is_some_and(|known| known.names == self.short(place.names))
    }

    fn note(&mut self, place: Place, user: UserId) {
        let Place { conn, names } = place;
        self.forget(conn);
        let (hasher, names) = (&self.hasher, self.short(names));
        let entry = Acquaintance { conn, user, names };
        self.known
            .insert_unique(hasher.hash_one(conn), entry, |known| {
                hasher.hash_one(known.conn)
            });
    }

    /// The connection has ended, or is somebody's anew.
    pub(super) fn forget(&mut self, conn: ConnKey) {
        let hash = self.hasher.hash_one(conn);
        if let Ok(entry) = self.known.find_entry(hash, |known| known.conn == conn) {
            entry.remove();
        }
    }

    fn short(&self, names: NamesAt) -> u32 {
        let [.., a, b, c, d] = self.hasher.hash_one(names).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

impl Engine {
    /// Whether it is surely allowed, with nothing left to be done about it. `names` is asked for at need.
    pub fn is_allowed_at_a_glance(
        &mut self,
        glance: &Glance<'_>,
        names: impl FnOnce() -> NamesAt,
    ) -> bool {
        let Some(known) = self.acquaintances.find(glance.conn) else {
            return false;
        };
        let recognised = match glance.access {
            Access::Receive => true,
            Access::Publish => known.names == self.acquaintances.short(names()),
            Access::Subscribe | Access::Unsubscribe => false,
        };
        let topic = Topic::parse(glance.topic);
        recognised
            && (self.hears_group(known.user, glance, topic) || self.may(known.user, glance, topic))
            && self.is_routed_by_broker_alone(glance, topic)
    }

    /// The own groups, without what might be an echo of the own word.
    fn hears_group(&self, user: UserId, glance: &Glance<'_>, topic: Topic<'_>) -> bool {
        let Topic::Group { eid, gid } = topic else {
            return false;
        };
        let source = source_of(glance.payload);
        glance.access == Access::Receive
            && source.is_some_and(|source| self.directory.surely_hears(user, eid, gid, source))
    }

    fn may(&self, user: UserId, glance: &Glance<'_>, topic: Topic<'_>) -> bool {
        let Some(person) = self.directory.person(user) else {
            return false;
        };
        let active = person.standing() == Standing::Active;
        let Some(user) = person.name().filter(|_| active) else {
            return false;
        };
        match (glance.access, topic) {
            (Access::Receive, Topic::Inbox { eid, uid }) => {
                UserName { uid, eid } == user && !is_from(glance.payload, uid)
            }
            (Access::Receive, Topic::Group { eid, gid }) => {
                eid == user.eid && person.is_member(gid) && !is_from(glance.payload, user.uid)
            }
            // To the own inbox, device and kind of device matter.
            (Access::Publish, Topic::Inbox { eid, uid }) => {
                let colleague = eid == user.eid && uid != user.uid;
                colleague && check_payload(topic, Subject::from(user), glance.payload).is_ok()
            }
            _ => false,
        }
    }

    /// Who is asked about will be asked about again. A user stays where the directory has it for as long as a session lives.
    pub(super) fn get_acquainted(&mut self, query: &Query<'_>) {
        if self.acquaintances.has(query.place) {
            return;
        }
        let session = self.sessions.get(query.place.conn);
        if session.is_some_and(|session| *session.client_id == *query.client.text())
            && let Some(user) = self.directory.find(query.client.name().user).id()
        {
            self.acquaintances.note(query.place, user);
        }
    }
}

//! Most questions are answered at a glance: may a logged-in client be given what is sent to its group or its inbox, may it
//! write to a colleague. The table's answer is the same as [`Engine::acl`]'s; what is not surely allowed is left to that.
//!
//! What it saves is memory that has to be fetched. A message to a large group asks about one client after the other, none
//! of which is in the processor's cache; `acl` reads client id and user name of each, and looks the user up by them. Here a
//! connection is recognised, once `acl` has read the names of who logged in on it, until it ends. A sender is looked at
//! once more for each message: the names must still be where they were. A receiver is not: the broker asks about subscribers
//! only, and whoever subscribed was judged by name.

mod talk;

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::acl::{Access, Query};
use super::watched::Watched;
use super::{ConnKey, Engine};
use crate::policy::{Directory, Hearing, Membership, Standing, UserId, is_to_somebody_else};
use crate::protocol::{Topic, UserName, is_from, source_of};
use talk::Talk;

/// A question, before any name has been read.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'a> {
    /// The connection.
    pub conn: ConnKey,
    /// What for.
    pub access: Access,
    /// Topic name, or filter, as the broker has it.
    pub topic: &'a [u8],
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

/// Who is behind a connection.
#[derive(Clone, Copy)]
struct Acquaintance {
    conn: ConnKey,
    user: UserId,
    /// Of a hash of where the names are, as much as there is room for.
    names: u32,
    /// The group whose message the user was given last.
    membership: Membership,
}

const _: () = assert!(size_of::<Acquaintance>() == 24);

/// The users behind the connections that are logged in, as far as somebody asked about them: in the order in which that was
/// first done, which is the order in which most subscribed, and in which the broker goes through subscribers.
#[derive(Default)]
pub(super) struct Acquaintances {
    known: Vec<Acquaintance>,
    /// Where each stands, by its connection.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Behind the one that was asked for last: likely the next.
    next: usize,
}

impl Acquaintances {
    fn find(&mut self, conn: ConnKey) -> Option<&mut Acquaintance> {
        let is_next = self.known.get(self.next).is_some_and(|k| k.conn == conn);
        let at = if is_next { self.next } else { self.at(conn)? };
        self.next = at + 1;
        self.known.get_mut(at)
    }

    fn at(&self, conn: ConnKey) -> Option<usize> {
        let same = |at: &u32| conn_at(&self.known, *at) == Some(conn);
        let found = self.index.find(self.hash(conn), same)?;
        usize::try_from(*found).ok()
    }

    fn hash(&self, conn: ConnKey) -> u64 {
        self.hasher.hash_one(conn)
    }

    fn has(&self, place: Place) -> bool {
        let known = self.at(place.conn).and_then(|at| self.known.get(at));
        known.is_some_and(|known| known.names == self.short(place.names))
    }

    fn note(&mut self, place: Place, user: UserId) {
        self.forget(place.conn);
        let Ok(at) = u32::try_from(self.known.len()) else {
            return;
        };
        self.known.push(Acquaintance {
            conn: place.conn,
            user,
            names: self.short(place.names),
            membership: Membership::default(),
        });
        let (hash, known, hasher) = (self.hash(place.conn), &self.known, &self.hasher);
        let again = |at: &u32| conn_at(known, *at).map_or(0, |conn| hasher.hash_one(conn));
        self.index.insert_unique(hash, at, again);
    }

    /// The connection has ended, or is somebody's anew. The last one comes to stand in its place.
    fn forget(&mut self, conn: ConnKey) {
        let (hash, known) = (self.hash(conn), &self.known);
        let same = |at: &u32| conn_at(known, *at) == Some(conn);
        let Ok(entry) = self.index.find_entry(hash, same) else {
            return;
        };
        let (gone, _) = entry.remove();
        let last = u32::try_from(self.known.len() - 1);
        if let Some(moved) = self.known.last().map(|last| self.hash(last.conn))
            && let Some(at) = self.index.find_mut(moved, |at| Ok(*at) == last)
        {
            *at = gone;
        }
        if let Ok(gone) = usize::try_from(gone) {
            self.known.swap_remove(gone);
        }
    }

    fn short(&self, names: NamesAt) -> u32 {
        let [.., a, b, c, d] = self.hasher.hash_one(names).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

fn conn_at(known: &[Acquaintance], at: u32) -> Option<ConnKey> {
    Some(known.get(usize::try_from(at).ok()?)?.conn)
}

/// The message to a group that was judged last: all who receive it are asked about in a row.
#[derive(Default)]
pub(super) struct Heard {
    topic: String,
    source: String,
    /// What the directory had changed by then.
    changes: u64,
    hearing: Option<Hearing>,
}

impl Heard {
    fn is_of(&self, glance: &Glance<'_>, changes: u64) -> bool {
        self.changes == changes
            && self.topic.as_bytes() == glance.topic
            && is_from(glance.payload, &self.source)
    }

    /// A message on this topic, which is the group `gid` of `eid`.
    fn hear(
        &mut self,
        message: (&str, &[u8]),
        eid: &str,
        gid: &str,
        directory: &Watched<Directory>,
    ) {
        let (topic, payload) = message;
        self.changes = directory.changes();
        self.topic.clear();
        self.topic.push_str(topic);
        self.source.clear();
        self.hearing = source_of(payload).and_then(|source| {
            self.source.push_str(source);
            directory.hearing(eid, gid, source)
        });
    }
}

/// The topic that was read last. One message is asked about for its sender, and then for each who receives it.
#[derive(Default)]
pub(super) struct LastTopic {
    text: String,
    parts: Parts,
    /// Whether it was the one before, too.
    again: bool,
    /// Who talks there, where it is an inbox.
    talk: Talk,
}

/// Where the parts of a topic are in its text, of the kinds that are decided at a glance.
#[derive(Default, Clone, Copy)]
enum Parts {
    #[default]
    OfNoSuchKind,
    Inbox {
        eid: usize,
        uid_at: usize,
    },
    Group {
        eid: usize,
        gid_at: usize,
    },
}

impl LastTopic {
    /// Its text and what it stands for, as far as that matters here; `None` when it is not UTF-8.
    fn read(&mut self, topic: &[u8]) -> Option<(&str, Topic<'_>)> {
        self.again = self.text.as_bytes() == topic;
        if !self.again {
            self.talk.end();
            let text = std::str::from_utf8(topic).ok()?;
            self.parts = Parts::of(text);
            self.text.clear();
            self.text.push_str(text);
        }
        let part = |end: usize, at: usize| Some((self.text.get(..end)?, self.text.get(at..)?));
        let topic = match self.parts {
            Parts::OfNoSuchKind => Topic::Other,
            Parts::Inbox { eid, uid_at } => {
                let (eid, uid) = part(eid, uid_at)?;
                Topic::Inbox { eid, uid }
            }
            Parts::Group { eid, gid_at } => {
                let (eid, gid) = part(eid, gid_at)?;
                Topic::Group { eid, gid }
            }
        };
        Some((&self.text, topic))
    }
}

impl Parts {
    fn of(text: &str) -> Parts {
        match Topic::parse(text) {
            Topic::Inbox { eid, uid } => Parts::Inbox {
                eid: eid.len(),
                uid_at: text.len() - uid.len(),
            },
            Topic::Group { eid, gid } => Parts::Group {
                eid: eid.len(),
                gid_at: text.len() - gid.len(),
            },
            _ => Parts::OfNoSuchKind,
        }
    }
}

impl Engine {
    /// Whether it is surely allowed, with nothing left to be done about it. `names` is asked for at need.
    pub fn is_allowed_at_a_glance(
        &mut self,
        glance: &Glance<'_>,
        names: impl Fn() -> NamesAt,
    ) -> bool {
        let allowed =
            self.is_of_the_last_talk(glance, &names) || self.is_allowed_to_known(glance, &names);
        self.counts.decisions.at_a_glance += u64::from(allowed);
        allowed
    }

    pub(super) fn is_of_the_last_talk(
        &self,
        glance: &Glance<'_>,
        names: impl Fn() -> NamesAt,
    ) -> bool {
        let LastTopic { text, talk, .. } = &self.last_topic;
        talk.is_with(glance)
            && text.as_bytes() == glance.topic
            && talk.goes_on(glance, self.routing_version(), names)
            && (glance.access == Access::Publish || self.notes_no_delivery())
    }

    fn is_allowed_to_known(&mut self, glance: &Glance<'_>, names: impl Fn() -> NamesAt) -> bool {
        let Some(known) = self.acquaintances.find(glance.conn) else {
            return false;
        };
        if glance.access == Access::Receive
            && self.heard.is_of(glance, self.directory.changes())
            && (self.heard.hearing)
                .is_some_and(|h| self.directory.hears(h, known.user, &mut known.membership))
        {
            return self.notes_no_delivery();
        }
        let Acquaintance {
            user, names: are, ..
        } = *known;
        let recognised = match glance.access {
            Access::Receive => true,
            Access::Publish => are == self.acquaintances.short(names()),
            Access::Subscribe | Access::Unsubscribe => false,
        };
        if !recognised {
            return false;
        }
        let version = self.routing_version();
        let Some((text, topic)) = self.last_topic.read(glance.topic) else {
            return false;
        };
        let is_inbox = matches!(topic, Topic::Inbox { .. });
        if let (Access::Receive, Topic::Group { eid, gid }) = (glance.access, topic) {
            let message = (text, glance.payload);
            self.heard.hear(message, eid, gid, &self.directory);
        }
        let allowed = may(&self.directory, user, glance, topic)
            && (self.by_hand).leaves_to_broker(&self.config, glance.access, (text, topic), version);
        if allowed && is_inbox && self.last_topic.again {
            self.last_topic.talk.note(glance, version, names);
        }
        allowed
    }

    /// A connection has ended.
    pub(super) fn forget_acquaintance(&mut self, conn: ConnKey) {
        self.acquaintances.forget(conn);
        self.last_topic.talk.end();
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

fn may(directory: &Directory, user: UserId, glance: &Glance<'_>, topic: Topic<'_>) -> bool {
    let Some(person) = directory.person(user) else {
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
            colleague && is_to_somebody_else(glance.payload, user.uid)
        }
        _ => false,
    }
}

//! Most questions are answered at a glance: may a logged-in client be given what is sent to its group or its inbox, may it
//! write to a colleague. The table's answer is the same as [`Engine::acl`]'s; what is not surely allowed is left to that.
//!
//! What it saves is memory that has to be fetched. A message to a large group asks about one client after the other, none
//! of which is in the processor's cache; `acl` reads client id and user name of each, and looks the user up by them. Here a
//! connection is recognised, once `acl` has read the names of who logged in on it, until it ends. A sender is looked at
//! once more for each message: the names must still be where they were. A receiver is not: the broker asks about subscribers
//! only, and whoever subscribed was judged by name.
//!
//! And it saves reading topics: one that is decided here begins with the user's own enterprise, so it is compared.

mod acquaintance;
mod heard;
mod talk;

use super::acl::{Access, Query};
use super::{ConnKey, Engine};
use crate::policy::is_to_somebody_else;
use crate::protocol::{is_from, topic};
pub(super) use acquaintance::Acquaintances;
pub(super) use heard::Heard;
pub(super) use talk::Talk;

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

impl Engine {
    /// Whether it is surely allowed, with nothing left to be done about it. `names` is asked for at need.
    pub fn is_allowed_at_a_glance(
        &mut self,
        glance: &Glance<'_>,
        names: impl Fn() -> NamesAt,
    ) -> bool {
        let allowed = self.is_of_the_last_talk(glance, &names)
            || match glance.access {
                Access::Receive => self.may_known_receive(glance),
                Access::Publish => self.may_known_write(glance, names),
                Access::Subscribe | Access::Unsubscribe => false,
            };
        self.counts.decisions.at_a_glance += u64::from(allowed);
        allowed
    }

    pub(super) fn is_of_the_last_talk(
        &self,
        glance: &Glance<'_>,
        names: impl Fn() -> NamesAt,
    ) -> bool {
        self.talk.goes_on(glance, self.routing_version(), names)
            && (glance.access == Access::Publish || self.notes_no_delivery())
    }

    /// Whether somebody who is known may be given what comes to the own inbox or a group.
    fn may_known_receive(&mut self, glance: &Glance<'_>) -> bool {
        if !self.notes_no_delivery() {
            return false;
        }
        let (version, directory) = (self.routing_version(), &self.directory);
        let Some(known) = self.acquaintances.find(glance.conn) else {
            return false;
        };
        if let Some(hearing) = self.heard.hearing(glance, directory.changes())
            && directory.hears(hearing, known.user, &mut known.membership)
        {
            return true;
        }
        let Some((person, user)) = directory.active(known.user) else {
            return false;
        };
        if topic::is_inbox_of(glance.topic, user) {
            let by_somebody_else = !is_from(glance.payload, user.uid);
            if by_somebody_else {
                self.talk.note_reader(glance, version);
            }
            return by_somebody_else;
        }
        let group = self.heard.hear(glance, directory);
        group.is_some_and(|(eid, gid)| eid == user.eid && person.is_member(gid))
            && !is_from(glance.payload, user.uid)
    }

    /// Whether somebody who is known may write to a colleague. To the own inbox, device and kind of device matter.
    fn may_known_write(&mut self, glance: &Glance<'_>, names: impl Fn() -> NamesAt) -> bool {
        let version = self.routing_version();
        let Some(known) = self.acquaintances.find(glance.conn).copied() else {
            return false;
        };
        let names = names();
        if !self.acquaintances.is_at(known, names) {
            return false;
        }
        let Some((_, user)) = self.directory.active(known.user) else {
            return false;
        };
        let owner = topic::inbox_owner(glance.topic, user.eid);
        let allowed = owner.is_some_and(|uid| uid != user.uid.as_bytes())
            && is_to_somebody_else(glance.payload, user.uid)
            && self.keeps_nothing_for_hand(glance.topic);
        if allowed {
            self.talk.note_writer(glance, names, user.uid, version);
        }
        allowed
    }

    /// A connection has ended.
    pub(super) fn forget_acquaintance(&mut self, conn: ConnKey) {
        self.acquaintances.forget(conn);
        self.talk.end();
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

//! Who is behind a connection: 24 bytes each, which lie in the order in which the broker asks.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{NamesAt, Place};
use crate::engine::ConnKey;
use crate::policy::{Membership, UserId};

/// Who is behind a connection.
#[derive(Clone, Copy)]
pub(super) struct Acquaintance {
    conn: ConnKey,
    pub(super) user: UserId,
    /// Of a hash of where the names are, as much as there is room for.
    names: u32,
    /// The group whose message the user was given last.
    pub(super) membership: Membership,
}

const _: () = assert!(size_of::<Acquaintance>() == 24);

/// The users behind the connections that are logged in, as far as somebody asked about them: in the order in which that was
/// first done, which is the order in which most subscribed, and in which the broker goes through subscribers.
#[derive(Default)]
pub(in crate::engine) struct Acquaintances {
    known: Vec<Acquaintance>,
    /// Where each stands, by its connection.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Behind the one that was asked for last: likely the next.
    next: usize,
}

impl Acquaintances {
    /// Who is behind a connection, as far as that is known.
    pub(super) fn find(&mut self, conn: ConnKey) -> Option<&mut Acquaintance> {
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

    /// Whether it is known who is at a place.
    pub(super) fn has(&self, place: Place) -> bool {
        let known = self.at(place.conn).and_then(|at| self.known.get(at));
        known.is_some_and(|known| self.is_at(*known, place.names))
    }

    /// Whether the broker still has the names where they were.
    pub(super) fn is_at(&self, known: Acquaintance, names: NamesAt) -> bool {
        known.names == self.short(names)
    }

    /// Who is there has been found out.
    pub(super) fn note(&mut self, place: Place, user: UserId) {
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
    pub(super) fn forget(&mut self, conn: ConnKey) {
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

//! A table of named things: slots addressed by `u32`, found by (namespace, name) without allocating.
//!
//! Room 4, pure. Nothing in it ever grows by more than a small piece at once: whoever fills it is in the broker's loop.
//! Ids of removed entries are used again. The hash is foldhash with a random seed per
//! process; what is inserted comes from the static service only, look-ups never insert.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use thin_vec::ThinVec;

use super::slots::Slots;

/// Where an entry stands in its [`Table`].
pub(super) type Id = u32;

/// Something that a [`Table`] can hold.
pub(super) trait Named {
    /// The namespace (an enterprise, or 0) and the name within it.
    fn key(&self) -> (Id, &str);
}

#[derive(Debug)]
pub(super) struct Table<T> {
    slots: Slots<T>,
    free: Vec<Id>,
    index: Index,
    hasher: DefaultHashBuilder,
    /// What [`Table::find_again`] has found last.
    last: Cell<Id>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            slots: Slots::default(),
            free: Vec::new(),
            index: Index::default(),
            hasher: DefaultHashBuilder::default(),
            last: Cell::new(0),
        }
    }
}

impl<T: Named> Table<T> {
    pub(super) fn len(&self) -> usize {
        self.index.len
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.slots.get(id)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.slots.slot(id)?.as_mut()
    }

    pub(super) fn find(&self, namespace: Id, name: &str) -> Option<Id> {
        let key = (namespace, name);
        let hash = hash_of(&self.hasher, key);
        let same = |id: &Id| self.get(*id).is_some_and(|t| t.key() == key);
        self.index.of(hash)?.find(hash, same).copied()
    }

    /// The same, quicker where one entry is asked for many times in a row: all that receive a message of a group ask for the
    /// same group and enterprise.
    pub(super) fn find_again(&self, namespace: Id, name: &str) -> Option<Id> {
        let last = self.last.get();
        if self.get(last).is_some_and(|t| t.key() == (namespace, name)) {
            return Some(last);
        }
        let found = self.find(namespace, name)?;
        self.last.set(found);
        Some(found)
    }

    /// Adds an entry whose key is not in the table; `None` when four thousand million are.
    pub(super) fn insert(&mut self, entry: T) -> Option<Id> {
        let hash = hash_of(&self.hasher, entry.key());
        let id = self.place(entry)?;
        let (slots, hasher) = (&self.slots, &self.hasher);
        let part = self.index.of_mut(hash)?;
        part.insert_unique(hash, id, |id| {
            slots.get(*id).map_or(0, |t| hash_of(hasher, t.key()))
        });
        self.index.len += 1;
        Some(id)
    }

    fn place(&mut self, entry: T) -> Option<Id> {
        if let Some(id) = self.free.pop() {
            *self.slots.slot(id)? = Some(entry);
            return Some(id);
        }
        let id = Id::try_from(self.slots.len()).ok()?;
        self.slots.push(entry);
        Some(id)
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let entry = self.slots.slot(id)?.take()?;
        let hash = hash_of(&self.hasher, entry.key());
        let part = self.index.of_mut(hash)?;
        if let Ok(found) = part.find_entry(hash, |other| *other == id) {
            found.remove();
            self.index.len -= 1;
        }
        self.free.push(id);
        Some(entry)
    }

    /// Slots, used and free: ids are below this.
    pub(super) fn slots(&self) -> Id {
        Id::try_from(self.slots.len()).unwrap_or(Id::MAX)
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter()
    }

    /// Bytes of the slots and the index, without what entries own.
    #[cfg(test)]
    pub(super) fn own_bytes(&self) -> usize {
        let index = self.index.parts.iter().map(HashTable::allocation_size);
        self.slots.own_bytes() + index.sum::<usize>()
    }
}

/// Ids by the hash of their entries' keys, in parts that grow one by one: a whole one of 100,000 would read all their keys
/// again when it doubles.
#[derive(Debug)]
struct Index {
    parts: Box<[HashTable<Id>; PARTS]>,
    len: usize,
}

const PARTS: usize = 16;

impl Default for Index {
    fn default() -> Self {
        Index {
            parts: Box::new([const { HashTable::new() }; PARTS]),
            len: 0,
        }
    }
}

impl Index {
    fn of(&self, hash: u64) -> Option<&HashTable<Id>> {
        self.parts.get(part(hash))
    }

    fn of_mut(&mut self, hash: u64) -> Option<&mut HashTable<Id>> {
        self.parts.get_mut(part(hash))
    }
}

/// By bits that a `HashTable` of this size does not use itself: it takes the lowest and the highest ones.
fn part(hash: u64) -> usize {
    usize::from(hash.to_le_bytes()[5]) % PARTS
}

/// Names and namespaces hash without the separators that the standard library's tuples and strings bring along: a name
/// comes last, so there is nothing to separate.
fn hash_of(hasher: &DefaultHashBuilder, (namespace, name): (Id, &str)) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u32(namespace);
    hasher.write(name.as_bytes());
    hasher.finish()
}

/// Bytes of a thin vector on the heap: its length and capacity stand before the entries.
#[cfg(test)]
fn thin_bytes<T>(entries: &ThinVec<T>) -> usize {
    match entries.capacity() {
        0 => 0,
        capacity => 2 * size_of::<usize>() + capacity * size_of::<T>(),
    }
}

/// A sorted set of ids: 4 bytes a member.
#[derive(Debug, Default)]
pub(super) struct IdSet(ThinVec<Id>);

impl IdSet {
    pub(super) fn has(&self, id: Id) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    /// Whether it was not there.
    pub(super) fn insert(&mut self, id: Id) -> bool {
        let Err(at) = self.0.binary_search(&id) else {
            return false;
        };
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.insert(at, id);
        true
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: Id) -> bool {
        let Ok(at) = self.0.binary_search(&id) else {
            return false;
        };
        self.0.remove(at);
        if self.0.is_empty() {
            self.0 = ThinVec::new();
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Id> + '_ {
        self.0.iter().copied()
    }

    /// Those of this set that are not in `other`.
    pub(super) fn without(&self, other: &IdSet) -> Vec<Id> {
        self.iter().filter(|id| !other.has(*id)).collect()
    }

    #[cfg(test)]
    pub(super) fn own_bytes(&self) -> usize {
        thin_bytes(&self.0)
    }
}

/// A sorted set of ids, each with the generation in which it was last told: 8 bytes a member.
#[derive(Debug, Default)]
pub(super) struct LinkSet(ThinVec<(Id, u32)>);

impl LinkSet {
    fn place(&self, id: Id) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |(other, _)| *other)
    }

    pub(super) fn has(&self, id: Id) -> bool {
        self.place(id).is_ok()
    }

    /// Whether it was last told in this generation.
    pub(super) fn is_of(&self, id: Id, generation: u32) -> bool {
        let link = self.place(id).ok().and_then(|at| self.0.get(at));
        link.is_some_and(|(_, told)| *told == generation)
    }

    /// Told in this generation.
    pub(super) fn insert(&mut self, id: Id, generation: u32) {
        match self.place(id) {
            Ok(at) => {
                if let Some(link) = self.0.get_mut(at) {
                    link.1 = generation;
                }
            }
            Err(at) => self.insert_at(at, (id, generation)),
        }
    }

    /// Told by somebody who is no authority in this generation; what was told before stands.
    pub(super) fn insert_untold(&mut self, id: Id, generation: u32) {
        if let Err(at) = self.place(id) {
            self.insert_at(at, (id, generation.wrapping_sub(1)));
        }
    }

    fn insert_at(&mut self, at: usize, link: (Id, u32)) {
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.insert(at, link);
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: Id) -> bool {
        let Ok(at) = self.place(id) else {
            return false;
        };
        self.0.remove(at);
        if self.0.is_empty() {
            self.0 = ThinVec::new();
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Id> + '_ {
        self.0.iter().map(|(id, _)| *id)
    }

    /// Those last told in another generation.
    pub(super) fn not_of(&self, generation: u32) -> impl Iterator<Item = Id> + '_ {
        let old = self.0.iter().filter(move |(_, told)| *told != generation);
        old.map(|(id, _)| *id)
    }

    /// Those of this set that are not in `other`.
    pub(super) fn without(&self, other: &IdSet) -> Vec<Id> {
        self.iter().filter(|id| !other.has(*id)).collect()
    }

    #[cfg(test)]
    pub(super) fn own_bytes(&self) -> usize {
        thin_bytes(&self.0)
    }
}

impl FromIterator<Id> for IdSet {
    fn from_iter<I: IntoIterator<Item = Id>>(ids: I) -> Self {
        let mut ids: ThinVec<Id> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        ids.shrink_to_fit();
        IdSet(ids)
    }
}

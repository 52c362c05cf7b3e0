//! A table of named things: slots addressed by `u32`, found by (namespace, name) without allocating.
//!
//! Room 4, pure. Ids of removed entries are used again. The hash is foldhash with a random seed per
//! process; what is inserted comes from the static service only, look-ups never insert.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use thin_vec::ThinVec;

/// Where an entry stands in its [`Table`].
pub(super) type Id = u32;

/// Something that a [`Table`] can hold.
pub(super) trait Named {
    /// The namespace (an enterprise, or 0) and the name within it.
    fn key(&self) -> (Id, &str);
}

#[derive(Debug)]
pub(super) struct Table<T> {
    slots: Vec<Option<T>>,
    free: Vec<Id>,
    index: HashTable<Id>,
    hasher: DefaultHashBuilder,
    /// What [`Table::find_again`] has found last.
    last: Cell<Id>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            last: Cell::new(0),
        }
    }
}

impl<T: Named> Table<T> {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        slot(&self.slots, id)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.slots
            .get_mut(usize::try_from(id).ok()?)
            .and_then(Option::as_mut)
    }

    pub(super) fn find(&self, namespace: Id, name: &str) -> Option<Id> {
        let key = (namespace, name);
        let hash = hash_of(&self.hasher, key);
        let same = |id: &Id| slot(&self.slots, *id).is_some_and(|t: &T| t.key() == key);
        self.index.find(hash, same).copied()
    }

    /// The same, quicker where one entry is asked for many times in a row: all that receive a message of a group ask for the
    /// same group and enterprise.
    pub(super) fn find_again(&self, namespace: Id, name: &str) -> Option<Id> {
        let last = self.last.get();
        if slot(&self.slots, last).is_some_and(|t| t.key() == (namespace, name)) {
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
        self.index.insert_unique(hash, id, |id| {
            slot(slots, *id).map_or(0, |t| hash_of(hasher, t.key()))
        });
        Some(id)
    }

    fn place(&mut self, entry: T) -> Option<Id> {
        if let Some(id) = self.free.pop() {
            *self.slots.get_mut(usize::try_from(id).ok()?)? = Some(entry);
            return Some(id);
        }
        let id = Id::try_from(self.slots.len()).ok()?;
        self.slots.push(Some(entry));
        Some(id)
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let entry = self.slots.get_mut(usize::try_from(id).ok()?)?.take()?;
        let hash = hash_of(&self.hasher, entry.key());
        if let Ok(found) = self.index.find_entry(hash, |other| *other == id) {
            found.remove();
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
        self.slots.iter().flatten()
    }

    /// Bytes of the slots and the index, without what entries own.
    #[cfg(test)]
    pub(super) fn own_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<T>>() + self.index.allocation_size()
    }
}

/// Names and namespaces hash without the separators that the standard library's tuples and strings bring along: a name
/// comes last, so there is nothing to separate.
fn hash_of(hasher: &DefaultHashBuilder, (namespace, name): (Id, &str)) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u32(namespace);
    hasher.write(name.as_bytes());
    hasher.finish()
}

fn slot<T>(slots: &[Option<T>], id: Id) -> Option<&T> {
    slots.get(usize::try_from(id).ok()?)?.as_ref()
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

    /// Whether it was not there.
    pub(super) fn insert(&mut self, id: Id, generation: u32) -> bool {
        match self.place(id) {
            Ok(at) => {
                if let Some(link) = self.0.get_mut(at) {
                    link.1 = generation;
                }
                false
            }
            Err(at) => {
                if self.0.is_empty() {
                    self.0.reserve_exact(1);
                }
                self.0.insert(at, (id, generation));
                true
            }
        }
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

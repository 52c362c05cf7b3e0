//! Slots addressed by `u32`, in pieces: a table of 100,000 users grows by 1,024 at a time, and nothing that is there is moved.
//! One that moves whole would hold up the broker's messages for as long as it takes to copy megabytes.
//!
//! Room 4, pure.

use super::table::Id;

/// Slots of a piece: some 100 KiB of users. The first grows up to that, for the many brokers that have few of everything.
const PIECE: usize = 1 << PIECE_BITS;
const PIECE_BITS: u32 = 10;

#[derive(Debug)]
pub(super) struct Slots<T> {
    /// All but the last are full.
    pieces: Vec<Vec<Option<T>>>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { pieces: Vec::new() }
    }
}

impl<T> Slots<T> {
    pub(super) fn get(&self, id: Id) -> Option<&T> {
        let (piece, at) = place(id);
        self.pieces.get(piece)?.get(at)?.as_ref()
    }

    /// The slot itself, to be filled or emptied.
    pub(super) fn slot(&mut self, id: Id) -> Option<&mut Option<T>> {
        let (piece, at) = place(id);
        self.pieces.get_mut(piece)?.get_mut(at)
    }

    /// Used and empty ones: ids are below this.
    pub(super) fn len(&self) -> usize {
        let full = self.pieces.len().saturating_sub(1);
        full * PIECE + self.pieces.last().map_or(0, Vec::len)
    }

    pub(super) fn push(&mut self, entry: T) {
        if self.pieces.last().is_none_or(|last| last.len() == PIECE) {
            let first = self.pieces.is_empty();
            self.pieces
                .push(Vec::with_capacity(if first { 4 } else { PIECE }));
        }
        if let Some(last) = self.pieces.last_mut() {
            last.push(Some(entry));
        }
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten().flatten()
    }

    #[cfg(test)]
    pub(super) fn own_bytes(&self) -> usize {
        let slots: usize = self.pieces.iter().map(Vec::capacity).sum();
        slots * size_of::<Option<T>>() + self.pieces.capacity() * size_of::<Vec<Option<T>>>()
    }
}

fn place(id: Id) -> (usize, usize) {
    let at = usize::try_from(id).unwrap_or(usize::MAX);
    (at >> PIECE_BITS, at & (PIECE - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_stay_where_they_are_while_others_come() {
        let mut slots = Slots::default();
        for n in 0..PIECE {
            slots.push(n);
        }
        let before = std::ptr::from_ref(slots.get(3).unwrap());
        let last = 10 * PIECE + 7;
        for n in PIECE..last {
            slots.push(n);
        }
        assert_eq!(slots.len(), last);
        assert_eq!(std::ptr::from_ref(slots.get(3).unwrap()), before);
        for n in 0..last {
            assert_eq!(slots.get(Id::try_from(n).unwrap()), Some(&n));
        }
        assert_eq!(slots.get(Id::try_from(last).unwrap()), None);
        assert_eq!(slots.get(Id::MAX), None);
    }
}

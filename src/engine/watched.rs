//! A value that counts the times at which it may have changed, so that what was concluded from it can be seen to be
//! out of date.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;

/// A value that can be looked at freely, and changed by [`Watched::change`] alone.
pub(super) struct Watched<T> {
    value: T,
    changes: u64,
    of_all: Changes,
}

/// How often any of several values may have changed.
#[derive(Clone, Default)]
pub(super) struct Changes(Rc<Cell<u64>>);

impl Changes {
    /// Of all of them together.
    pub(super) fn count(&self) -> u64 {
        self.0.get()
    }
}

impl<T> Watched<T> {
    /// Not changed yet, and counted with others.
    pub(super) fn new(value: T, of_all: &Changes) -> Watched<T> {
        Watched {
            value,
            changes: 0,
            of_all: of_all.clone(),
        }
    }

    /// To change it.
    pub(super) fn change(&mut self) -> &mut T {
        self.changes += 1;
        self.of_all.0.set(self.of_all.0.get() + 1);
        &mut self.value
    }

    /// To change it in a way of which nobody concludes anything.
    pub(super) fn change_unseen(&mut self) -> &mut T {
        &mut self.value
    }

    /// How often it may have changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }
}

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seen_changes_count() {
        let both = Changes::default();
        let mut list = Watched::new(vec![1], &both);
        let mut other = Watched::new(0, &both);
        assert_eq!((list.len(), list.changes()), (1, 0));
        list.change().push(2);
        list.change_unseen().push(3);
        *other.change() += 1;
        assert_eq!((list.len(), list.changes()), (3, 1));
        assert_eq!((*other, other.changes(), both.count()), (1, 1, 2));
    }
}

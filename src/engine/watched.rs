//! A value that counts the times at which it may have changed, so that what was concluded from it can be seen to be
//! out of date.

use std::ops::Deref;

/// A value that can be looked at freely, and changed by [`Watched::change`] alone.
#[derive(Default)]
pub(super) struct Watched<T> {
    value: T,
    changes: u64,
}

impl<T> Watched<T> {
    /// Not changed yet.
    pub(super) fn new(value: T) -> Watched<T> {
        Watched { value, changes: 0 }
    }

    /// To change it.
    pub(super) fn change(&mut self) -> &mut T {
        self.changes += 1;
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
        let mut list = Watched::new(vec![1]);
        assert_eq!((list.len(), list.changes()), (1, 0));
        list.change().push(2);
        list.change_unseen().push(3);
        assert_eq!((list.len(), list.changes()), (3, 1));
    }
}

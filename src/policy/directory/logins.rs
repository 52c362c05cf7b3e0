//! The bound on users whom only logins told of: first in, first out, live sessions excepted.
//!
//! The queue may hold stale places (a user came again, or has a session now); a place counts only while
//! its stamp is the user's latest. Stale ones are swept out before they outnumber the good ones.
//! Room 4, pure.

use std::collections::VecDeque;

use super::Directory;
use super::entry::{State, User};
use super::table::{Id, Table};
use crate::policy::rights::Account;

const SWEEP_SLACK: usize = 64;

#[derive(Debug)]
pub(super) struct Logins {
    capacity: usize,
    /// Users in [`State::Login`].
    count: usize,
    queue: VecDeque<(Id, u32)>,
    last_stamp: u32,
}

impl Logins {
    pub(super) fn new(capacity: usize) -> Self {
        Logins {
            capacity,
            count: 0,
            queue: VecDeque::new(),
            last_stamp: 0,
        }
    }

    fn sweep(&mut self, users: &Table<User>) {
        if self.queue.len() > 2 * self.count + SWEEP_SLACK {
            self.queue.retain(|place| is_next(users, *place));
        }
    }

    #[cfg(test)]
    pub(super) fn queue_len(&self) -> usize {
        self.queue.len()
    }
}

fn is_next(users: &Table<User>, (id, stamp): (Id, u32)) -> bool {
    users
        .get(id)
        .is_some_and(|u| u.state == State::Login && u.pins == 0 && u.stamp == stamp)
}

impl Directory {
    pub(super) fn set_state(&mut self, id: Id, state: State) {
        let Some(entry) = self.users.get_mut(id) else {
            return;
        };
        let was = std::mem::replace(&mut entry.state, state);
        self.logins.count += usize::from(state == State::Login);
        self.logins.count -= usize::from(was == State::Login);
        self.named += usize::from(state == State::Named);
        self.named -= usize::from(was == State::Named);
    }

    pub(super) fn queue_for_eviction(&mut self, id: Id) {
        let Some(entry) = self.users.get_mut(id) else {
            return;
        };
        if entry.state != State::Login || entry.pins > 0 {
            return;
        }
        self.logins.last_stamp = self.logins.last_stamp.wrapping_add(1).max(1);
        entry.stamp = self.logins.last_stamp;
        self.logins.queue.push_back((id, entry.stamp));
        self.logins.sweep(&self.users);
    }

    pub(super) fn evict(&mut self) {
        while self.logins.count > self.logins.capacity {
            let Some(place) = self.logins.queue.pop_front() else {
                return;
            };
            if is_next(&self.users, place) {
                self.forget(place.0);
            }
        }
    }

    fn forget(&mut self, id: Id) {
        self.set_state(id, State::Named);
        self.set_account(id, &Account::default());
        if let Some(entry) = self.users.get_mut(id) {
            entry.kinds = crate::policy::rights::Kinds::NONE;
        }
        self.leave_groups(id, |group| !group.from_directory);
        self.cut_partners(id, |other| !other.is_known());
        self.drop_if_idle(id);
    }
}

//! What the worker needs of the process, where the doorbell is a message to the plugin's own session.

use std::sync::{Mutex, PoisonError};

use super::super::signals;
use crate::worker::{Loopback, Platform, Turns};

/// The process of a broker of 1.x.
pub(super) struct OldPlatform {
    turns: Turns,
    loopback: Mutex<Option<Loopback>>,
}

impl OldPlatform {
    pub(super) fn new(turns: Turns, loopback: Loopback) -> OldPlatform {
        OldPlatform {
            turns,
            loopback: Mutex::new(Some(loopback)),
        }
    }
}

impl Platform for OldPlatform {
    fn ring(&self) {
        self.turns.want();
    }

    fn block_signals(&self) {
        signals::block_signals();
    }

    fn give_way(&self) {
        signals::give_way();
    }

    fn separate_files(&self, keep: &[i32]) {
        signals::separate_files(keep);
    }

    fn loopback(&self) -> Option<Loopback> {
        let mut loopback = self.loopback.lock().unwrap_or_else(PoisonError::into_inner);
        loopback.take()
    }
}

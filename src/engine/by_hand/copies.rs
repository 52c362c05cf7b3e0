//! Copies of messages on their way to single devices.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::engine::Publication;

/// Copies of one message.
pub(super) struct Copies {
    pub(super) topic: Rc<str>,
    pub(super) payload: Rc<[u8]>,
    pub(super) qos: u8,
    pub(super) expiry_s: u32,
    /// The client ids.
    pub(super) to: Vec<Box<str>>,
}

/// Copies of all messages, the first message's first.
#[derive(Default)]
pub(super) struct CopyQueue(VecDeque<Copies>);

impl CopyQueue {
    pub(super) fn push(&mut self, copies: Copies) {
        if !copies.to.is_empty() {
            self.0.push_back(copies);
        }
    }

    /// Takes the next device out, with what it is to be brought.
    pub(super) fn next(&mut self) -> Option<(Box<str>, Publication)> {
        let copies = self.0.front_mut()?;
        let client_id = copies.to.pop()?;
        let copy = copies.for_client(client_id.clone());
        if copies.to.is_empty() {
            self.0.pop_front();
        }
        Some((client_id, copy))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all out.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Copies> {
        std::mem::take(&mut self.0).into_iter()
    }
}

impl Copies {
    fn for_client(&self, client_id: Box<str>) -> Publication {
        Publication {
            to: Some(client_id),
            topic: self.topic.to_string(),
            payload: self.payload.to_vec(),
            qos: self.qos.min(1),
            retain: false,
            expiry_s: self.expiry_s,
        }
    }
}

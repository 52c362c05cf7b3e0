//! Two who talk: of the next message from the one to the other's inbox nothing has to be looked up, neither names nor
//! directory. What was decided of the last one stands for as long as nothing has changed that it hangs on; of the message itself the
//! form and the Source are read each time.

use super::{Glance, NamesAt, Place};
use crate::engine::{Access, ConnKey};
use crate::policy::is_to_somebody_else;
use crate::protocol::is_from;

/// The inbox that was written to last; if it was the one before, too, who was allowed to write to it, and to be given what is
/// written there.
#[derive(Default)]
pub(in crate::engine) struct Talk {
    inbox: Vec<u8>,
    writer: Option<Place>,
    reader: Option<ConnKey>,
    /// The writer's uid.
    source: String,
    /// When that was decided, by [`crate::engine::Engine::routing_version`].
    as_of: u64,
}

impl Talk {
    /// Whether a question is the last one again, of another message.
    pub(super) fn goes_on(
        &self,
        glance: &Glance<'_>,
        version: u64,
        names: impl Fn() -> NamesAt,
    ) -> bool {
        // Whose connection it is comes first: most questions end there.
        match glance.access {
            Access::Publish => self.writer.is_some_and(|writer| {
                writer.conn == glance.conn
                    && self.is_about(glance, version)
                    && writer.names == names()
                    && is_to_somebody_else(glance.payload, &self.source)
            }),
            Access::Receive => {
                self.reader == Some(glance.conn)
                    && self.is_about(glance, version)
                    && is_from(glance.payload, &self.source)
            }
            Access::Subscribe | Access::Unsubscribe => false,
        }
    }

    fn is_about(&self, glance: &Glance<'_>, version: u64) -> bool {
        self.as_of == version && self.inbox == glance.topic
    }

    /// A message was allowed for good: nothing is left to be done about it.
    pub(super) fn note_writer(
        &mut self,
        glance: &Glance<'_>,
        names: NamesAt,
        uid: &str,
        version: u64,
    ) {
        let again = self.is_about(glance, version);
        if !again {
            self.end();
            self.as_of = version;
            self.inbox.clear();
            self.inbox.extend_from_slice(glance.topic);
            return;
        }
        self.source.clear();
        self.source.push_str(uid);
        self.writer = Some(Place {
            conn: glance.conn,
            names,
        });
    }

    /// So was its delivery.
    pub(super) fn note_reader(&mut self, glance: &Glance<'_>, version: u64) {
        if self.writer.is_some() && self.is_about(glance, version) {
            self.reader = Some(glance.conn);
        }
    }

    /// Somebody has gone.
    pub(super) fn end(&mut self) {
        (self.writer, self.reader) = (None, None);
    }
}

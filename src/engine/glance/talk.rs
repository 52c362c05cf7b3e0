//! Two who talk: of the next message from the one to the other's inbox nothing has to be looked up, neither names nor
//! directory. What was decided of the last one stands for as long as nothing has changed that it hangs on; of the message itself the
//! form and the Source are read each time.

use super::{Glance, NamesAt, Place};
use crate::engine::{Access, ConnKey};
use crate::policy::is_to_somebody_else;
use crate::protocol::{is_from, source_of};

/// Who was allowed to write to one inbox, and to be given what is written there.
#[derive(Default)]
pub(super) struct Talk {
    writer: Option<Place>,
    reader: Option<ConnKey>,
    /// The writer's uid.
    source: String,
    /// When that was decided, by [`crate::engine::Engine::routing_version`].
    as_of: u64,
}

impl Talk {
    /// Whether the connection is the one that writes, or is given what is written: most questions end here.
    pub(super) fn is_with(&self, glance: &Glance<'_>) -> bool {
        match glance.access {
            Access::Publish => self.writer.is_some_and(|writer| writer.conn == glance.conn),
            Access::Receive => self.reader == Some(glance.conn),
            Access::Subscribe | Access::Unsubscribe => false,
        }
    }

    /// Whether a question about this inbox, by one of the two, is the last one again, of another message.
    pub(super) fn goes_on(
        &self,
        glance: &Glance<'_>,
        version: u64,
        names: impl Fn() -> NamesAt,
    ) -> bool {
        self.as_of == version
            && match glance.access {
                Access::Publish => {
                    self.writer.is_some_and(|writer| writer.names == names())
                        && is_to_somebody_else(glance.payload, &self.source)
                }
                _ => is_from(glance.payload, &self.source),
            }
    }

    /// A message to this inbox, or its delivery, was allowed for good: nothing is left to be done about it.
    pub(super) fn note(&mut self, glance: &Glance<'_>, version: u64, names: impl Fn() -> NamesAt) {
        if self.as_of != version {
            self.end();
            self.as_of = version;
        }
        match glance.access {
            Access::Publish => {
                self.source.clear();
                self.source.extend(source_of(glance.payload));
                self.writer = Some(Place {
                    conn: glance.conn,
                    names: names(),
                });
            }
            _ => self.reader = self.writer.map(|_| glance.conn),
        }
    }

    /// Somebody has gone, or this is another inbox.
    pub(super) fn end(&mut self) {
        (self.writer, self.reader) = (None, None);
    }
}

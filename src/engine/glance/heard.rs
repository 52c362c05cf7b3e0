//! The message to a group that was judged last: all who receive it are asked about in a row.

use super::Glance;
use crate::engine::watched::Watched;
use crate::policy::{Directory, Hearing};
use crate::protocol::{Topic, is_from, source_of};

/// To which group it goes, and who hears it.
#[derive(Default)]
pub(in crate::engine) struct Heard {
    topic: String,
    /// Where eid ends and gid begins in `topic`.
    parts: (usize, usize),
    source: String,
    /// What the directory had changed by then.
    changes: u64,
    hearing: Option<Hearing>,
}

impl Heard {
    /// Who hears this message, if it is the last one again and membership alone tells that.
    pub(super) fn hearing(&self, glance: &Glance<'_>, changes: u64) -> Option<Hearing> {
        self.hearing.filter(|_| self.is_last(glance, changes))
    }

    fn is_last(&self, glance: &Glance<'_>, changes: u64) -> bool {
        self.changes == changes
            && self.topic.as_bytes() == glance.topic
            && is_from(glance.payload, &self.source)
    }

    /// This may be another message: the eid and the gid of its topic, where that is a group's.
    pub(super) fn hear(
        &mut self,
        glance: &Glance<'_>,
        directory: &Watched<Directory>,
    ) -> Option<(&str, &str)> {
        if !self.is_last(glance, directory.changes()) {
            self.read(glance, directory)?;
        }
        self.group()
    }

    fn read(&mut self, glance: &Glance<'_>, directory: &Watched<Directory>) -> Option<()> {
        if self.topic.as_bytes() != glance.topic {
            let text = std::str::from_utf8(glance.topic).ok()?;
            let Topic::Group { eid, gid } = Topic::parse(text) else {
                return None;
            };
            self.parts = (eid.len(), text.len() - gid.len());
            self.topic.clear();
            self.topic.push_str(text);
        }
        self.changes = directory.changes();
        self.source.clear();
        self.source.extend(source_of(glance.payload));
        let (eid, gid) = self.group()?;
        self.hearing = directory.hearing(eid, gid, &self.source);
        Some(())
    }

    fn group(&self) -> Option<(&str, &str)> {
        let (eid, gid_at) = self.parts;
        Some((self.topic.get(..eid)?, self.topic.get(gid_at..)?))
    }
}

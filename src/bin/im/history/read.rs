//! Reading the history.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use mosquitto_enterprise_push::client::PersonalKey;
use mosquitto_enterprise_push::client::sealed::{Purpose, Records, StorageKey};

use super::Record;
use super::files::{dir, numbers, path};
use crate::session::Context;
use crate::wire::history::RecordRow;

/// What somebody wants to see.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// One conversation only.
    pub(crate) with: Option<String>,
    /// At most so many, the latest; 0 for all.
    pub(crate) limit: usize,
    /// Kept from then on.
    pub(crate) since_ms: u64,
}

/// What there is of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Oldest first.
    pub(crate) records: VecDeque<Record>,
    /// Records that were changed, or that we cannot read.
    pub(crate) damaged: usize,
    /// Files that were cut inside a record, or whose beginning is none.
    pub(crate) torn: usize,
    /// Files under another key.
    pub(crate) foreign: usize,
}

/// Reads everything; what cannot be read is counted and passed over.
pub(crate) fn read(context: &Context, key: &PersonalKey, wanted: &Wanted) -> Found {
    let key = StorageKey::derive(key, Purpose::History);
    let client_id = context.profile.session.as_str();
    let (dir, mut found) = (dir(context), Found::default());
    for number in numbers(&dir) {
        read_file(&path(&dir, number), &key, client_id, wanted, &mut found);
    }
    found
}

fn read_file(path: &Path, key: &StorageKey, client_id: &str, wanted: &Wanted, found: &mut Found) {
    // It may have been thrown away meanwhile.
    let Ok(bytes) = fs::read(path) else {
        return;
    };
    let Ok(mut records) = Records::read(&bytes) else {
        found.torn += 1;
        return;
    };
    if !records.header().is_under(key) {
        found.foreign += 1;
        return;
    }
    for sealed in records.by_ref() {
        let text = sealed.open(key, client_id).ok();
        let row = text.and_then(|text| serde_json::from_slice::<RecordRow>(&text).ok());
        match row.map(Record::from) {
            None => found.damaged += 1,
            Some(record) if wanted.is(&record) => found.push(record, wanted.limit),
            Some(_) => {}
        }
    }
    found.torn += usize::from(!records.is_at_end());
}

impl Wanted {
    fn is(&self, record: &Record) -> bool {
        let with = self.with.as_ref().is_none_or(|with| *with == record.with);
        with && record.kept_ms >= self.since_ms
    }
}

impl Found {
    fn push(&mut self, record: Record, limit: usize) {
        self.records.push_back(record);
        if limit > 0 && self.records.len() > limit {
            self.records.pop_front();
        }
    }
}

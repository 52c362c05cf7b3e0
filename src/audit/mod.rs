//! Room 9: the audit log. Records become lines of JSON; a file takes them, and a spool from which they are sent on to the
//! static service.
//!
//! Writes files and waits for the disk, so it is called on a thread that may wait: never on the broker's. What cannot be
//! kept is counted, and the count is put on record as soon as there is room.

mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod line;
mod spool;

use std::path::Path;

use crate::engine::{Level, Record};
use file::LogFile;
use line::Lines;
pub use spool::{SEGMENT_BYTES, SEGMENT_RECORDS, Segment, Spool};

/// Who writes the log, and where to.
pub struct Trail {
    lines: Lines,
    file: Option<Sink<LogFile>>,
    spool: Option<Sink<Spool>>,
}

/// Where lines go, and how many did not get there.
struct Sink<T> {
    into: T,
    lost: u64,
    /// Whether the last write failed, so that a failure is told once.
    failing: bool,
}

impl<T> Sink<T> {
    fn new(into: T) -> Sink<T> {
        Sink {
            into,
            lost: 0,
            failing: false,
        }
    }
}

/// What the broker's log is told.
pub type Complaints = Vec<(Level, String)>;

impl Trail {
    /// A trail that begins now, `start_ms` since 1970, of the broker `node`: ids of records are unique by both.
    pub fn new(node: &str, start_ms: u64, file: Option<&Path>, spool: Option<Spool>) -> Trail {
        Trail {
            lines: Lines::new(node, start_ms),
            file: file.map(|path| Sink::new(LogFile::new(path))),
            spool: spool.map(Sink::new),
        }
    }

    /// Marks every record: nothing of what they tell is enforced.
    pub fn mark_as_shadow(&mut self) {
        self.lines.shadow = true;
    }

    /// The file is opened anew with the next record: it may have been moved away, or be another from now on.
    pub fn reopen(&mut self, path: Option<&Path>) {
        match (&mut self.file, path) {
            (Some(sink), Some(path)) if sink.into.path() == path => sink.into.close(),
            (file, path) => *file = path.map(|path| Sink::new(LogFile::new(path))),
        }
    }

    /// Whether records go anywhere.
    pub fn is_wanted(&self) -> bool {
        self.file.is_some() || self.spool.is_some()
    }

    /// What waits to be sent on.
    pub fn spool(&mut self) -> Option<&mut Spool> {
        Some(&mut self.spool.as_mut()?.into)
    }

    /// Bytes that wait to be sent on.
    pub fn spooled(&self) -> u64 {
        self.spool.as_ref().map_or(0, |sink| sink.into.bytes())
    }

    /// Writes records down; `dropped` others had to be left out before they came here.
    pub fn write(&mut self, records: &[Record], dropped: u64, now_ms: u64) -> Complaints {
        let mut complaints = Vec::new();
        let mut lines: Vec<String> = records.iter().map(|r| self.lines.line(r)).collect();
        if dropped > 0 {
            lines.push(self.lines.dropped(dropped, "queue", now_ms));
            let text = format!("audit log: the queue was full: {dropped} records are lost");
            complaints.push((Level::Warning, text));
        }
        if let Some(sink) = &mut self.file {
            let lost = (sink.lost > 0).then(|| self.lines.dropped(sink.lost, "file", now_ms));
            match sink.into.append(lost.iter().chain(&lines)) {
                Ok(()) => sink.recovered("audit log: the file is written again", &mut complaints),
                Err(error) => {
                    let text = format!("audit log `{}`: {error}", sink.into.path().display());
                    sink.failed(text, lines.len(), &mut complaints);
                }
            }
        }
        if let Some(sink) = &mut self.spool {
            let lost = (sink.lost > 0).then(|| self.lines.dropped(sink.lost, "spool", now_ms));
            match sink.into.append(lost.iter().chain(&lines)) {
                Ok(0) => {
                    sink.recovered("audit log: the spool takes records again", &mut complaints)
                }
                Ok(refused) => {
                    let text = "audit log: the spool is full; records are lost until the static service takes some";
                    // The line about what was lost before comes first, and is not itself a record.
                    let told = lost.is_some() && refused <= lines.len();
                    if told {
                        sink.lost = 0;
                    }
                    sink.failed(text.to_owned(), refused.min(lines.len()), &mut complaints);
                }
                Err(error) => {
                    let text = format!("audit log: spool: {error}");
                    sink.failed(text, lines.len(), &mut complaints);
                }
            }
        }
        complaints
    }
}

impl<T> Sink<T> {
    fn recovered(&mut self, text: &str, complaints: &mut Complaints) {
        if self.failing {
            let text = format!("{text}; {} records were lost", self.lost);
            complaints.push((Level::Notice, text));
        }
        self.failing = false;
        self.lost = 0;
    }

    fn failed(&mut self, text: String, lost: usize, complaints: &mut Complaints) {
        if !self.failing {
            complaints.push((Level::Error, text));
        }
        self.failing = true;
        self.lost += u64::try_from(lost).unwrap_or(u64::MAX);
    }
}

#[cfg(test)]
mod tests;

//! The directory as it was told last, kept in `state_dir`: after a restart the broker knows its users before
//! the static service has answered, or while it is away.
//!
//! Two files. `directory` is a load as it came: a line with format, service and sequence number, the lines of
//! the service, and a last line with their SHA-256. `directory-journal` has the events since, a line each:
//! checksum, id, name, data. Names and rights only: neither tokens nor passwords pass here.
//!
//! A copy that does not match its checksum, or lacks events that the feed's position has passed, is not
//! believed as a whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::cursor::Cursor;
use super::seal::{hex, unsealed};
use crate::protocol::contract::{DirectoryStep, FeedEvent};
use crate::upstream::RawEvent;
use crate::upstream::wire::{DirectoryLine, read_directory_line, read_event};

const FORMAT: &str = "enterprise-push-directory-1";
const DIRECTORY: &str = "directory";
const JOURNAL: &str = "directory-journal";
/// A journal longer than this is replaced by a new load.
const LONG_JOURNAL_BYTES: u64 = 16 * 1024 * 1024;
/// Entries in one step.
const BATCH: usize = 256;

/// A copy, read without a broker.
#[derive(Debug, PartialEq)]
pub struct Copied {
    /// The static service that it is of.
    pub service: String,
    /// The last event of the feed that is in it.
    pub last: u64,
    /// What it says.
    pub steps: Vec<DirectoryStep>,
}

/// Reads the copy in a `state_dir`, if the plugin would believe it. `Ok(None)` where there is none.
pub fn copied_directory(folder: &Path) -> Result<Option<Copied>, String> {
    let mut copy = Copy::new(folder, "");
    let Some(text) = copy.file(DIRECTORY)? else {
        return Ok(None);
    };
    let head = text.lines().next().unwrap_or_default();
    copy.service = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let position = Cursor::new(folder, &copy.service).load()?;
    let steps = copy.read(position.map_or(0, |position| position.copied))?;
    Ok(steps.map(|steps| Copied {
        last: copy.last().unwrap_or_default(),
        service: copy.service,
        steps,
    }))
}

/// The copy in one folder, for one service.
pub(super) struct Copy {
    folder: PathBuf,
    service: String,
    /// The last event that is in it.
    last: Option<u64>,
    journal: Option<File>,
    journal_bytes: u64,
}

/// A load that is being written.
pub(super) struct NewCopy {
    file: BufWriter<File>,
    digest: Sha256,
    seq: u64,
}

impl Copy {
    /// In this folder. Reads nothing yet.
    pub(super) fn new(folder: &Path, service: &str) -> Copy {
        Copy {
            folder: folder.to_owned(),
            service: service.to_owned(),
            last: None,
            journal: None,
            journal_bytes: 0,
        }
    }

    /// Reads the copy, if it is whole and holds all events up to `needed`, and gives its steps. `Ok(None)` when
    /// there is none for this service.
    pub(super) fn read(&mut self, needed: u64) -> Result<Option<Vec<DirectoryStep>>, String> {
        let Some(text) = self.file(DIRECTORY)? else {
            return Ok(None);
        };
        let Some((seq, lines)) = self.check(&text)? else {
            return Ok(None);
        };
        let events = self.journal_after(seq)?;
        let last = events.last().map_or(seq, |(id, _)| *id);
        if last < needed {
            return Err(format!(
                "the copy of the directory ends at event {last}, before {needed}: not used"
            ));
        }
        let mut steps = vec![DirectoryStep::Begin];
        for batch in lines.chunks(BATCH) {
            steps.push(DirectoryStep::Entries(batch.to_vec()));
        }
        let events = events.into_iter().map(|(_, event)| event).collect();
        steps.push(DirectoryStep::Again(events));
        steps.push(DirectoryStep::End);
        self.last = Some(last);
        Ok(Some(steps))
    }

    /// The last event that is in the copy; `None` while there is none.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Adds an event. Nothing happens while there is no copy, or when it is there already.
    pub(super) fn append(&mut self, id: u64, event: &RawEvent) -> io::Result<()> {
        if self.last.is_none_or(|last| id <= last) {
            return Ok(());
        }
        let line = journal_line(id, event);
        if self.journal.is_none() {
            let path = self.folder.join(JOURNAL);
            let file = File::options().create(true).append(true).open(path)?;
            self.journal_bytes = file.metadata()?.len();
            self.journal = Some(file);
        }
        if let Some(file) = &mut self.journal {
            file.write_all(line.as_bytes())?;
        }
        self.journal_bytes += u64::try_from(line.len()).unwrap_or(u64::MAX);
        self.last = Some(id);
        Ok(())
    }

    /// Whether a new load should replace the journal.
    pub(super) fn is_long(&self) -> bool {
        self.journal_bytes > LONG_JOURNAL_BYTES
    }

    /// Begins to write a load that is true after event `seq`.
    pub(super) fn begin(&self, seq: u64) -> io::Result<NewCopy> {
        let file = BufWriter::new(File::create(
            self.folder.join(DIRECTORY).with_extension("new"),
        )?);
        let mut new = NewCopy {
            file,
            digest: Sha256::new(),
            seq,
        };
        new.line(&format!("{FORMAT} {} {seq}", self.service))?;
        Ok(new)
    }

    /// Puts a finished load in the place of the former copy. `later` are the events since.
    pub(super) fn replace(&mut self, new: NewCopy, later: &[(u64, RawEvent)]) -> io::Result<()> {
        let seq = new.seq;
        new.finish()?;
        let path = self.folder.join(DIRECTORY);
        std::fs::rename(path.with_extension("new"), path)?;
        self.journal = None;
        std::fs::write(self.folder.join(JOURNAL), "")?;
        self.last = Some(seq);
        for (id, event) in later {
            self.append(*id, event)?;
        }
        Ok(())
    }

    fn file(&self, name: &str) -> Result<Option<String>, String> {
        let path = self.folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Sequence number and entries of the file; `None` when it is another service's.
    fn check(&self, text: &str) -> Result<Option<(u64, Vec<FeedEvent>)>, String> {
        let path = self.folder.join(DIRECTORY);
        let damaged = |why: &str| format!("{}: {why}: not used", path.display());
        let mut lines = unsealed(text).map_err(damaged)?.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [FORMAT, service, seq] = head.as_slice() else {
            return Err(damaged("of another format"));
        };
        if *service != self.service {
            return Ok(None);
        }
        let seq = seq.parse().map_err(|_| damaged("of another format"))?;
        let mut entries = Vec::new();
        for line in lines {
            match read_directory_line(line).map_err(|why| damaged(&why))? {
                DirectoryLine::Entry(Some(event)) => entries.push(*event),
                _ => return Err(damaged("of another format")),
            }
        }
        Ok(Some((seq, entries)))
    }

    /// The events of the journal after `seq`. What a crash left of a last line is passed over: the feed's position
    /// is not beyond it.
    fn journal_after(&self, seq: u64) -> Result<Vec<(u64, FeedEvent)>, String> {
        let text = self.file(JOURNAL)?.unwrap_or_default();
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        let mut events = Vec::new();
        for line in text.get(..whole).unwrap_or_default().lines() {
            let (id, event) = journal_event(line).ok_or_else(|| {
                format!("{}: damaged: not used", self.folder.join(JOURNAL).display())
            })?;
            if id > seq {
                events.push((id, event));
            }
        }
        Ok(events)
    }
}

impl NewCopy {
    /// Adds a line of the directory.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        for part in [line, "\n"] {
            self.digest.update(part);
            self.file.write_all(part.as_bytes())?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let digest = hex(self.digest);
        writeln!(self.file, "{digest}")?;
        self.file.into_inner()?.sync_all()
    }
}

/// `checksum id name data`; data is the rest of the line.
pub(super) fn journal_line(id: u64, event: &RawEvent) -> String {
    let data = event.data.replace(['\n', '\r'], " ");
    let text = format!("{id} {} {data}", event.name);
    format!("{} {text}\n", hex(Sha256::new_with_prefix(&text)))
}

fn journal_event(line: &str) -> Option<(u64, FeedEvent)> {
    let (digest, text) = line.split_once(' ')?;
    if digest != hex(Sha256::new_with_prefix(text)) {
        return None;
    }
    let (id, event) = text.split_once(' ')?;
    let (name, data) = event.split_once(' ')?;
    Some((id.parse().ok()?, read_event(name, data).ok()??))
}

#[cfg(test)]
mod tests;

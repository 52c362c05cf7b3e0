//! What waits to be sent on: segments of at most a mebibyte in a folder, oldest first. A segment is sent whole and then
//! removed; one that was sent but not removed is sent again after a restart, and its records are known by their ids.
//!
//! Bounded. When it is full what comes is refused and what is there stays: who wants to hide something by filling the
//! log with noise hides the noise.
//!
//! Nothing is synced: a spool outlives the broker's end, not the machine's.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::file::append_to;

/// Bytes of a segment; a line may go beyond.
pub const SEGMENT_BYTES: u64 = 1024 * 1024;
/// Records of a segment.
pub const SEGMENT_RECORDS: usize = 5_000;

const SUFFIX: &str = ".ndjson";
/// The last segment that the static service would not have, kept for whoever wants to know why.
const REFUSED: &str = "refused";

/// The spool.
pub struct Spool {
    folder: PathBuf,
    most_bytes: u64,
    closed: VecDeque<Segment>,
    open: Option<Open>,
    next: u64,
}

/// A segment that nothing is added to any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// How long.
    pub bytes: u64,
}

struct Open {
    file: File,
    segment: Segment,
    records: usize,
}

impl Spool {
    /// Opens the spool in this folder, which is made if need be, for at most so many bytes.
    pub fn open(folder: &Path, most_bytes: u64) -> io::Result<Spool> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder)?;
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        let mut spool = Spool {
            folder: folder.to_owned(),
            most_bytes,
            closed: VecDeque::new(),
            open: None,
            next: numbers.last().map_or(1, |last| last + 1),
        };
        for number in numbers {
            spool.take_over(spool.path(&number.to_string()))?;
        }
        Ok(spool)
    }

    /// A segment of a former run: half a line at its end is cut off.
    fn take_over(&mut self, path: PathBuf) -> io::Result<()> {
        let text = std::fs::read(&path)?;
        let whole = text
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        if whole == 0 {
            return std::fs::remove_file(&path);
        }
        if whole < text.len() {
            File::options()
                .write(true)
                .open(&path)?
                .set_len(whole as u64)?;
        }
        self.closed.push_back(Segment {
            path,
            bytes: whole as u64,
        });
        Ok(())
    }

    /// Bytes that may wait from now on; what waits already stays.
    pub fn set_most_bytes(&mut self, most_bytes: u64) {
        self.most_bytes = most_bytes;
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{SUFFIX}"))
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> u64 {
        let open = self.open.as_ref().map_or(0, |open| open.segment.bytes);
        self.closed.iter().map(|segment| segment.bytes).sum::<u64>() + open
    }

    /// Adds lines, which come without their ends; gives how many of the last found no room.
    pub fn append<'l>(&mut self, lines: impl Iterator<Item = &'l String>) -> io::Result<usize> {
        let mut room = self.most_bytes.saturating_sub(self.bytes());
        let mut lines = lines.peekable();
        while lines.peek().is_some() {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.new_segment()?,
            };
            let mut text = String::new();
            while let Some(line) = lines.next_if(|line| (line.len() as u64) < room) {
                text.push_str(line);
                text.push('\n');
                room -= line.len() as u64 + 1;
                open.records += 1;
                let bytes = open.segment.bytes + text.len() as u64;
                if bytes >= SEGMENT_BYTES || open.records >= SEGMENT_RECORDS {
                    break;
                }
            }
            if let Err(error) = open.file.write_all(text.as_bytes()) {
                self.abandon(open);
                return Err(error);
            }
            open.segment.bytes += text.len() as u64;
            let is_full = open.segment.bytes >= SEGMENT_BYTES || open.records >= SEGMENT_RECORDS;
            self.open = Some(open);
            if is_full {
                self.close();
            } else if lines.peek().is_some() {
                return Ok(lines.count());
            }
        }
        Ok(0)
    }

    fn new_segment(&mut self) -> io::Result<Open> {
        let path = self.path(&self.next.to_string());
        let file = append_to(&path)?;
        self.next += 1;
        let segment = Segment { path, bytes: 0 };
        Ok(Open {
            file,
            segment,
            records: 0,
        })
    }

    /// A write has failed on its way: what was whole before stays.
    fn abandon(&mut self, open: Open) {
        // If it cannot be cut off either, half a line is refused by the service, and told then.
        let _ = open.file.set_len(open.segment.bytes);
        self.open = Some(open);
        self.close();
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            if open.segment.bytes > 0 {
                self.closed.push_back(open.segment);
            } else {
                let _ = std::fs::remove_file(&open.segment.path);
            }
        }
    }

    /// The oldest segment. If it is the one that is added to, another is begun.
    pub fn oldest(&mut self) -> Option<Segment> {
        if self.closed.is_empty() {
            self.close();
        }
        self.closed.front().cloned()
    }

    /// The segment has been taken.
    pub fn remove(&mut self, segment: &Segment) -> io::Result<()> {
        self.closed.retain(|other| other != segment);
        std::fs::remove_file(&segment.path)
    }

    /// The segment was refused and always would be: it is set aside, in place of the one before.
    pub fn set_aside(&mut self, segment: &Segment) -> io::Result<PathBuf> {
        self.closed.retain(|other| other != segment);
        let aside = self.folder.join(REFUSED);
        std::fs::rename(&segment.path, &aside)?;
        Ok(aside)
    }
}

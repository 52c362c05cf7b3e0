//! The broker's log, read as it grows: which line somebody waits for, and which should not be there.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Words of lines that nothing in a soak explains.
const SUSPICIOUS: [&str; 9] = [
    "panic",
    "nonsense",
    "damaged",
    "not used",
    "cannot be read",
    "queue",
    "out of memory",
    "Error: ",
    "does not fit",
];

/// Lines that are told when something is wrong.
const TAIL: usize = 200;

/// A log.
pub(super) struct Watch {
    file: PathBuf,
    read: u64,
    rest: String,
    last: VecDeque<String>,
    /// Lines that nothing explains.
    pub(super) suspicious: Vec<String>,
}

impl Watch {
    pub(super) fn new(file: &Path) -> Watch {
        Watch {
            file: file.to_owned(),
            read: 0,
            rest: String::new(),
            last: VecDeque::new(),
            suspicious: Vec::new(),
        }
    }

    /// The file has begun anew.
    pub(super) fn begins_anew(&mut self) {
        self.read = 0;
        self.rest.clear();
    }

    /// The lines since the last call.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let mut bytes = Vec::new();
        let tail = File::open(&self.file).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_end(&mut bytes)
        });
        self.read += tail.unwrap_or(0) as u64;
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        let whole = self.rest.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.rest.split_off(whole);
        let text = std::mem::replace(&mut self.rest, rest);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        self.last.extend(lines.iter().cloned());
        self.last.drain(..self.last.len().saturating_sub(TAIL));
        self.suspicious
            .extend(lines.iter().filter(|line| is_suspicious(line)).cloned());
        lines
    }

    /// Its last lines.
    pub(super) fn tail(&self) -> String {
        self.last.iter().map(|line| format!("{line}\n")).collect()
    }
}

fn is_suspicious(line: &str) -> bool {
    SUSPICIOUS.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        let mut watch = Watch::new(&file);
        assert!(watch.lines().is_empty());
        std::fs::write(&file, "one\ntw").unwrap();
        assert_eq!(watch.lines(), ["one"]);
        std::fs::write(&file, "one\ntwo\nthe plugin panicked\n").unwrap();
        assert_eq!(watch.lines(), ["two", "the plugin panicked"]);
        assert_eq!(watch.suspicious, ["the plugin panicked"]);
    }
}

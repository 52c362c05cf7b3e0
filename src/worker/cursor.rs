//! Where the feed stands, kept in `state_dir` over restarts.
//!
//! What is written is the id of the last event whose effects the broker has carried out. It is written
//! some tenths of a second later and at the end, so after a crash the last events may come once more,
//! but none is skipped. The file holds one line: format, service, id, and the last event of the directory's copy,
//! which must not be older.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The file's name.
const FILE: &str = "feed-position";
/// The first word of the line.
const FORMAT: &str = "feed-position-2";
/// Between two writes.
const PERIOD: Duration = Duration::from_millis(300);

/// The id of the last event carried out; 0 before the first. Written by the broker's thread.
pub(super) type Applied = Arc<AtomicU64>;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The last event carried out.
    pub(super) id: u64,
    /// The last event that the copy of the directory held; 0 without a copy.
    pub(super) copied: u64,
}

/// The file.
pub(super) struct Cursor {
    file: PathBuf,
    service: String,
    written: Option<Position>,
}

impl Cursor {
    /// In this folder, for this service.
    pub(super) fn new(folder: &Path, service: &str) -> Cursor {
        Cursor {
            file: folder.join(FILE),
            service: service.to_owned(),
            written: None,
        }
    }

    /// Where to resume: `Ok(None)` when nothing is known, or it is another service's.
    pub(super) fn load(&mut self) -> Result<Option<Position>, String> {
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", self.file.display())),
        };
        let damaged = || {
            format!(
                "{}: damaged, the feed is followed from now on",
                self.file.display()
            )
        };
        let [format, service, id, copied] = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| damaged())?;
        if format != FORMAT {
            return Err(damaged());
        }
        if service != self.service {
            return Ok(None);
        }
        let position = Position {
            id: id.parse().map_err(|_| damaged())?,
            copied: copied.parse().map_err(|_| damaged())?,
        };
        self.written = Some(position);
        Ok(Some(position))
    }

    /// Writes the position if it has changed.
    pub(super) fn save(&mut self, position: Position) -> Result<(), String> {
        if position.id == 0 || Some(position) == self.written {
            return Ok(());
        }
        let Position { id, copied } = position;
        let new = self.file.with_extension("new");
        let text = format!("{FORMAT} {} {id} {copied}\n", self.service);
        let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.file));
        written.map_err(|e| format!("{}: {e}", self.file.display()))?;
        self.written = Some(position);
        Ok(())
    }

    /// Writes now and then, for ever. `failed` hears of the first failure in a row.
    pub(super) async fn keep(
        &mut self,
        position: impl Fn() -> Position,
        failed: impl AsyncFn(String),
    ) {
        let mut told = false;
        loop {
            tokio::time::sleep(PERIOD).await;
            match self.save(position()) {
                Ok(()) => told = false,
                Err(_) if told => {}
                Err(error) => {
                    failed(error).await;
                    told = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(id: u64) -> Position {
        Position { id, copied: id / 2 }
    }

    #[test]
    fn position_survives_and_belongs_to_its_service() {
        let folder = tempfile::tempdir().unwrap();
        let mut cursor = Cursor::new(folder.path(), "http://a");
        assert_eq!(cursor.load(), Ok(None));
        cursor.save(at(0)).unwrap();
        assert_eq!(cursor.load(), Ok(None));
        cursor.save(at(41)).unwrap();
        cursor.save(at(42)).unwrap();
        let found = Cursor::new(folder.path(), "http://a").load();
        assert_eq!(found, Ok(Some(at(42))));
        assert_eq!(Cursor::new(folder.path(), "http://b").load(), Ok(None));
    }

    #[test]
    fn damaged_file_is_said_to_be_and_gives_no_position() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "",
            "7",
            "feed-position-2 http://a 7",
            "feed-position-2 http://a x 7",
            "feed-position-2 http://a 7 x",
            "feed-position-9 http://a 7 7",
        ] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let error = Cursor::new(folder.path(), "http://a").load().unwrap_err();
            assert!(error.contains("damaged"), "{text:?}: {error}");
        }
        std::fs::write(folder.path().join(FILE), b"\xff\xfe").unwrap();
        assert!(Cursor::new(folder.path(), "http://a").load().is_err());
    }

    #[test]
    fn folder_that_went_away_is_an_error_not_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let mut cursor = Cursor::new(&folder.path().join("gone"), "http://a");
        assert!(cursor.save(at(1)).is_err());
    }
}

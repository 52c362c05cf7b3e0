//! The devices that have been here, kept in `state_dir`: after a restart messages can be brought by hand to those
//! that have not come back yet.
//!
//! The file has a line with its format, then a client id a line, the latest last. It only grows, and is written
//! anew at a start when much of it is stale.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use tokio::sync::mpsc;

use super::mailbox::Outbox;
use crate::engine::Level;
use crate::protocol::SessionName;

const FILE: &str = "devices";
const FORMAT: &str = "enterprise-push-devices-1";
/// Devices read again; of more than that the latest count.
const MOST: usize = 100_000;

/// The file.
pub(super) struct DeviceFile {
    path: PathBuf,
}

impl DeviceFile {
    /// In this folder.
    pub(super) fn new(folder: &Path) -> DeviceFile {
        DeviceFile {
            path: folder.join(FILE),
        }
    }

    /// The devices, the latest last. What is no client id, as a line that was not written to its end, is left out. Writes
    /// the file anew if there is such a line, or if more than half of it is stale.
    pub(super) fn read(&self) -> Result<Vec<String>, String> {
        let failed = |error: io::Error| format!("{}: {error}", self.path.display());
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let mut lines = text.lines();
        if lines.next().is_some_and(|format| format != FORMAT) {
            return Err(format!(
                "{}: of another format: not used",
                self.path.display()
            ));
        }
        let all: Vec<&str> = lines.collect();
        let valid: Vec<&str> = all.iter().copied().filter(|id| is_client_id(id)).collect();
        let torn = !text.ends_with('\n') || valid.len() < all.len();
        let mut seen = HashSet::new();
        let latest = valid.iter().rev().filter(|id| seen.insert(**id)).take(MOST);
        let mut devices: Vec<String> = latest.map(|id| (*id).to_owned()).collect();
        devices.reverse();
        if torn || all.len() > 2 * devices.len() {
            self.write(&devices).map_err(failed)?;
        }
        Ok(devices)
    }

    fn write(&self, devices: &[String]) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut text = format!("{FORMAT}\n");
        for device in devices {
            text.push_str(device);
            text.push('\n');
        }
        std::fs::write(&new, text)?;
        std::fs::rename(new, &self.path)
    }

    fn append(&self, devices: &[Box<str>]) -> io::Result<()> {
        let mut file = File::options().append(true).open(&self.path)?;
        let lines: String = devices.iter().map(|id| format!("{id}\n")).collect();
        file.write_all(lines.as_bytes())
    }

    /// Writes what comes, for ever. The first failure in a row is told.
    pub(super) async fn keep(&self, new: &mut mpsc::Receiver<Box<str>>, outbox: &Outbox) {
        let mut told = false;
        let mut devices = Vec::new();
        while new.recv_many(&mut devices, 1000).await > 0 {
            let failed = self.append(&devices).err();
            if let Some(error) = failed.as_ref().filter(|_| !told) {
                let text = format!("{}: {error}", self.path.display());
                outbox.log(Level::Error, text).await;
            }
            told = failed.is_some();
            devices.clear();
        }
    }
}

pub(super) fn is_client_id(line: &str) -> bool {
    SessionName::parse(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_again_once_each_the_latest_last() {
        let folder = tempfile::tempdir().unwrap();
        let file = DeviceFile::new(folder.path());
        assert_eq!(file.read(), Ok(vec![]));
        for id in ["a@x:pc", "b@x:pc", "a@x:pc"] {
            file.append(&[id.into()]).unwrap();
        }
        assert_eq!(file.read().unwrap(), ["b@x:pc", "a@x:pc"]);
        for _ in 0..10 {
            file.append(&["b@x:pc".into()]).unwrap();
        }
        assert_eq!(file.read().unwrap(), ["a@x:pc", "b@x:pc"]);
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text.lines().count(), 3, "written anew");
    }

    #[test]
    fn what_is_no_client_id_is_left_out_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let file = DeviceFile::new(folder.path());
        for end in ["b@x:", "b@x:pc", "b@x:pc\r", "\0\0\n"] {
            std::fs::write(&path, format!("{FORMAT}\na@x:pc\n\n\0@x:pc\n{end}")).unwrap();
            let devices = file.read().unwrap();
            assert_eq!(
                devices.first().map(String::as_str),
                Some("a@x:pc"),
                "{end:?}"
            );
            assert_eq!(devices.len(), 1 + usize::from(end == "b@x:pc"), "{end:?}");
            assert_eq!(file.read(), Ok(devices), "{end:?}");
            file.append(&["c@x:pc".into()]).unwrap();
            assert_eq!(
                file.read().unwrap().last().map(String::as_str),
                Some("c@x:pc")
            );
        }
    }

    #[test]
    fn file_of_another_format_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "something else\n").unwrap();
        let error = DeviceFile::new(folder.path()).read().unwrap_err();
        assert!(error.contains("another format"), "{error}");
    }
}

//! Content that came within a message, as a file of its own.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::content::{extension, inline_name, numbered};
use crate::event::MessageEvent;
use crate::failure::Failure;
use crate::transfer::TransferError;

/// As many names are tried.
const MOST_NUMBERS: u32 = 1000;

/// Saves a message's data in `folder`; what an earlier delivery of the same message has saved there is
/// found again. Nothing is overwritten.
pub(super) fn save(message: &MessageEvent, folder: &Path) -> Result<PathBuf, Failure> {
    let extension = extension(message.content, &message.data);
    let name = inline_name(&message.from, message.seq, extension);
    for nth in 1..=MOST_NUMBERS {
        let path = folder.join(numbered(&name, nth));
        match write_new(&path, &message.data) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(TransferError::Io(path, error).into());
            }
            Err(_) if is_file_with(&path, &message.data) => return Ok(path),
            Err(_) => {}
        }
    }
    Err(TransferError::Exists(folder.join(name)).into())
}

/// A file that could not be written whole does not stay.
fn write_new(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(data).and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

fn is_file_with(path: &Path, data: &[u8]) -> bool {
    let same_size = |metadata: fs::Metadata| metadata.len() == data.len() as u64;
    path.metadata().is_ok_and(same_size) && fs::read(path).is_ok_and(|found| found == data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::protocol::{Content, Direction};

    fn image(data: &[u8]) -> MessageEvent {
        MessageEvent {
            from: "bob@beta".to_owned(),
            group: None,
            seq: 7,
            direction: Direction::PointToPoint,
            content: Content::Image,
            timestamp_ms: 9,
            data: data.to_vec(),
            own: false,
        }
    }

    #[test]
    fn name_is_made_of_sender_number_and_type_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let png = b"\x89PNG\r\n\x1a\n first";
        let first = save(&image(png), dir.path()).unwrap();
        assert_eq!(first.file_name().unwrap(), "bob@beta-7.png");
        assert_eq!(save(&image(png), dir.path()).unwrap(), first, "once more");
        let other = save(&image(b"\x89PNG\r\n\x1a\n other"), dir.path()).unwrap();
        assert_eq!(other.file_name().unwrap(), "bob@beta-7 (2).png");
        assert_eq!(fs::read(first).unwrap(), png);
        assert!(save(&image(png), &dir.path().join("missing")).is_err());
    }
}

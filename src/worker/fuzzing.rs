//! Doors for `fuzz/`: the files of `state_dir`, which somebody else may have written.

use std::path::Path;

use super::copy::{self, Copy};
use super::cursor::Cursor;
use super::devices::DeviceFile;
use super::seal;
use super::undelivered::UndeliveredFile;
use crate::engine::Undelivered;
use crate::protocol::contract::DirectoryStep;
use crate::upstream::RawEvent;

/// Reads the copy of the directory that belongs to this service and must hold all events up to `needed`.
pub fn read_directory(
    folder: &Path,
    service: &str,
    needed: u64,
) -> Result<Option<Vec<DirectoryStep>>, String> {
    Copy::new(folder, service).read(needed)
}

/// The lines with the last line that makes a copy believed.
pub fn sealed(lines: &str) -> String {
    seal::sealed(lines)
}

/// A line of the journal.
pub fn journal_line(id: u64, name: String, data: String) -> String {
    copy::journal_line(id, &RawEvent { name, data })
}

/// Reads the feed's position: id, and the last event of the copy.
pub fn read_position(folder: &Path, service: &str) -> Result<Option<(u64, u64)>, String> {
    let position = Cursor::new(folder, service).load()?;
    Ok(position.map(|position| (position.id, position.copied)))
}

/// Reads the devices that have been here.
pub fn read_devices(folder: &Path) -> Result<Vec<String>, String> {
    DeviceFile::new(folder).read()
}

/// Reads what was on its way.
pub fn read_undelivered(folder: &Path) -> Result<Vec<Undelivered>, String> {
    UndeliveredFile::new(folder).read()
}

/// Writes it again.
pub fn write_undelivered(folder: &Path, all: &[Undelivered]) -> Result<usize, String> {
    UndeliveredFile::new(folder).write(all)
}

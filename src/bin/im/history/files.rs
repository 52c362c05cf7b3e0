//! The history's files: appending, starting a new one, throwing the oldest away.
//!
//! A file that was cut inside a record, or that another key has sealed, is left as it is and a new one is begun.
//! Nothing is flushed to the disk by force: what a crash of the machine may cost is the last moments.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mosquitto_enterprise_push::client::PersonalKey;
use mosquitto_enterprise_push::client::sealed::{
    HistoryHeader, Nonce, Purpose, Records, SealedError, StorageKey,
};

use super::Record;
use crate::session::Context;
use crate::store::{StoreError, make_private_dir, open_private};
use crate::wire::history::RecordRow;

/// A file is this part of what is allowed in all.
const FILES: u64 = 8;
/// The bounds of one file.
const SMALLEST_FILE_BYTES: u64 = 64 * 1024;
const LARGEST_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Why nothing was kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    #[error("message not kept: {0}")]
    Sealed(#[from] SealedError),
}

/// One device's history, open for appending.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    key: StorageKey,
    client_id: String,
    most_bytes: u64,
    current: Option<Current>,
}

/// The file being written.
#[derive(Debug)]
struct Current {
    number: u64,
    path: PathBuf,
    file: File,
    header: HistoryHeader,
    /// The next record's place.
    place: u64,
    bytes: u64,
}

impl Files {
    /// Of the profile in use; at most `most_bytes` are kept.
    pub(crate) fn of(
        context: &Context,
        key: &PersonalKey,
        most_bytes: u64,
    ) -> Result<Files, HistoryError> {
        let session = &context.profile.session;
        let dir = dir(context);
        make_private_dir(&dir)?;
        Ok(Files {
            dir,
            key: StorageKey::derive(key, Purpose::History),
            client_id: session.to_string(),
            most_bytes,
            current: None,
        })
    }

    /// Adds a record at the end.
    pub(crate) fn append(&mut self, record: &Record) -> Result<(), HistoryError> {
        let text = serde_json::to_vec(&RecordRow::from(record))
            .expect("strings and numbers always serialise");
        let lock = self.dir.join("lock");
        let locked = open_private(&lock)?;
        locked.lock().map_err(|e| HistoryError::Io(lock, e))?;
        let mut current = match self.current.take() {
            Some(current) if self.is_last(&current) => current,
            _ => self.open_last()?,
        };
        current.append(&self.key, &self.client_id, &text)?;
        if current.bytes < self.file_bytes() {
            self.current = Some(current);
        }
        self.prune()
    }

    /// When this is reached the next file is begun.
    fn file_bytes(&self) -> u64 {
        (self.most_bytes / FILES).clamp(SMALLEST_FILE_BYTES, LARGEST_FILE_BYTES)
    }

    /// Whether nobody has written since.
    fn is_last(&self, current: &Current) -> bool {
        let length = fs::metadata(&current.path).map(|meta| meta.len());
        let last = numbers(&self.dir).pop();
        last == Some(current.number) && length.is_ok_and(|length| length == current.bytes)
    }

    /// The last file if it can be continued, or else a new one.
    fn open_last(&self) -> Result<Current, HistoryError> {
        let last = numbers(&self.dir).pop().unwrap_or(0);
        match self.continued(last) {
            Some(current) => Ok(current),
            None => self.begin(last.saturating_add(1)),
        }
    }

    fn continued(&self, number: u64) -> Option<Current> {
        let path = path(&self.dir, number);
        let bytes = fs::read(&path).ok()?;
        let length = u64::try_from(bytes.len()).ok()?;
        let mut records = Records::read(&bytes).ok()?;
        let header = records.header();
        if length >= self.file_bytes() || !header.is_under(&self.key) {
            return None;
        }
        records.by_ref().for_each(drop);
        let file = OpenOptions::new().append(true).open(&path).ok()?;
        records.is_at_end().then_some(Current {
            number,
            path,
            file,
            header,
            place: records.place(),
            bytes: length,
        })
    }

    fn begin(&self, number: u64) -> Result<Current, HistoryError> {
        let path = path(&self.dir, number);
        let failed = |error| HistoryError::Io(path.clone(), error);
        let header = HistoryHeader::random(&self.key);
        let bytes = header.encode();
        let mut options = OpenOptions::new();
        let options = options.append(true).create_new(true).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        Ok(Current {
            number,
            file,
            header,
            place: 0,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            path,
        })
    }

    /// Throws the oldest away until no more is left than is allowed; never the last.
    fn prune(&self) -> Result<(), HistoryError> {
        let numbers = numbers(&self.dir);
        let size = |number: &u64| fs::metadata(path(&self.dir, *number)).map_or(0, |m| m.len());
        let mut total: u64 = numbers.iter().map(size).sum();
        let Some((_last, older)) = numbers.split_last() else {
            return Ok(());
        };
        for number in older {
            if total <= self.most_bytes {
                break;
            }
            total = total.saturating_sub(size(number));
            let path = path(&self.dir, *number);
            fs::remove_file(&path).map_err(|error| HistoryError::Io(path, error))?;
        }
        Ok(())
    }
}

impl Current {
    /// In one write, so that another process sees all of it or nothing.
    fn append(
        &mut self,
        key: &StorageKey,
        client_id: &str,
        text: &[u8],
    ) -> Result<(), HistoryError> {
        let nonce = Nonce::random();
        let record = self
            .header
            .seal_record(key, client_id, self.place, &nonce, text)?;
        self.file
            .write_all(&record)
            .map_err(|error| HistoryError::Io(self.path.clone(), error))?;
        self.place = self.place.saturating_add(1);
        self.bytes += u64::try_from(record.len()).unwrap_or(0);
        Ok(())
    }
}

/// Where the history of a profile is.
pub(super) fn dir(context: &Context) -> PathBuf {
    context
        .store
        .profile_dir(&context.profile.session)
        .join("history")
}

/// The numbers of the files there are, oldest first.
pub(super) fn numbers(dir: &Path) -> Vec<u64> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| {
        let name = entry.file_name();
        name.to_str()?.strip_suffix(".sealed")?.parse().ok()
    };
    let mut numbers: Vec<u64> = entries.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.sealed"))
}

#[cfg(test)]
mod tests;

//! A file of ours that is to be sent: what it is, and whether it is still the same.

use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::error::TransferError;
use crate::content::{Guess, guess, safe_name};

/// How much is read at a time.
pub(super) const BLOCK_BYTES: usize = 256 * 1024;

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(super) modified_ns: i128,
    pub(crate) guess: Guess,
}

impl Source {
    /// Looks at the file; only its beginning is read.
    pub(crate) fn open(path: &Path, name: Option<&str>) -> Result<Source, TransferError> {
        let io = |error| TransferError::Io(path.to_owned(), error);
        // Asked before it is opened: opening a pipe waits for its writer.
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(TransferError::NotAFile(path.to_owned()));
        }
        let file = std::fs::File::open(path).map_err(io)?;
        let mut head = Vec::new();
        file.take(8192).read_to_end(&mut head).map_err(io)?;
        let last = path.file_name().unwrap_or_default().to_string_lossy();
        let name = safe_name(name.unwrap_or(&last));
        Ok(Source {
            path: path.to_owned(),
            size: metadata.len(),
            modified_ns: modified_ns(&metadata),
            guess: guess(&head, &name),
            name,
        })
    }

    /// All of it, for a message; its size has been looked at.
    pub(crate) fn read(&self) -> Result<Vec<u8>, TransferError> {
        let io = |error| TransferError::Io(self.path.clone(), error);
        let file = std::fs::File::open(&self.path).map_err(io)?;
        let mut data = Vec::new();
        file.take(self.size + 1)
            .read_to_end(&mut data)
            .map_err(io)?;
        let whole = u64::try_from(data.len()).is_ok_and(|read| read == self.size);
        if whole {
            Ok(data)
        } else {
            Err(TransferError::Changed(self.path.clone()))
        }
    }

    /// The SHA-256, computed beside everything else.
    pub(super) async fn sha256(&self) -> Result<String, TransferError> {
        let path = self.path.clone();
        let hashing = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::open(&path);
            file.and_then(hash).map_err(|e| TransferError::Io(path, e))
        });
        hashing
            .await
            .map_err(|e| TransferError::Io(self.path.clone(), e.into()))?
            .map(hex)
    }

    /// Fails when the file is not as it was when it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), TransferError> {
        let metadata = std::fs::metadata(&self.path)
            .map_err(|error| TransferError::Io(self.path.clone(), error))?;
        if metadata.len() == self.size && modified_ns(&metadata) == self.modified_ns {
            Ok(())
        } else {
            Err(TransferError::Changed(self.path.clone()))
        }
    }
}

/// Reads to the end.
pub(super) fn hash(mut file: std::fs::File) -> std::io::Result<Sha256> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hasher),
            read => hasher.update(block.get(..read).unwrap_or_default()),
        }
    }
}

/// Lower-case hex.
pub(super) fn hex(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn modified_ns(metadata: &Metadata) -> i128 {
    let Ok(modified) = metadata.modified() else {
        return 0;
    };
    match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
        Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |ns| -ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn file_is_described_read_hashed_and_watched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("note.txt");
        std::fs::write(&path, "abc").unwrap();
        let source = Source::open(&path, None).unwrap();
        assert_eq!((source.name.as_str(), source.size), ("note.txt", 3));
        assert_eq!(source.read().unwrap(), b"abc");
        assert_eq!(
            source.sha256().await.unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(source.check_unchanged().is_ok());
        std::fs::write(&path, "abcd").unwrap();
        assert!(matches!(source.read(), Err(TransferError::Changed(_))));
        assert!(source.check_unchanged().is_err());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Source::open(dir.path(), None).unwrap_err();
        assert!(matches!(folder, TransferError::NotAFile(_)));
        let missing = Source::open(&dir.path().join("x"), None).unwrap_err();
        assert!(matches!(missing, TransferError::Io(..)));
    }
}

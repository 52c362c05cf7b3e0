//! SeqNumber: increasing per device, over runs and over processes that send at the same time.
//!
//! The latest number is kept beside the profile, ten digits under a file lock. The first one is the
//! Unix time in seconds, so that a device whose files were lost still goes on above what it sent
//! before (unless it sent more than a message a second ever since). After 4,294,967,295 comes 0.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use crate::clock;
use crate::store::{StoreError, open_private};

/// Takes the next number.
pub(crate) fn next(profile_dir: &Path) -> Result<u32, StoreError> {
    let path = profile_dir.join("sequence");
    let file = open_private(&path)?;
    advance(file, unix_seconds()).map_err(|error| StoreError::Io(path, error))
}

/// The lock is released when `file` is closed.
fn advance(mut file: File, first: u32) -> io::Result<u32> {
    file.lock()?;
    let mut text = String::new();
    Read::by_ref(&mut file).take(32).read_to_string(&mut text)?;
    let number = text
        .trim()
        .parse::<u32>()
        .map_or(first, |latest| latest.wrapping_add(1));
    file.rewind()?;
    // Always the same length: a torn write cannot leave old digits behind.
    writeln!(file, "{number:010}")?;
    Ok(number)
}

fn unix_seconds() -> u32 {
    u32::try_from(clock::now_ms() / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_start_at_the_time_and_increase() {
        let dir = tempfile::tempdir().unwrap();
        let first = next(dir.path()).unwrap();
        assert!(first > 1_700_000_000);
        assert_eq!(next(dir.path()).unwrap(), first + 1);
        assert_eq!(next(dir.path()).unwrap(), first + 2);
    }

    #[test]
    fn simultaneous_senders_never_share_a_number() {
        let dir = tempfile::tempdir().unwrap();
        let numbers: Vec<u32> = std::thread::scope(|scope| {
            let take = || {
                (0..50)
                    .map(|_| next(dir.path()).unwrap())
                    .collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 200);
    }

    #[test]
    fn damaged_file_starts_again_at_the_time_and_the_end_wraps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sequence");
        std::fs::write(&path, "nonsense").unwrap();
        assert!(next(dir.path()).unwrap() > 1_700_000_000);
        std::fs::write(&path, "4294967295\n").unwrap();
        assert_eq!(next(dir.path()).unwrap(), 0);
    }
}

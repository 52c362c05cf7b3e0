//! Reading in step with the reader.

use std::io::{self, Read};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::TryStreamExt as _;

use super::super::pieces::{PIECE_BYTES, pieces};

/// Zeros, and how many were taken.
struct Zeros(Arc<AtomicU64>);

impl Read for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        let count = u64::try_from(buffer.len()).unwrap();
        self.0.fetch_add(count, Ordering::Relaxed);
        Ok(buffer.len())
    }
}

#[tokio::test]
async fn no_more_is_read_than_three_pieces_ahead_of_the_reader() {
    let taken = Arc::new(AtomicU64::new(0));
    let len = 100 * PIECE_BYTES + 1;
    let mut pieces = pin!(pieces(Zeros(Arc::clone(&taken)), len));
    let mut had = 0;
    while let Some(piece) = pieces.try_next().await.unwrap() {
        had += u64::try_from(piece.len()).unwrap();
        let ahead = taken.load(Ordering::Relaxed) - had;
        assert!(ahead <= 3 * PIECE_BYTES, "{ahead} bytes ahead");
    }
    assert_eq!((had, taken.load(Ordering::Relaxed)), (len, len));
}

#[tokio::test]
async fn a_source_that_ends_too_early_is_an_error_and_not_an_end() {
    let mut pieces = pin!(pieces(io::Cursor::new(vec![1; 10]), 11));
    assert!(pieces.try_next().await.is_err());
    assert!(pieces.try_next().await.unwrap().is_none());
}

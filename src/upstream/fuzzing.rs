//! Doors for `fuzz/`: feed and directory out of bytes in memory, cut into pieces as a network might cut them.

use std::io;

use futures_util::{FutureExt, Stream, stream};

use super::feed::{FeedItem, FeedStream};
use super::{DirectoryStream, UpstreamError};
use crate::protocol::contract::FeedEvent;

/// All that a feed says, which begins after the event `since` and comes in pieces of at most so many bytes, and why it
/// ended.
pub fn feed(bytes: &[u8], piece: usize, since: Option<u64>) -> (Vec<FeedItem>, UpstreamError) {
    let mut feed = FeedStream::over(pieces(bytes, piece), since, None);
    let all = async {
        let mut items = Vec::new();
        loop {
            match feed.next().await {
                Ok(item) => items.push(item),
                Err(end) => return (items, end),
            }
        }
    };
    at_once(all)
}

/// What it is true after, its entries, and the error that it ended with, if any.
pub type Lines = (u64, Vec<(FeedEvent, String)>, Option<UpstreamError>);

/// A directory.
pub fn directory(bytes: &[u8], piece: usize) -> Result<Lines, UpstreamError> {
    at_once(async {
        let (mut lines, seq) = DirectoryStream::over(pieces(bytes, piece)).await?;
        let mut entries = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => return Ok((seq, entries, None)),
                Err(end) => return Ok((seq, entries, Some(end))),
            }
        }
    })
}

fn pieces(
    bytes: &[u8],
    piece: usize,
) -> impl Stream<Item = io::Result<io::Cursor<Vec<u8>>>> + use<> {
    let pieces: Vec<_> = bytes
        .chunks(piece.max(1))
        .map(|piece| Ok(io::Cursor::new(piece.to_vec())))
        .collect();
    stream::iter(pieces)
}

fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never()
        .expect("what is in memory is never waited for")
}

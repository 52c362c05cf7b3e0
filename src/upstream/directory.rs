//! The whole directory, as a stream of lines (NDJSON): `GET /control/v1/directory`.
//!
//! | line | |
//! |---|---|
//! | first | `{"event":"directory.begin","data":{"seq":N}}`: true after the feed's event N |
//! | between | `{"event":NAME,"data":{...}}`, names and data as on the feed |
//! | last | `{"event":"directory.end","data":{"entries":K}}`: K lines stood between |
//!
//! A stream without its last line is not to be believed.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use hyper::body::Buf;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use super::UpstreamError;
use super::http::{StaticService, expect_ok};
use super::wire::{DirectoryLine, read_directory_line};
use crate::protocol::contract::FeedEvent;

/// Longest line, in bytes: a group of 2,000 members with 64-byte names fits many times.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

type Lines = Pin<Box<dyn Stream<Item = Result<String, LinesCodecError>> + Send>>;

/// One download of the directory.
pub struct DirectoryStream {
    lines: Lines,
    entries: u64,
}

impl StaticService {
    /// Opens the directory; gives the stream of its lines and the event that they are true after. `None` where
    /// the service has no directory.
    pub async fn open_directory(&self) -> Result<Option<(DirectoryStream, u64)>, UpstreamError> {
        let request = self
            .get_stream("/control/v1/directory")
            .header("accept", "application/x-ndjson");
        let opening = tokio::time::timeout(self.timeout, request.send()).await;
        let response = opening
            .map_err(|_| UpstreamError::Timeout(self.timeout))?
            .map_err(|e| UpstreamError::from_http(&e, self.timeout))?;
        if response.status().as_u16() == 404 {
            return Ok(None);
        }
        let bytes = expect_ok(response)?
            .bytes_stream()
            .map(|chunk| chunk.map_err(std::io::Error::other));
        DirectoryStream::over(bytes).await.map(Some)
    }
}

impl DirectoryStream {
    /// The lines in these bytes, of which the first is read.
    pub(super) async fn over<B: Buf + Send + 'static>(
        bytes: impl Stream<Item = std::io::Result<B>> + Send + 'static,
    ) -> Result<(DirectoryStream, u64), UpstreamError> {
        let codec = LinesCodec::new_with_max_length(MAX_LINE_BYTES);
        let lines = Box::pin(FramedRead::new(StreamReader::new(Box::pin(bytes)), codec));
        let mut stream = DirectoryStream { lines, entries: 0 };
        let seq = stream.begin().await?;
        Ok((stream, seq))
    }

    /// The next entry that we know, with its text; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<(FeedEvent, String)>, UpstreamError> {
        loop {
            let (line, text) = self.line().await?;
            match line {
                DirectoryLine::Begin { .. } => return Err(nonsense("it begins twice")),
                DirectoryLine::End { entries } if entries == self.entries => return Ok(None),
                DirectoryLine::End { entries } => {
                    let why = format!("it had {} entries and says {entries}", self.entries);
                    return Err(nonsense(&why));
                }
                DirectoryLine::Entry(event) => {
                    self.entries += 1;
                    if let Some(event) = event {
                        return Ok(Some((*event, text)));
                    }
                }
            }
        }
    }

    async fn begin(&mut self) -> Result<u64, UpstreamError> {
        match self.line().await? {
            (DirectoryLine::Begin { seq }, _) => Ok(seq),
            _ => Err(nonsense("its first line is no directory.begin")),
        }
    }

    async fn line(&mut self) -> Result<(DirectoryLine, String), UpstreamError> {
        let text = match self.lines.next().await {
            None => return Err(UpstreamError::Broken("directory was cut off".to_owned())),
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                return Err(UpstreamError::TooLong(MAX_LINE_BYTES));
            }
            Some(Err(LinesCodecError::Io(error))) => {
                return Err(UpstreamError::Broken(format!("directory broke: {error}")));
            }
            Some(Ok(text)) => text,
        };
        let line = read_directory_line(&text)
            .map_err(|why| nonsense(&format!("line {}: {why}", self.entries + 1)))?;
        Ok((line, text))
    }
}

fn nonsense(why: &str) -> UpstreamError {
    UpstreamError::Nonsense(format!("directory: {why}"))
}

//! Patience with slow senders: a body has to keep coming, and to come fast enough.
//!
//! One rule for a login of 60 bytes and an upload of a gigabyte: after [`GRACE`] a body must have come at
//! [`BYTES_PER_S`] on the whole, and no piece of it may take longer than [`SILENCE`]. Otherwise reading it
//! fails, and the connection ends with the refusal.

use std::io;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use tokio::time::{Instant, timeout_at};

/// How long any body may take.
const GRACE: Duration = Duration::from_secs(20);
/// What has come allows more time.
const BYTES_PER_S: u64 = 1024;
/// How long a sender may send nothing.
const SILENCE: Duration = Duration::from_secs(20);

/// A body that is being read.
struct Reading {
    body: BodyDataStream,
    since: Instant,
    bytes: u64,
}

/// Watches over the request's body.
pub(super) async fn with_patience(request: Request, next: Next) -> Response {
    next.run(request.map(patient)).await
}

fn patient(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    watched(Reading {
        body: body.into_data_stream(),
        since: Instant::now(),
        bytes: 0,
    })
}

fn watched(reading: Reading) -> Body {
    Body::from_stream(unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        let piece = timeout_at(reading.deadline(Instant::now()), reading.body.next()).await;
        match piece {
            Ok(None) => None,
            Ok(Some(Ok(piece))) => {
                reading.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                Some((Ok(piece), Some(reading)))
            }
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Err(_) => Some((Err(axum::Error::new(too_slow())), None)),
        }
    }))
}

impl Reading {
    /// When the next piece has to be here.
    fn deadline(&self, now: Instant) -> Instant {
        let earned = Duration::from_secs(self.bytes / BYTES_PER_S);
        (self.since + GRACE + earned).min(now + SILENCE)
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;

    fn reading(bytes: u64, since: Instant) -> Reading {
        Reading {
            body: Body::empty().into_data_stream(),
            since,
            bytes,
        }
    }

    #[tokio::test]
    async fn what_has_come_allows_more_time_but_never_a_long_silence() {
        let since = Instant::now();
        let later = |s| since + Duration::from_secs(s);
        assert_eq!(reading(0, since).deadline(since), later(20));
        assert_eq!(reading(0, since).deadline(later(15)), later(20));
        assert_eq!(reading(10 * 1024, since).deadline(later(15)), later(30));
        let fast = reading(1 << 30, since);
        assert_eq!(fast.deadline(later(15)), later(35));
    }

    #[tokio::test]
    async fn a_body_comes_through_as_it_is() {
        let pieces = ["ab", "", "c"].map(|piece| Ok::<_, io::Error>(Bytes::from(piece)));
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let read = axum::body::to_bytes(patient(body), usize::MAX).await;
        assert_eq!(read.unwrap(), "abc");
        let empty = axum::body::to_bytes(patient(Body::empty()), 1).await;
        assert_eq!(empty.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_whose_time_is_over_is_given_up() {
        let silent = Body::from_stream(futures_util::stream::pending::<io::Result<Bytes>>());
        let long_ago = Instant::now() - GRACE;
        let reading = Reading {
            body: silent.into_data_stream(),
            since: long_ago,
            bytes: 0,
        };
        let read = axum::body::to_bytes(watched(reading), usize::MAX).await;
        assert!(read.is_err());
    }
}

//! Patience with slow senders: a body has to keep coming, and to come fast enough.
//!
//! One rule for a login of 60 bytes and an upload of a gigabyte: after [`GRACE`] a body must have come at
//! [`BYTES_PER_S`] on the whole, and no piece of it may take longer than [`SILENCE`]. Otherwise reading it
//! fails, and the connection ends with the refusal.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long any body may take.
const GRACE: Duration = Duration::from_secs(20);
/// What has come allows more time.
const BYTES_PER_S: u64 = 1024;
/// How long a sender may send nothing.
const SILENCE: Duration = Duration::from_secs(20);

/// A body that is being read.
struct Reading {
    body: Body,
    since: Instant,
    bytes: u64,
    timer: Pin<Box<Sleep>>,
    waits: bool,
}

/// Watches over the request's body.
pub(super) async fn with_patience(request: Request, next: Next) -> Response {
    next.run(request.map(patient)).await
}

fn patient(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(Reading::new(body, Instant::now()))
}

impl Reading {
    fn new(body: Body, since: Instant) -> Reading {
        Reading {
            body,
            since,
            bytes: 0,
            timer: Box::pin(sleep_until(since)),
            waits: false,
        }
    }

    /// When the next piece has to be here.
    fn deadline(&self, now: Instant) -> Instant {
        let earned = Duration::from_secs(self.bytes / BYTES_PER_S);
        (self.since + GRACE + earned).min(now + SILENCE)
    }
}

impl HttpBody for Reading {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waits = false;
            let data = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref());
            let len = data.map_or(0, Bytes::len);
            self.bytes += u64::try_from(len).unwrap_or(u64::MAX);
            return Poll::Ready(frame);
        }
        if !self.waits {
            self.waits = true;
            let deadline = self.deadline(Instant::now());
            self.timer.as_mut().reset(deadline);
        }
        let over = self.timer.as_mut().poll(cx);
        over.map(|()| Some(Err(axum::Error::new(too_slow()))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(bytes: u64, since: Instant) -> Reading {
        Reading {
            bytes,
            ..Reading::new(Body::empty(), since)
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
        let body = Body::new(Reading::new(silent, long_ago));
        let read = axum::body::to_bytes(body, usize::MAX).await;
        assert!(read.is_err());
    }

    #[test]
    fn a_body_of_known_length_stays_one() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let _inside = runtime.as_ref().unwrap().enter();
        let body = patient(Body::from("12345"));
        assert_eq!(body.size_hint().exact(), Some(5));
    }
}

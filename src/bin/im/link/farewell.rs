//! Overhears why the broker closes the connection.
//!
//! Mosquitto's DISCONNECT is `E0 01 reason`: with no properties it leaves their length out, as MQTT 5
//! section 3.14.2.2.1 allows. The library (rumqttc-next 0.34, and rumqttc 0.25 as well) wants the length,
//! swallows the packet and reports a lost connection. So the bytes are watched on their way to it. Once
//! the library reads that packet, this file can go.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::{LinkError, Reason};

const DISCONNECT: u8 = 0xe0;

/// The reason code of the broker's DISCONNECT, once it has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Farewell(Arc<OnceLock<u8>>);

impl Farewell {
    /// A lost connection for which the broker gave a reason was closed by it.
    pub(super) fn explain(&self, error: LinkError) -> LinkError {
        match (self.0.get(), error) {
            (Some(code), LinkError::Lost(_)) => LinkError::Closed(Reason::of_code(*code)),
            (_, error) => error,
        }
    }
}

/// A stream whose incoming packets are watched.
#[derive(Debug)]
pub(super) struct Overheard<S> {
    stream: S,
    scanner: Scanner,
    farewell: Farewell,
}

impl<S> Overheard<S> {
    pub(super) fn new(stream: S, farewell: Farewell) -> Self {
        let scanner = Scanner::Header;
        Overheard {
            stream,
            scanner,
            farewell,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let fresh = buf.filled().get(before..).unwrap_or_default();
        if let Some(code) = self.scanner.scan(fresh) {
            // A second DISCONNECT on one connection would be the broker's mistake: the first counts.
            let _ = self.farewell.0.set(code);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Where in a packet the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scanner {
    /// The first byte.
    Header,
    /// A byte of Remaining Length: 7 bits, low ones first, the high bit announcing another.
    Length { header: u8, left: usize, shift: u32 },
    /// After it; `left` is not 0.
    Body { header: u8, left: usize },
    /// The end of a DISCONNECT, or no MQTT at all: nothing more to learn.
    Done,
}

impl Scanner {
    /// Follows some bytes; gives the reason code when a DISCONNECT's is among them.
    fn scan(&mut self, mut bytes: &[u8]) -> Option<u8> {
        while let Some((byte, rest)) = bytes.split_first() {
            *self = match *self {
                Scanner::Header => Scanner::Length {
                    header: *byte,
                    left: 0,
                    shift: 0,
                },
                Scanner::Length {
                    header,
                    left,
                    shift,
                } => Scanner::after_length(header, left, shift, *byte),
                Scanner::Body {
                    header: DISCONNECT, ..
                } => {
                    *self = Scanner::Done;
                    return Some(*byte);
                }
                Scanner::Body { header, left } if left > bytes.len() => {
                    *self = Scanner::Body {
                        header,
                        left: left - bytes.len(),
                    };
                    return None;
                }
                Scanner::Body { left, .. } => {
                    bytes = bytes.get(left..).unwrap_or_default();
                    *self = Scanner::Header;
                    continue;
                }
                Scanner::Done => return None,
            };
            bytes = rest;
        }
        None
    }

    fn after_length(header: u8, left: usize, shift: u32, byte: u8) -> Scanner {
        let left = left | usize::from(byte & 0x7f) << shift;
        match (byte & 0x80 != 0, left) {
            // Four bytes are the most that a length may have.
            (true, _) if shift >= 21 => Scanner::Done,
            (true, _) => Scanner::Length {
                header,
                left,
                shift: shift + 7,
            },
            (false, 0) => Scanner::Header,
            (false, left) => Scanner::Body { header, left },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    /// PINGRESP, a PUBLISH of 200 bytes that holds what looks like a DISCONNECT, and a DISCONNECT.
    fn bytes(disconnect: &[u8]) -> Vec<u8> {
        let body = [0xe0, 0x01, 0x8e, 0x00].repeat(50);
        [&[0xd0, 0x00, 0x30, 0xc8, 0x01], &body[..], disconnect].concat()
    }

    #[test]
    fn reason_is_found_however_the_bytes_are_cut() {
        for disconnect in [&[0xe0, 0x01, 0x8e][..], &[0xe0, 0x02, 0x8e, 0x00]] {
            let bytes = bytes(disconnect);
            for size in 1..=bytes.len() {
                let mut scanner = Scanner::Header;
                let found: Vec<u8> = bytes
                    .chunks(size)
                    .filter_map(|chunk| scanner.scan(chunk))
                    .collect();
                assert_eq!(found, [0x8e], "chunks of {size}");
            }
        }
    }

    #[test]
    fn nothing_is_found_where_no_reason_is() {
        for disconnect in [
            &[][..],
            &[0xe0, 0x00],
            &[0xe0, 0x01],
            &[0x30, 0xff, 0xff, 0xff, 0xff, 0xe0, 0x01, 0x8e],
        ] {
            assert_eq!(
                Scanner::Header.scan(&bytes(disconnect)),
                None,
                "{disconnect:x?}"
            );
        }
    }

    #[tokio::test]
    async fn lost_connection_is_explained_and_the_bytes_pass_unchanged() {
        let farewell = Farewell::default();
        let lost = || farewell.explain(LinkError::Lost("x".to_owned()));
        assert!(matches!(lost(), LinkError::Lost(_)));
        let sent = bytes(&[0xe0, 0x01, 0x8e]);
        let mut got = Vec::new();
        Overheard::new(&sent[..], farewell.clone())
            .read_to_end(&mut got)
            .await
            .unwrap();
        assert_eq!(got, sent);
        assert!(lost().is_takeover());
    }
}

//! A connection that counts what goes over it, both ways.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Add;
use std::time::Duration;

use bytes::BytesMut;

use super::segments;

/// An answer that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// When nothing has come for so long, nothing more belongs to a step; longer than an acknowledgement is put off.
const QUIET: Duration = Duration::from_millis(250);

/// What one or more steps have cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spent {
    /// Payload that the phone sent, in bytes.
    pub(super) up: u64,
    /// Payload that it received.
    pub(super) down: u64,
    /// TCP segments both ways, bare acknowledgements among them; `None` when nobody counted.
    pub(super) segments: Option<u64>,
}

impl Add for Spent {
    type Output = Spent;

    fn add(self, other: Spent) -> Spent {
        let both = self.segments.zip(other.segments);
        Spent {
            up: self.up + other.up,
            down: self.down + other.down,
            segments: both.map(|(one, another)| one + another),
        }
    }
}

/// A connection.
pub(super) struct Line {
    stream: TcpStream,
    /// What came and has not been taken.
    pub(super) inbound: BytesMut,
    total: Spent,
    told: Spent,
}

impl Line {
    pub(super) fn open(to: SocketAddr) -> io::Result<Line> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        let none = Spent {
            segments: Some(0),
            ..Spent::default()
        };
        Ok(Line {
            stream,
            inbound: BytesMut::new(),
            total: none,
            told: none,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.total.up += bytes.len() as u64;
        Ok(())
    }

    /// Waits for more to come.
    pub(super) fn read_more(&mut self) -> io::Result<()> {
        self.read(PATIENCE)
    }

    fn read(&mut self, patience: Duration) -> io::Result<()> {
        let mut chunk = [0; 4096];
        self.stream.set_read_timeout(Some(patience))?;
        let count = self.stream.read(&mut chunk)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.total.down += count as u64;
        self.inbound
            .extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(())
    }

    /// Reads until nothing comes any more.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        loop {
            match self.read(QUIET) {
                Ok(()) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What has been spent since the last call, or since the connection was opened.
    pub(super) fn spent(&mut self) -> io::Result<Spent> {
        self.settle()?;
        self.total.segments = segments::of(self.stream.local_addr()?.port());
        let since = Spent {
            up: self.total.up - self.told.up,
            down: self.total.down - self.told.down,
            segments: self
                .total
                .segments
                .zip(self.told.segments)
                .map(|(now, then)| now.saturating_sub(then)),
        };
        self.told = self.total;
        Ok(since)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn payload_is_counted_both_ways_and_told_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut line = Line::open(listener.local_addr().unwrap()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        line.write(b"12345").unwrap();
        other.write_all(b"123").unwrap();
        line.read_more().unwrap();
        let spent = line.spent().unwrap();
        assert_eq!((spent.up, spent.down), (5, 3));
        assert_eq!(&line.inbound[..], b"123");
        let spent = line.spent().unwrap();
        assert_eq!((spent.up, spent.down), (0, 0));
        drop(other);
        assert!(line.spent().is_err(), "the other side has gone");
    }

    #[test]
    fn what_nobody_counted_stays_unknown_in_a_sum() {
        let known = Spent {
            up: 1,
            down: 2,
            segments: Some(3),
        };
        let both = known + known;
        assert_eq!((both.up, both.down, both.segments), (2, 4, Some(6)));
        let unknown = Spent {
            segments: None,
            ..known
        };
        assert_eq!((known + unknown).segments, None);
    }
}

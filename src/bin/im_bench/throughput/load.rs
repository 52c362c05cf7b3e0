//! As many messages a second as the broker carries: closed loop, with a window wide enough to keep it busy
//! and narrow enough that it drops nothing.
//!
//! One thread writes, one reads; bytes are ready beforehand and sockets plain. Whoever reads does not wait
//! for a socket but goes round all of them, so that messages gather and one look takes many.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::wire::{PUBACK, PUBLISH, Seen, look, puback};

/// Messages that are made ready: packet ids go round, and none is used again while it is on its way.
pub(super) const READY: u16 = 200;
/// Messages written at once; few where few may be on their way.
const AT_ONCE: usize = 50;
const AT_ONCE_ACKNOWLEDGED: usize = 10;
/// Deliveries of QoS 0 on their way: what the broker needs not to wait for us, and no more, as each run ends with their
/// arrival.
const WINDOW: u64 = 1000;
const FAN_OUT_WINDOW: u64 = 10_000;
/// Messages of QoS 1 without an acknowledgement: as many as the broker sends ahead.
const UNACKNOWLEDGED: u64 = 100;
/// Not counted, at the start.
const WARM_UP: Duration = Duration::from_millis(50);
/// A broker that has taken nothing for so long will not.
const STUCK: Duration = Duration::from_secs(10);
/// When nothing has come for so long, what is still missing is lost.
const SILENCE: Duration = Duration::from_secs(5);
/// Between two rounds of a reader to whom nothing came.
const PAUSE: Duration = Duration::from_micros(100);
const READ_BYTES: usize = 256 * 1024;

/// One sender's messages, ready to be written, and the connections.
pub(super) struct Load {
    /// [`READY`] packets of the same length.
    ready: Vec<u8>,
    acknowledged: bool,
    sender: TcpStream,
    /// How many of the receivers are given each message.
    fan: u64,
    receivers: Vec<Receiver>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Carried {
    /// Messages that arrived, in the measured time.
    pub(super) received: u64,
    pub(super) seconds: f64,
    /// Messages that never arrived, of all that were sent.
    pub(super) lost: u64,
}

#[derive(Default)]
struct Counts {
    /// Messages to be delivered for what was written.
    due: AtomicU64,
    received: AtomicU64,
    /// No more is to be written; all is written; all has arrived that will.
    stop: AtomicBool,
    written: AtomicBool,
    done: AtomicBool,
}

impl Load {
    pub(super) fn new(
        ready: Vec<u8>,
        acknowledged: bool,
        sender: TcpStream,
        fan: u64,
        receivers: Vec<TcpStream>,
    ) -> io::Result<Load> {
        sender.set_read_timeout(Some(Duration::from_millis(1)))?;
        sender.set_write_timeout(Some(STUCK))?;
        let receivers = receivers.into_iter().map(Receiver::new);
        Ok(Load {
            ready,
            acknowledged,
            sender,
            fan,
            receivers: receivers.collect::<io::Result<_>>()?,
        })
    }

    /// Runs it for this long, and until all has arrived; `mark` is called when the measured time begins and ends.
    pub(super) fn run(
        &mut self,
        time: Duration,
        mut mark: impl FnMut(),
    ) -> anyhow::Result<Carried> {
        let counts = Counts::default();
        let fan = self.fan;
        std::thread::scope(|threads| {
            let reader = {
                let (counts, receivers) = (&counts, &mut self.receivers);
                threads.spawn(move || read_all(receivers, counts))
            };
            let writer = Writer {
                sender: &mut self.sender,
                ready: &self.ready,
                acknowledged: self.acknowledged,
                fan,
                counts: &counts,
                acks: Acks::default(),
            };
            let writer = threads.spawn(move || writer.run());
            std::thread::sleep(WARM_UP);
            mark();
            let (began, before) = (Instant::now(), counts.received.load(Ordering::Acquire));
            std::thread::sleep(time);
            let (took, after) = (began.elapsed(), counts.received.load(Ordering::Acquire));
            mark();
            counts.stop.store(true, Ordering::Release);
            counts.wait_for_the_rest();
            counts.done.store(true, Ordering::Release);
            let ended = |_| anyhow::anyhow!("a thread of the load ended");
            let (written, read) = (writer.join().map_err(ended)?, reader.join().map_err(ended)?);
            written?;
            read?;
            Ok(Carried {
                received: after - before,
                seconds: took.as_secs_f64(),
                lost: counts.missing(),
            })
        })
    }
}

impl Counts {
    fn missing(&self) -> u64 {
        let due = self.due.load(Ordering::Acquire);
        due.saturating_sub(self.received.load(Ordering::Acquire))
    }

    fn wait_for_the_rest(&self) {
        while !self.written.load(Ordering::Acquire) {
            std::thread::sleep(PAUSE);
        }
        let mut seen = (self.missing(), Instant::now());
        while seen.0 > 0 && seen.1.elapsed() < SILENCE {
            std::thread::sleep(Duration::from_millis(5));
            let missing = self.missing();
            if missing != seen.0 {
                seen = (missing, Instant::now());
            }
        }
    }
}

/// The sender, and what it has to know to keep to the window.
struct Writer<'a> {
    sender: &'a mut TcpStream,
    ready: &'a [u8],
    acknowledged: bool,
    /// Subscribers of each message.
    fan: u64,
    counts: &'a Counts,
    acks: Acks,
}

impl Writer<'_> {
    fn run(mut self) -> io::Result<()> {
        let written = self.write();
        self.counts.written.store(true, Ordering::Release);
        let written = written?;
        // The broker still has answers for us: closing over them would throw away what it has yet to read, and the next
        // run would take them for its own.
        while !self.counts.done.load(Ordering::Acquire) {
            self.acks.take(self.sender)?;
        }
        let until = Instant::now() + SILENCE;
        while self.acknowledged && self.acks.count < written && Instant::now() < until {
            self.acks.take(self.sender)?;
        }
        Ok(())
    }

    /// Answers how many messages it wrote.
    fn write(&mut self) -> io::Result<u64> {
        let window = match self.fan {
            1 => WINDOW,
            _ => FAN_OUT_WINDOW,
        };
        let most = usize::try_from(window / self.fan / 4).unwrap_or(0);
        let at_once = match self.acknowledged {
            true => AT_ONCE_ACKNOWLEDGED,
            false => most.clamp(1, AT_ONCE),
        };
        let each = at_once as u64;
        let bytes = self.ready.len() / usize::from(READY) * at_once;
        let mut parts = self.ready.chunks_exact(bytes).cycle();
        let (mut written, mut lost) = (0, 0);
        let mut waited = (0, Instant::now());
        while !self.counts.stop.load(Ordering::Acquire) {
            let missing = self.counts.missing();
            let full = missing.saturating_sub(lost) + each * self.fan > window
                || self.acknowledged && written - self.acks.count + each > UNACKNOWLEDGED;
            if !full {
                let due = each * self.fan;
                self.counts.due.fetch_add(due, Ordering::AcqRel);
                self.sender.write_all(parts.next().unwrap_or_default())?;
                written += each;
                continue;
            }
            if self.acknowledged {
                self.acks.take(self.sender)?;
            } else {
                std::thread::sleep(PAUSE);
            }
            if missing != waited.0 {
                waited = (missing, Instant::now());
            } else if waited.1.elapsed() > SILENCE {
                lost = missing;
            }
        }
        Ok(written)
    }
}

/// The acknowledgements that came back to the sender.
#[derive(Default)]
struct Acks {
    count: u64,
    bytes: Vec<u8>,
}

impl Acks {
    fn take(&mut self, sender: &mut TcpStream) -> io::Result<()> {
        let mut chunk = [0; 4096];
        match sender.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.bytes.extend(chunk.get(..read).unwrap_or_default()),
            Err(error) if is_nothing_yet(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut at = 0;
        while let Some(seen) = look(self.bytes.get(at..).unwrap_or_default()) {
            self.count += u64::from(seen.kind == PUBACK);
            at += seen.length;
        }
        self.bytes.drain(..at);
        Ok(())
    }
}

fn is_nothing_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// One subscriber: what is left of a packet, and whether its packets can be counted by their length.
struct Receiver {
    stream: TcpStream,
    rest: Vec<u8>,
}

fn read_all(receivers: &mut [Receiver], counts: &Counts) -> io::Result<()> {
    let mut chunk = vec![0; READ_BYTES];
    while !counts.done.load(Ordering::Acquire) {
        let mut came = 0;
        for receiver in &mut *receivers {
            came += receiver.take(&mut chunk)?;
        }
        counts.received.fetch_add(came, Ordering::AcqRel);
        if came == 0 {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(())
}

impl Receiver {
    fn new(stream: TcpStream) -> io::Result<Receiver> {
        stream.set_nonblocking(true)?;
        let rest = Vec::new();
        Ok(Receiver { stream, rest })
    }

    /// Counts what is there, and acknowledges it.
    fn take(&mut self, chunk: &mut [u8]) -> io::Result<u64> {
        match self.stream.read(chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.rest.extend(chunk.get(..read).unwrap_or_default()),
            Err(error) if is_nothing_yet(&error) => return Ok(0),
            Err(error) => return Err(error),
        }
        let (mut came, mut at) = (0, 0);
        let mut acks = Vec::new();
        while let Some(Seen { kind, id, length }) = look(self.rest.get(at..).unwrap_or_default()) {
            at += length;
            if kind == PUBLISH {
                came += 1;
                acks.extend(id.map(puback).into_iter().flatten());
            }
        }
        self.rest.drain(..at);
        self.acknowledge(&acks)?;
        Ok(came)
    }

    fn acknowledge(&mut self, mut acks: &[u8]) -> io::Result<()> {
        while !acks.is_empty() {
            match self.stream.write(acks) {
                Ok(written) => acks = acks.get(written..).unwrap_or_default(),
                Err(error) if is_nothing_yet(&error) => std::thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

//! One user's connection, as light as can be: tens of thousands share a process.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::{Content, Direction, Header, Message};
use rumqttc::{Packet, PubAck, Publish, QoS};
use tokio::net::TcpStream;

use super::hall::Hall;
use crate::wire;

/// Packet ids below this are those of the login.
const FIRST_PKID: u16 = 16;

/// A connection.
pub(super) struct Line {
    /// Whose.
    pub(super) number: u32,
    stream: TcpStream,
    /// What the socket has not taken yet.
    backlog: RefCell<BytesMut>,
    is_flushing: Cell<bool>,
    /// Its end is ours.
    pub(super) is_leaving: Cell<bool>,
    next_seq: Cell<u32>,
    next_pkid: Cell<u16>,
}

/// A message to be written.
pub(super) struct Letter<'a> {
    pub(super) topic: String,
    pub(super) source: &'a str,
    pub(super) direction: Direction,
    pub(super) qos: QoS,
    pub(super) data: &'a [u8],
}

impl Line {
    pub(super) fn new(number: u32, stream: TcpStream, first_seq: u32) -> Line {
        Line {
            number,
            stream,
            backlog: RefCell::default(),
            is_flushing: Cell::new(false),
            is_leaving: Cell::new(false),
            next_seq: Cell::new(first_seq),
            next_pkid: Cell::new(FIRST_PKID),
        }
    }

    /// The sequence number of the next message: a device counts on over its logins.
    pub(super) fn next_seq(&self) -> u32 {
        self.next_seq.get()
    }

    pub(super) fn publish(self: &Rc<Line>, letter: Letter<'_>) -> io::Result<()> {
        let seq = self.next_seq.get();
        self.next_seq.set(seq.wrapping_add(1));
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        let header = Header {
            mqtt_level: 5,
            seq,
            direction: letter.direction,
            content: Content::UserDefined,
            timestamp_ms: u64::try_from(unix.unwrap_or_default().as_millis()).unwrap_or(u64::MAX),
            source: letter.source,
        };
        let data = letter.data;
        let payload = Message { header, data }.encode();
        let payload = payload.map_err(io::Error::other)?;
        let mut publish = Publish::new(letter.topic, letter.qos, payload, None);
        if letter.qos == QoS::AtLeastOnce {
            publish.pkid = self.next_pkid.get();
            self.next_pkid
                .set(publish.pkid.checked_add(1).unwrap_or(FIRST_PKID));
        }
        self.write(&Packet::Publish(publish))
    }

    /// Says goodbye; the broker then closes.
    pub(super) fn leave(self: &Rc<Line>) {
        self.is_leaving.set(true);
        // Whoever is gone already has left, too.
        let _ = self.write(&wire::goodbye());
    }

    fn write(self: &Rc<Line>, packet: &Packet) -> io::Result<()> {
        wire::encode(packet, &mut self.backlog.borrow_mut())?;
        self.flush()
    }

    /// Writes what the socket takes now; the rest goes when it has room.
    fn flush(self: &Rc<Line>) -> io::Result<()> {
        if self.is_flushing.get() || self.write_some()? {
            return Ok(());
        }
        self.is_flushing.set(true);
        let line = Rc::clone(self);
        tokio::task::spawn_local(async move {
            // A connection that is no more is noticed by who reads it.
            while line.stream.writable().await.is_ok() && matches!(line.write_some(), Ok(false)) {}
            line.is_flushing.set(false);
        });
        Ok(())
    }

    /// True when nothing is left to be written.
    fn write_some(&self) -> io::Result<bool> {
        let mut backlog = self.backlog.borrow_mut();
        while !backlog.is_empty() {
            match self.stream.try_write(&backlog) {
                Ok(written) => drop(backlog.split_to(written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        // An idle connection holds no memory.
        *backlog = BytesMut::new();
        Ok(true)
    }
}

/// Reads one user's connection to its end.
pub(super) async fn listen(hall: Rc<Hall>, line: Rc<Line>, mut inbound: BytesMut) {
    // The end is counted; its reason shows in the broker's log.
    let _ = read_all(&hall, &line, &mut inbound).await;
    hall.ended(&line);
}

async fn read_all(hall: &Hall, line: &Rc<Line>, inbound: &mut BytesMut) -> io::Result<()> {
    loop {
        take_packets(hall, line, inbound)?;
        line.stream.readable().await?;
        match hall.read(&line.stream, inbound) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes in all packets that are whole, and acknowledges them with one write.
fn take_packets(hall: &Hall, line: &Rc<Line>, inbound: &mut BytesMut) -> io::Result<()> {
    let mut owed = false;
    while let Some(packet) = wire::decode(inbound)? {
        let Packet::Publish(publish) = packet else {
            continue;
        };
        hall.heard(line.number, &publish);
        if publish.qos == QoS::AtLeastOnce {
            let ack = Packet::PubAck(PubAck::new(publish.pkid, None));
            wire::encode(&ack, &mut line.backlog.borrow_mut())?;
            owed = true;
        }
    }
    if inbound.is_empty() {
        *inbound = BytesMut::new();
    }
    if owed { line.flush() } else { Ok(()) }
}

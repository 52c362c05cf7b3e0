//! One established user: writes when it is due, reads what comes.

use super::*;

impl Talker {
    pub(super) fn publish(&self, intended: Duration, phase: u32) -> io::Result<()> {
        let seq = self.next_seq.get();
        self.next_seq.set(seq.wrapping_add(1));
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let header = Header {
            mqtt_level: 5,
            seq,
            direction: Direction::PointToPoint,
            content: Content::UserDefined,
            timestamp_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
            source: self.user.uid(),
        };
        let data = write_data(intended, phase);
        let payload = Message {
            header,
            data: &data,
        };
        let payload = payload.encode().map_err(io::Error::other)?;
        let mut publish = Publish::new(self.peer.inbox(), self.qos, payload, None);
        if self.qos == QoS::AtLeastOnce {
            publish.pkid = self.next_pkid.get();
            self.next_pkid.set(publish.pkid.checked_add(1).unwrap_or(1));
        }
        self.write(&Packet::Publish(publish))
    }

    pub(super) fn write(&self, packet: &Packet) -> io::Result<()> {
        let mut backlog = self.backlog.borrow_mut();
        wire::encode(packet, &mut backlog)?;
        drop(backlog);
        self.flush()
    }

    /// Writes what the socket takes now; the rest goes when it has room.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut backlog = self.backlog.borrow_mut();
        while !backlog.is_empty() {
            match self.stream.try_write(&backlog) {
                Ok(written) => drop(backlog.split_to(written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Reads one user's connection to its end.
pub(super) async fn listen(table: Rc<Table>, talker: Rc<Talker>, mut inbound: BytesMut) {
    // The end is counted; its reason shows in the broker's log.
    let _ = read_all(&table, &talker, &mut inbound).await;
    table.counts.borrow_mut().broken += 1;
}

pub(super) async fn read_all(
    table: &Table,
    talker: &Talker,
    inbound: &mut BytesMut,
) -> io::Result<()> {
    loop {
        while let Some(packet) = wire::decode(inbound)? {
            if let Packet::Publish(publish) = packet {
                table.heard(&publish);
                if publish.qos == QoS::AtLeastOnce {
                    talker.write(&Packet::PubAck(PubAck::new(publish.pkid, None)))?;
                }
            }
        }
        if talker.backlog.borrow().is_empty() {
            talker.stream.readable().await?;
        } else {
            let both = tokio::io::Interest::READABLE | tokio::io::Interest::WRITABLE;
            talker.stream.ready(both).await?;
            talker.flush()?;
        }
        match talker.stream.try_read_buf(inbound) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn write_data(intended: Duration, phase: u32) -> [u8; DATA_BYTES] {
    let nanos = u64::try_from(intended.as_nanos()).unwrap_or(u64::MAX);
    let mut data = [0; DATA_BYTES];
    let filled = nanos.to_be_bytes().into_iter().chain(phase.to_be_bytes());
    for (byte, value) in data.iter_mut().zip(filled) {
        *byte = value;
    }
    data
}

pub(super) fn read_data(data: &[u8]) -> Option<(Duration, u32)> {
    let (nanos, rest) = data.split_first_chunk::<8>()?;
    let (phase, _) = rest.split_first_chunk::<4>()?;
    Some((
        Duration::from_nanos(u64::from_be_bytes(*nanos)),
        u32::from_be_bytes(*phase),
    ))
}

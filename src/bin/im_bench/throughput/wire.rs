//! Messages as bytes made ready beforehand, and the least that must be read of what comes: this side is not
//! to be the bottleneck.

use std::io;

use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::{Content, Direction, Header, Message};
use rumqttc::{Packet, Publish, QoS};

use crate::people::User;
use crate::wire;

/// Bytes of Data in each message.
const DATA_BYTES: usize = 64;

/// A message from `sender` to each of these topics, with packet ids from 1 on.
pub(crate) fn messages(
    sender: &User,
    topics: impl IntoIterator<Item = String>,
    direction: Direction,
    qos: QoS,
) -> io::Result<Vec<u8>> {
    let header = Header {
        mqtt_level: 5,
        seq: 1,
        direction,
        content: Content::UserDefined,
        timestamp_ms: 1_700_000_000_000,
        source: sender.uid(),
    };
    let data = &[0; DATA_BYTES];
    let payload = Message { header, data }.encode();
    let payload = payload.map_err(io::Error::other)?;
    let mut bytes = BytesMut::new();
    for (pkid, topic) in (1..=u16::MAX).zip(topics) {
        let mut publish = Publish::new(topic, qos, payload.clone(), None);
        if qos != QoS::AtMostOnce {
            publish.pkid = pkid;
        }
        wire::encode(&Packet::Publish(publish), &mut bytes)?;
    }
    Ok(bytes.to_vec())
}

/// A packet that stands whole at the front of some bytes.
pub(crate) struct Seen {
    /// Its kind, the first four bits.
    pub(crate) kind: u8,
    /// Its packet id, when it is a PUBLISH of QoS 1 or a PUBACK.
    pub(crate) id: Option<[u8; 2]>,
    /// Its bytes.
    pub(crate) length: usize,
}

pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PUBACK: u8 = 4;

/// The packet at the front, if all of it is there.
pub(crate) fn look(bytes: &[u8]) -> Option<Seen> {
    let first = *bytes.first()?;
    let (mut body, mut shift, mut at) = (0, 0, 1);
    loop {
        let byte = *bytes.get(at)?;
        body |= usize::from(byte & 0x7f) << shift;
        (at, shift) = (at + 1, shift + 7);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let packet = bytes.get(..at + body)?;
    let kind = first >> 4;
    let id_at = match kind {
        PUBACK => Some(at),
        PUBLISH if first & 0x06 != 0 => {
            let topic = u16::from_be_bytes(*packet.get(at..)?.first_chunk()?);
            Some(at + 2 + usize::from(topic))
        }
        _ => None,
    };
    let id = id_at.and_then(|at| packet.get(at..)?.first_chunk().copied());
    Some(Seen {
        kind,
        id,
        length: packet.len(),
    })
}

/// The answer to a PUBLISH with this packet id.
pub(crate) fn puback(id: [u8; 2]) -> [u8; 4] {
    [PUBACK << 4, 2, id[0], id[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart_without_decoding_them() {
        let twice = |topic: &str, direction, qos| {
            let topics = [topic, topic].map(str::to_owned);
            messages(&User::new("t", 1), topics, direction, qos).unwrap()
        };
        let both = twice("a/b", Direction::PointToPoint, QoS::AtLeastOnce);
        let first = look(&both).unwrap();
        assert_eq!((first.kind, first.id), (PUBLISH, Some([0, 1])));
        assert_eq!(first.length * 2, both.len());
        let second = look(&both[first.length..]).unwrap();
        assert_eq!(second.id, Some([0, 2]));
        assert!(look(&both[..first.length - 1]).is_none());
        let ack = look(&puback([1, 2])).unwrap();
        assert_eq!((ack.kind, ack.id, ack.length), (PUBACK, Some([1, 2]), 4));
        let unanswered = twice("a", Direction::Group, QoS::AtMostOnce);
        assert_eq!(look(&unanswered).unwrap().id, None);
        assert!(look(&[]).is_none());
    }
}

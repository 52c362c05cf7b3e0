//! Packets to bytes and back, as far as a client needs them.

use super::Mqtt;

/// What a broker sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    Connack { session_present: bool, code: u8 },
    Publish(Publish),
    Puback { id: u16, reason: u8 },
    Suback { id: u16, codes: Vec<u8> },
    Unsuback { id: u16 },
    Pingresp,
    Disconnect { reason: u8 },
    Auth,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publish {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) id: u16,
}

pub(super) const PINGREQ: [u8; 2] = [0xc0, 0];
pub(super) const DISCONNECT: [u8; 2] = [0xe0, 0];

/// A packet being written.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn byte(mut self, byte: u8) -> Writer {
        self.0.push(byte);
        self
    }

    pub(super) fn u16(mut self, number: u16) -> Writer {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Writer {
        self.0.extend(bytes);
        self
    }

    /// Two bytes of length, then the bytes: a string or binary data.
    pub(super) fn prefixed(self, bytes: &[u8]) -> Writer {
        let length = u16::try_from(bytes.len()).expect("at most 65535 bytes");
        self.u16(length).raw(bytes)
    }

    /// Properties, in MQTT 5.
    pub(super) fn properties(self, mqtt: Mqtt, properties: &[u8]) -> Writer {
        match mqtt {
            Mqtt::V311 => self,
            Mqtt::V5 => self.raw(&varint(properties.len())).raw(properties),
        }
    }

    /// The whole packet, with its fixed header.
    pub(super) fn finish(self, first: u8) -> Vec<u8> {
        let mut packet = vec![first];
        packet.extend(varint(self.0.len()));
        packet.extend(self.0);
        packet
    }
}

/// A variable byte integer.
pub(super) fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        bytes.push(low | if number > 0 { 0x80 } else { 0 });
        if number == 0 {
            return bytes;
        }
    }
}

/// Takes one whole packet off the front of `buffer`, if one is there.
pub(super) fn take(buffer: &mut Vec<u8>, mqtt: Mqtt) -> Option<Packet> {
    let first = *buffer.first()?;
    let (length, used) = read_varint(buffer.get(1..)?)?;
    let end = 1 + used + length;
    let body = buffer.get(1 + used..end)?;
    let packet = read(first, body, mqtt);
    buffer.drain(..end);
    Some(packet)
}

fn read_varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    None
}

fn read(first: u8, body: &[u8], mqtt: Mqtt) -> Packet {
    let mut body = Reader(body);
    match first >> 4 {
        2 => Packet::Connack {
            session_present: body.byte() & 1 == 1,
            code: body.byte(),
        },
        3 => Packet::Publish(read_publish(first, &mut body, mqtt)),
        4 => Packet::Puback {
            id: body.u16(),
            reason: body.optional_byte(),
        },
        9 => {
            let id = body.u16();
            body.skip_properties(mqtt);
            let codes = body.0.to_vec();
            Packet::Suback { id, codes }
        }
        11 => Packet::Unsuback { id: body.u16() },
        13 => Packet::Pingresp,
        14 => Packet::Disconnect {
            reason: body.optional_byte(),
        },
        15 => Packet::Auth,
        other => panic!("the broker sent a packet of kind {other}"),
    }
}

fn read_publish(first: u8, body: &mut Reader<'_>, mqtt: Mqtt) -> Publish {
    let qos = first >> 1 & 3;
    let topic = String::from_utf8(body.prefixed().to_vec()).expect("topics are UTF-8");
    let id = if qos > 0 { body.u16() } else { 0 };
    body.skip_properties(mqtt);
    Publish {
        topic,
        payload: body.0.to_vec(),
        qos,
        retain: first & 1 == 1,
        id,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count);
        self.0 = tail;
        head
    }

    fn byte(&mut self) -> u8 {
        self.bytes(1)[0]
    }

    /// In MQTT 5 a reason of 0 may be left out.
    fn optional_byte(&mut self) -> u8 {
        if self.0.is_empty() { 0 } else { self.byte() }
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    fn prefixed(&mut self) -> &'a [u8] {
        let length = self.u16();
        self.bytes(usize::from(length))
    }

    fn skip_properties(&mut self, mqtt: Mqtt) {
        if mqtt == Mqtt::V5 {
            let (length, used) = read_varint(self.0).expect("properties");
            self.bytes(used + length);
        }
    }
}

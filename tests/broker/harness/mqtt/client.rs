//! A client that is logged in.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::super::wait::PATIENCE;
use super::Mqtt;
use super::packet::{self, DISCONNECT, PINGREQ, Packet, Publish, Writer};

/// A message that came.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

impl Message {
    /// The payload as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).expect("a JSON payload")
    }

    /// Whether it is a presence as the plugin publishes it by itself.
    pub(crate) fn tells_who_is_here(&self) -> bool {
        self.topic.contains("/im/pres/") && [&b"online"[..], b"offline"].contains(&&*self.payload)
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.payload[..self.payload.len().min(60)];
        let text = shown.escape_ascii();
        write!(f, "{} qos {} `{text}`", self.topic, self.qos)
    }
}

/// How a connection ended, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Nothing came in time; the connection stands.
    Silent,
    /// Closed without a word.
    Closed,
    /// DISCONNECT with this reason (MQTT 5).
    Disconnect(u8),
}

/// A connection. Dropping it closes the socket without DISCONNECT, so that a will is sent.
pub(crate) struct MqttClient {
    stream: TcpStream,
    mqtt: Mqtt,
    buffer: Vec<u8>,
    inbox: VecDeque<Message>,
    last_id: u16,
    /// What CONNACK said.
    pub(crate) session_present: bool,
}

impl MqttClient {
    pub(super) fn new(stream: TcpStream, mqtt: Mqtt) -> MqttClient {
        MqttClient {
            stream,
            mqtt,
            buffer: Vec::new(),
            inbox: VecDeque::new(),
            last_id: 0,
            session_present: false,
        }
    }

    /// Subscribes with QoS 1; gives the code: the granted QoS, or 0x80 and above for a refusal.
    pub(crate) fn subscribe(&mut self, filter: &str) -> u8 {
        let id = self.next_id();
        let packet = Writer::default()
            .u16(id)
            .properties(self.mqtt, &[])
            .prefixed(filter.as_bytes())
            .byte(1)
            .finish(0x82);
        self.send(&packet);
        let codes = self.answer("SUBACK", |packet| match packet {
            Packet::Suback { id: of, codes } if *of == id => Some(codes.clone()),
            _ => None,
        });
        assert_eq!(codes.len(), 1);
        codes[0]
    }

    /// As [`MqttClient::subscribe`], many filters in one packet; a code for each.
    pub(crate) fn subscribe_all(&mut self, filters: &[String]) -> Vec<u8> {
        let id = self.next_id();
        let mut packet = Writer::default().u16(id).properties(self.mqtt, &[]);
        for filter in filters {
            packet = packet.prefixed(filter.as_bytes()).byte(1);
        }
        self.send(&packet.finish(0x82));
        let codes = self.answer("SUBACK", |packet| match packet {
            Packet::Suback { id: of, codes } if *of == id => Some(codes.clone()),
            _ => None,
        });
        assert_eq!(codes.len(), filters.len());
        codes
    }

    /// Subscribes; it must be granted.
    pub(crate) fn subscribed(mut self, filter: &str) -> MqttClient {
        let code = self.subscribe(filter);
        assert!(code <= 2, "subscription to {filter} refused: {code:#x}");
        self
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) {
        let id = self.next_id();
        let packet = Writer::default()
            .u16(id)
            .properties(self.mqtt, &[])
            .prefixed(filter.as_bytes())
            .finish(0xa2);
        self.send(&packet);
        self.answer("UNSUBACK", |packet| {
            matches!(packet, Packet::Unsuback { id: of } if *of == id).then_some(())
        });
    }

    /// Publishes with QoS 1; gives PUBACK's reason, which MQTT 3.1.1 does not have (0).
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8]) -> u8 {
        self.publish_with(topic, payload, false)
    }

    /// As [`MqttClient::publish`], to be kept by the broker.
    pub(crate) fn publish_retained(&mut self, topic: &str, payload: &[u8]) -> u8 {
        self.publish_with(topic, payload, true)
    }

    fn publish_with(&mut self, topic: &str, payload: &[u8], retain: bool) -> u8 {
        match self.try_publish(topic, payload, retain) {
            Ok(reason) => reason,
            Err(closing) => panic!("{closing:?} in place of PUBACK for {topic}"),
        }
    }

    /// Publishes with QoS 1 something over which the broker may end the connection.
    pub(crate) fn try_publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        retain: bool,
    ) -> Result<u8, Closing> {
        let id = self.next_id();
        let packet = Writer::default()
            .prefixed(topic.as_bytes())
            .u16(id)
            .properties(self.mqtt, &[])
            .raw(payload)
            .finish(0x32 | u8::from(retain));
        let _ = self.stream.write_all(&packet);
        self.try_answer(|packet| match packet {
            Packet::Puback { id: of, reason } if *of == id => Some(*reason),
            _ => None,
        })
    }

    /// Publishes with QoS 0; the broker has dealt with it when this returns.
    pub(crate) fn publish_qos0(&mut self, topic: &str, payload: &[u8]) {
        let packet = Writer::default()
            .prefixed(topic.as_bytes())
            .properties(self.mqtt, &[])
            .raw(payload)
            .finish(0x30);
        self.send(&packet);
        self.ping();
    }

    /// There and back: the broker has dealt with all that we sent, and we have all that it sent.
    pub(crate) fn ping(&mut self) {
        self.send(&PINGREQ);
        self.answer("PINGRESP", |packet| {
            (*packet == Packet::Pingresp).then_some(())
        });
    }

    /// The next message; fails when none comes.
    pub(crate) fn next(&mut self) -> Message {
        match self.next_within(PATIENCE) {
            Ok(message) => message,
            Err(closing) => panic!("no message: {closing:?}"),
        }
    }

    /// The next message, or how waiting for it ended.
    pub(crate) fn next_within(&mut self, limit: Duration) -> Result<Message, Closing> {
        if let Some(message) = self.inbox.pop_front() {
            return Ok(message);
        }
        let end = Instant::now() + limit;
        loop {
            let packet = self.read(end.saturating_duration_since(Instant::now()))?;
            self.take_in(packet)?;
            if let Some(message) = self.inbox.pop_front() {
                return Ok(message);
            }
        }
    }

    /// All messages that the broker has sent by now.
    pub(crate) fn all(&mut self) -> Vec<Message> {
        self.ping();
        self.inbox.drain(..).collect()
    }

    /// [`MqttClient::all`] but for what the plugin tells of who came and went.
    pub(crate) fn all_said(&mut self) -> Vec<Message> {
        let mut seen = self.all();
        seen.retain(|m| !m.tells_who_is_here());
        seen
    }

    /// The next message that is not about who came and went.
    pub(crate) fn next_said(&mut self) -> Message {
        loop {
            let message = self.next();
            if !message.tells_who_is_here() {
                return message;
            }
        }
    }

    /// Waits for the end of the connection; messages until then are kept.
    pub(crate) fn ended_within(&mut self, limit: Duration) -> Closing {
        let end = Instant::now() + limit;
        loop {
            let packet = self.read(end.saturating_duration_since(Instant::now()));
            if let Err(closing) = packet.and_then(|packet| self.take_in(packet)) {
                return closing;
            }
        }
    }

    /// Leaves in order: no will is sent.
    pub(crate) fn disconnect(mut self) {
        self.send(&DISCONNECT);
        self.ended_within(PATIENCE);
    }

    fn next_id(&mut self) -> u16 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.last_id
    }

    fn send(&mut self, packet: &[u8]) {
        // A connection that the broker ended shows when we read.
        let _ = self.stream.write_all(packet);
    }

    fn answer<T>(&mut self, what: &str, wanted: impl Fn(&Packet) -> Option<T>) -> T {
        match self.try_answer(wanted) {
            Ok(found) => found,
            Err(closing) => panic!("{closing:?} in place of {what}"),
        }
    }

    fn try_answer<T>(&mut self, wanted: impl Fn(&Packet) -> Option<T>) -> Result<T, Closing> {
        let end = Instant::now() + PATIENCE;
        loop {
            let packet = self.read(end.saturating_duration_since(Instant::now()))?;
            if let Some(found) = wanted(&packet) {
                return Ok(found);
            }
            self.take_in(packet)?;
        }
    }

    /// Keeps and acknowledges a message; learns that the connection ends.
    fn take_in(&mut self, packet: Packet) -> Result<(), Closing> {
        match packet {
            Packet::Publish(publish) => self.keep(publish),
            Packet::Disconnect { reason } => return Err(Closing::Disconnect(reason)),
            _ => {}
        }
        Ok(())
    }

    fn keep(&mut self, publish: Publish) {
        if publish.qos == 1 {
            let ack = Writer::default().u16(publish.id).finish(0x40);
            self.send(&ack);
        }
        self.inbox.push_back(Message {
            topic: publish.topic,
            payload: publish.payload,
            qos: publish.qos,
            retain: publish.retain,
        });
    }

    /// The next packet.
    pub(super) fn read(&mut self, limit: Duration) -> Result<Packet, Closing> {
        let end = Instant::now() + limit;
        let mut chunk = [0; 64 * 1024];
        loop {
            if let Some(packet) = packet::take(&mut self.buffer, self.mqtt) {
                return Ok(packet);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Closing::Silent);
            }
            self.stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))
                .expect("a timeout");
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(Closing::Closed),
                Ok(count) => self.buffer.extend(&chunk[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(Closing::Closed),
                },
            }
        }
    }
}

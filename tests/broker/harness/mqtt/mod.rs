//! A small blocking MQTT client for 3.1.1 and 5, with the packets in its own hands.
//!
//! Why not a library: these tests must send what the standard forbids (names that are not UTF-8, control
//! characters, NUL, a password without a user name), must see which code came back or that none came, and
//! must decide when to acknowledge. Well-kept codecs take `&str` and refuse to encode all that, and rightly.

mod client;
mod connect;
mod packet;

pub(crate) use client::{Closing, Message, MqttClient};
pub(crate) use connect::{Connect, Outcome};

/// The version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mqtt {
    V311,
    V5,
}

impl Mqtt {
    pub(crate) const BOTH: [Mqtt; 2] = [Mqtt::V311, Mqtt::V5];

    /// The protocol level of CONNECT.
    pub(crate) fn level(self) -> u8 {
        match self {
            Mqtt::V311 => 4,
            Mqtt::V5 => 5,
        }
    }
}

//! CONNECT, with everything settable, and what becomes of it.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};

use super::super::wait::PATIENCE;
use super::Mqtt;
use super::client::{Closing, MqttClient};
use super::packet::{Packet, Writer};

/// A CONNECT to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Connect {
    pub(crate) mqtt: Mqtt,
    pub(crate) client_id: Vec<u8>,
    pub(crate) username: Option<Vec<u8>>,
    pub(crate) password: Option<Vec<u8>>,
    pub(crate) will: Option<Will>,
    /// Whether the session ends with the connection, and an older one is thrown away.
    pub(crate) clean: bool,
    pub(crate) keep_alive_s: u16,
    /// MQTT 5's extended authentication.
    pub(crate) auth_method: Option<&'static str>,
}

/// A last message.
#[derive(Debug, Clone)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// What a broker made of a CONNECT.
pub(crate) enum Outcome {
    /// Let in.
    In(MqttClient),
    /// A CONNACK with this code other than 0.
    Refused(u8),
    /// Closed without a CONNACK.
    Closed,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::In(_) => f.write_str("In"),
            Outcome::Refused(code) => write!(f, "Refused({code:#04x})"),
            Outcome::Closed => f.write_str("Closed"),
        }
    }
}

impl Outcome {
    pub(crate) fn is_in(&self) -> bool {
        matches!(self, Outcome::In(_))
    }

    /// The client, which must have been let in.
    pub(crate) fn client(self, what: &str) -> MqttClient {
        match self {
            Outcome::In(client) => client,
            other => panic!("{what}: not let in but {other:?}"),
        }
    }
}

impl Connect {
    /// An ordinary one: user name out of the client id, password, clean session.
    pub(crate) fn new(mqtt: Mqtt, client_id: &str, password: &str) -> Connect {
        let username = client_id.split(':').next().unwrap_or_default();
        Connect {
            mqtt,
            client_id: client_id.into(),
            username: Some(username.into()),
            password: Some(password.into()),
            will: None,
            clean: true,
            keep_alive_s: 60,
            auth_method: None,
        }
    }

    pub(crate) fn client_id(mut self, id: impl Into<Vec<u8>>) -> Connect {
        self.client_id = id.into();
        self
    }

    pub(crate) fn username(mut self, name: impl Into<Vec<u8>>) -> Connect {
        self.username = Some(name.into());
        self
    }

    pub(crate) fn password(mut self, password: impl Into<Vec<u8>>) -> Connect {
        self.password = Some(password.into());
        self
    }

    /// A session that outlives its connection.
    pub(crate) fn durable(mut self) -> Connect {
        self.clean = false;
        self
    }

    pub(crate) fn will(mut self, topic: &str, payload: &[u8], retain: bool) -> Connect {
        self.will = Some(Will {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            qos: 1,
            retain,
        });
        self
    }

    /// Sends it and waits for what comes of it.
    pub(crate) fn send(&self, port: u16) -> Outcome {
        self.begin(port).finish()
    }

    /// Sends it and waits for nothing yet.
    pub(crate) fn begin(&self, port: u16) -> Connecting {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .expect("the broker accepts connections");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        // What the broker makes of a closed connection shows when we read.
        let _ = stream.write_all(&self.encode());
        Connecting(MqttClient::new(stream, self.mqtt))
    }

    fn encode(&self) -> Vec<u8> {
        let mut flags = u8::from(self.clean) << 1;
        if let Some(will) = &self.will {
            flags |= 0x04 | will.qos << 3 | u8::from(will.retain) << 5;
        }
        flags |= u8::from(self.password.is_some()) << 6 | u8::from(self.username.is_some()) << 7;
        let mut packet = Writer::default()
            .prefixed(b"MQTT")
            .byte(self.mqtt.level())
            .byte(flags)
            .u16(self.keep_alive_s)
            .properties(self.mqtt, &self.connect_properties())
            .prefixed(&self.client_id);
        if let Some(will) = &self.will {
            packet = packet
                .properties(self.mqtt, &[])
                .prefixed(will.topic.as_bytes())
                .prefixed(&will.payload);
        }
        for part in [&self.username, &self.password].into_iter().flatten() {
            packet = packet.prefixed(part);
        }
        packet.finish(0x10)
    }

    fn connect_properties(&self) -> Vec<u8> {
        let mut properties = Vec::new();
        if !self.clean {
            properties.push(0x11); // Session Expiry Interval
            properties.extend(3600_u32.to_be_bytes());
        }
        if let Some(method) = self.auth_method {
            properties.push(0x15); // Authentication Method
            let length = u16::try_from(method.len()).expect("short");
            properties.extend(length.to_be_bytes());
            properties.extend(method.as_bytes());
        }
        properties
    }
}

/// A CONNECT under way.
pub(crate) struct Connecting(MqttClient);

impl Connecting {
    /// Waits for what comes of it.
    pub(crate) fn finish(mut self) -> Outcome {
        match self.0.read(PATIENCE) {
            Ok(Packet::Connack {
                code: 0,
                session_present,
            }) => {
                self.0.session_present = session_present;
                Outcome::In(self.0)
            }
            Ok(Packet::Connack { code, .. }) => Outcome::Refused(code),
            Ok(Packet::Disconnect { reason }) => Outcome::Refused(reason),
            Ok(other) => panic!("{other:?} in place of CONNACK"),
            Err(Closing::Silent) => panic!("neither CONNACK nor end within {PATIENCE:?}"),
            Err(_) => Outcome::Closed,
        }
    }
}

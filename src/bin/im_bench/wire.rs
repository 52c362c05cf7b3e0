//! One MQTT 5 connection. Packets are read and written by rumqttc's public codec, which `im` brings into
//! the tree anyway; its client is left out, since it keeps an event loop, queues and retries for each
//! connection, and a bench must know what it sent when.

use std::io;
use std::net::{IpAddr, SocketAddr};

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::Error as CodecError;
use rumqttc::{
    Connect, ConnectAuth, ConnectReturnCode, Disconnect, DisconnectReasonCode, Packet, PubAck,
    PubAckReason, Publish, QoS, Subscribe, SubscribeFilter,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::people::User;

/// The longest packet expected.
const MAX_PACKET_BYTES: u32 = 1 << 20;
/// Longer than any scenario leaves a connection idle.
const KEEP_ALIVE_S: u16 = 7200;

/// As whom to log in.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    client_id: String,
    auth: ConnectAuth,
}

impl Credentials {
    /// A user, with this token.
    pub(crate) fn new(user: &User, token: String) -> Credentials {
        Credentials {
            client_id: user.client_id(),
            auth: ConnectAuth::UsernamePassword {
                username: user.username(),
                password: Bytes::from(token),
            },
        }
    }

    /// Any device, with this token.
    pub(crate) fn of_device(client_id: String, username: String, token: String) -> Credentials {
        Credentials {
            client_id,
            auth: ConnectAuth::UsernamePassword {
                username,
                password: Bytes::from(token),
            },
        }
    }

    /// A user under another user name, with a password.
    pub(crate) fn named(user: &User, username: &str, password: &'static str) -> Credentials {
        Credentials {
            client_id: user.client_id(),
            auth: ConnectAuth::UsernamePassword {
                username: username.to_owned(),
                password: Bytes::from_static(password.as_bytes()),
            },
        }
    }

    /// The client id alone, for a broker that lets everybody in.
    pub(crate) fn anonymous(user: &User) -> Credentials {
        Credentials {
            client_id: user.client_id(),
            auth: ConnectAuth::None,
        }
    }

    /// The CONNECT.
    pub(crate) fn connect(&self) -> Packet {
        let connect = Connect {
            keep_alive: KEEP_ALIVE_S,
            client_id: self.client_id.clone(),
            clean_start: true,
            properties: None,
        };
        Packet::Connect(connect, None, self.auth.clone())
    }
}

/// As whom a user logs in somewhere.
pub(crate) type LoginAs = fn(&User) -> Credentials;

/// What came of a CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Let in.
    In,
    /// The connection was closed without a word, or could not be made.
    Closed,
    /// "Server unavailable" or "server busy": come again.
    Unavailable,
    /// Refused for good.
    Refused,
}

/// A connection.
pub(crate) struct Link {
    stream: TcpStream,
    inbound: BytesMut,
}

impl Link {
    /// Connects, from this address of ours if one is named.
    pub(crate) async fn open(to: SocketAddr, from: Option<IpAddr>) -> io::Result<Link> {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Link {
            stream,
            inbound: BytesMut::new(),
        })
    }

    /// Logs in.
    pub(crate) async fn login(&mut self, who: &Credentials) -> Answer {
        self.try_login(who).await.unwrap_or(Answer::Closed)
    }

    async fn try_login(&mut self, who: &Credentials) -> io::Result<Answer> {
        self.send(&who.connect()).await?;
        Ok(match self.receive().await? {
            Some(Packet::ConnAck(ack)) => match ack.code {
                ConnectReturnCode::Success => Answer::In,
                ConnectReturnCode::ServerUnavailable | ConnectReturnCode::ServerBusy => {
                    Answer::Unavailable
                }
                _ => Answer::Refused,
            },
            _ => Answer::Closed,
        })
    }

    /// Subscribes and waits until it is granted.
    pub(crate) async fn subscribe(&mut self, filter: String, qos: QoS) -> io::Result<()> {
        self.subscribe_all(vec![SubscribeFilter::new(filter, qos)])
            .await
    }

    /// Subscribes to all of them in one packet and waits until all are granted.
    pub(crate) async fn subscribe_all(&mut self, filters: Vec<SubscribeFilter>) -> io::Result<()> {
        let mut subscribe = Subscribe::new_many(filters, None);
        subscribe.pkid = 1;
        self.send(&Packet::Subscribe(subscribe)).await?;
        loop {
            match self.receive().await? {
                Some(Packet::SubAck(ack)) => {
                    let granted = ack
                        .return_codes
                        .iter()
                        .all(|code| matches!(code, rumqttc::SubscribeReasonCode::Success(_)));
                    return if granted {
                        Ok(())
                    } else {
                        Err(io::Error::other("subscription refused"))
                    };
                }
                Some(_) => {}
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// Says goodbye and waits for the broker to close.
    pub(crate) async fn leave(mut self) -> io::Result<()> {
        self.send(&goodbye()).await?;
        while self.receive().await?.is_some() {}
        Ok(())
    }

    pub(crate) async fn send(&mut self, packet: &Packet) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        encode(packet, &mut bytes)?;
        self.stream.write_all(&bytes).await
    }

    /// The next packet; none when the broker has closed.
    pub(crate) async fn receive(&mut self) -> io::Result<Option<Packet>> {
        loop {
            if let Some(packet) = decode(&mut self.inbound)? {
                return Ok(Some(packet));
            }
            if self.stream.read_buf(&mut self.inbound).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The bare socket and what has been read from it beyond the last packet.
    pub(crate) fn into_parts(self) -> (TcpStream, BytesMut) {
        (self.stream, self.inbound)
    }
}

/// The word of who is there, and its packet id.
const ONLINE: &str = "online";
const PRESENCE_ID: u16 = 2;

/// The PUBLISH that says to be there: retained, at QoS 1.
pub(crate) fn presence(topic: String) -> Packet {
    let mut presence = Publish::new(topic, QoS::AtLeastOnce, ONLINE, None);
    (presence.pkid, presence.retain) = (PRESENCE_ID, true);
    Packet::Publish(presence)
}

/// Whether an acknowledged message was taken, be there anybody to receive it or not.
pub(crate) fn is_taken(ack: &PubAck) -> bool {
    use PubAckReason::{NoMatchingSubscribers, Success};
    matches!(ack.reason, Success | NoMatchingSubscribers)
}

/// The DISCONNECT.
pub(crate) fn goodbye() -> Packet {
    Packet::Disconnect(Disconnect::new(DisconnectReasonCode::NormalDisconnection))
}

/// Appends a packet's bytes.
pub(crate) fn encode(packet: &Packet, bytes: &mut BytesMut) -> io::Result<()> {
    packet
        .write(bytes, Some(MAX_PACKET_BYTES))
        .map(|_| ())
        .map_err(io::Error::other)
}

/// Takes the next whole packet out, if there is one.
pub(crate) fn decode(bytes: &mut BytesMut) -> io::Result<Option<Packet>> {
    match Packet::read(bytes, Some(MAX_PACKET_BYTES)) {
        Ok(packet) => Ok(Some(packet)),
        Err(CodecError::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

//! One device's connection, and what it hears. A task reads; whoever drives the soak writes, acknowledges and judges.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::{Connect, ConnectAuth, ConnectProperties, ConnectReturnCode, Packet};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::town::Device;
use crate::wire::{decode, encode};

/// Longer than any clock is made to jump.
const KEEP_ALIVE_S: u16 = 50_000;
/// Sessions outlive any soak.
const SESSION_S: u32 = u32::MAX;
/// Longer than a login may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a device heard, on its connection with this number.
pub(super) struct Heard {
    pub(super) device: Device,
    pub(super) line: u64,
    /// None when the broker has closed.
    pub(super) packet: Option<Packet>,
}

/// A connection.
pub(super) struct Line {
    pub(super) number: u64,
    writer: OwnedWriteHalf,
    reader: JoinHandle<()>,
}

/// How somebody comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coming<'a> {
    pub(super) device: Device,
    pub(super) token: &'a str,
    /// Whether the session before is thrown away.
    pub(super) clean: bool,
    /// Whether the session stays when the connection ends.
    pub(super) stays: bool,
}

/// What came of it.
pub(super) enum Came {
    /// In; and whether the session was there.
    In(Line, bool),
    /// Not now: closed without a word, or told to come again.
    NotNow,
    /// Refused.
    Refused(ConnectReturnCode),
}

impl Coming<'_> {
    fn packet(&self) -> Packet {
        let mut properties = ConnectProperties::new();
        properties.session_expiry_interval = self.stays.then_some(SESSION_S);
        let connect = Connect {
            keep_alive: KEEP_ALIVE_S,
            client_id: self.device.client_id(),
            clean_start: self.clean,
            properties: Some(properties),
        };
        let auth = ConnectAuth::UsernamePassword {
            username: self.device.owner.username(),
            password: Bytes::from(self.token.to_owned()),
        };
        Packet::Connect(connect, None, auth)
    }

    /// Tries once.
    pub(super) async fn come(
        self,
        to: SocketAddr,
        number: u64,
        news: &UnboundedSender<Heard>,
    ) -> Came {
        let trying = self.attempt(to, number, news);
        let came = tokio::time::timeout(PATIENCE, trying).await;
        came.unwrap_or(Ok(Came::NotNow)).unwrap_or(Came::NotNow)
    }

    async fn attempt(
        self,
        to: SocketAddr,
        number: u64,
        news: &UnboundedSender<Heard>,
    ) -> io::Result<Came> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (mut reader, mut writer) = stream.into_split();
        write(&mut writer, &self.packet()).await?;
        let mut inbound = BytesMut::new();
        let Some(Packet::ConnAck(ack)) = receive(&mut reader, &mut inbound).await? else {
            return Ok(Came::NotNow);
        };
        match ack.code {
            ConnectReturnCode::Success => {}
            ConnectReturnCode::ServerUnavailable | ConnectReturnCode::ServerBusy => {
                return Ok(Came::NotNow);
            }
            code => return Ok(Came::Refused(code)),
        }
        let reader = tokio::spawn(read(reader, inbound, self.device, number, news.clone()));
        let line = Line {
            number,
            writer,
            reader,
        };
        Ok(Came::In(line, ack.session_present))
    }
}

impl Line {
    /// An error shows when reading: the line has ended.
    pub(super) async fn send(&mut self, packet: &Packet) -> io::Result<()> {
        write(&mut self.writer, packet).await
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn write(writer: &mut OwnedWriteHalf, packet: &Packet) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    encode(packet, &mut bytes)?;
    writer.write_all(&bytes).await
}

async fn receive(reader: &mut OwnedReadHalf, inbound: &mut BytesMut) -> io::Result<Option<Packet>> {
    loop {
        if let Some(packet) = decode(inbound)? {
            return Ok(Some(packet));
        }
        if reader.read_buf(inbound).await? == 0 {
            return Ok(None);
        }
    }
}

async fn read(
    mut reader: OwnedReadHalf,
    mut inbound: BytesMut,
    device: Device,
    line: u64,
    news: UnboundedSender<Heard>,
) {
    loop {
        let packet = receive(&mut reader, &mut inbound).await.unwrap_or(None);
        let ended = packet.is_none();
        if news
            .send(Heard {
                device,
                line,
                packet,
            })
            .is_err()
            || ended
        {
            return;
        }
    }
}

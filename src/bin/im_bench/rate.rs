//! As many logins a second as can be: some connectors at once, each connect, CONNACK, disconnect, over and
//! over (closed loop), for a while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::{ConnectReturnCode, Packet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::broker::Server;
use crate::wire::{self, Answer, Credentials, Link};

/// Connectors at once.
const CONNECTORS: usize = 64;
/// One round trip that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a while came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slice {
    /// Logins a second.
    pub(crate) per_second: f64,
    /// The broker's processor time per login, in microseconds.
    pub(crate) cpu_us: f64,
    /// The broker's processor time, in cores.
    pub(crate) cores: f64,
    /// Logins that failed.
    pub(crate) failed: u64,
    /// Logins that did not.
    pub(crate) done: u64,
}

/// What somebody sends: CONNECT and DISCONNECT.
pub(crate) type Visits = Arc<[Bytes]>;

/// The visits of these people.
pub(crate) fn visits(people: impl Iterator<Item = Credentials>) -> std::io::Result<Visits> {
    people
        .map(|who| {
            let mut bytes = BytesMut::new();
            wire::encode(&who.connect(), &mut bytes)?;
            wire::encode(&wire::goodbye(), &mut bytes)?;
            Ok(bytes.freeze())
        })
        .collect()
}

/// Connects for `time`, as one after the other of these.
pub(crate) fn connect_for(
    runtime: &Runtime,
    broker: &dyn Server,
    visits: &Visits,
    time: Duration,
) -> Slice {
    connect_stubbornly(runtime, broker, visits, time, None)
}

/// The same; who is cut off comes again after this pause, for [`PATIENCE`].
pub(crate) fn connect_stubbornly(
    runtime: &Runtime,
    broker: &dyn Server,
    visits: &Visits,
    time: Duration,
    again_after: Option<Duration>,
) -> Slice {
    let before = broker.usage();
    let began = Instant::now();
    let (done, failed) =
        runtime.block_on(all(broker.addresses(), visits, began + time, again_after));
    let elapsed = began.elapsed().as_secs_f64();
    let cpu_s = broker.usage().cpu_s - before.cpu_s;
    Slice {
        per_second: done as f64 / elapsed,
        cpu_us: cpu_s * 1e6 / (done.max(1) as f64),
        cores: cpu_s / elapsed,
        failed,
        done,
    }
}

async fn all(
    to: Vec<SocketAddr>,
    visits: &Visits,
    end: Instant,
    again_after: Option<Duration>,
) -> (u64, u64) {
    let mut connectors = JoinSet::new();
    for number in 0..CONNECTORS {
        let Some(to) = to.get(number % to.len().max(1)).copied() else {
            break;
        };
        let visits = Arc::clone(visits);
        connectors.spawn(async move { connect_until(number, to, &visits, end, again_after).await });
    }
    let counts = connectors.join_all().await;
    counts
        .iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

async fn connect_until(
    number: usize,
    to: SocketAddr,
    visits: &[Bytes],
    end: Instant,
    again_after: Option<Duration>,
) -> (u64, u64) {
    let (mut done, mut failed) = (0, 0);
    // Connector n takes the users n, n + 64, ...: nobody takes over another's session.
    for visit in visits.iter().skip(number).step_by(CONNECTORS).cycle() {
        if Instant::now() >= end {
            break;
        }
        let attempt = async {
            loop {
                match (once(to, visit).await, again_after) {
                    (Ok(true), _) => return true,
                    (_, None) => return false,
                    (_, Some(pause)) => tokio::time::sleep(pause).await,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, attempt).await {
            Ok(true) => done += 1,
            _ => failed += 1,
        }
    }
    (done, failed)
}

/// One cycle. The broker is to be the bottleneck, not this side: the bytes are ready beforehand, the
/// goodbye goes with the CONNECT, and what comes back is only looked at for its CONNACK.
async fn once(to: SocketAddr, visit: &[u8]) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(visit).await?;
    let mut answer = [0; 256];
    let mut length = 0;
    loop {
        let room = answer.get_mut(length..).unwrap_or_default();
        match stream.read(room).await? {
            0 => break,
            read => length += read,
        }
    }
    let mut answer = BytesMut::from(answer.get(..length).unwrap_or_default());
    Ok(matches!(
        wire::decode(&mut answer)?,
        Some(Packet::ConnAck(ack)) if ack.code == ConnectReturnCode::Success
    ))
}

/// Whether somebody is let in, within a second.
pub(crate) fn comes_in(runtime: &Runtime, to: SocketAddr, who: &Credentials) -> bool {
    runtime.block_on(async {
        let attempt = async { Ok(Link::open(to, None).await?.login(who).await) };
        let answer: Result<std::io::Result<Answer>, _> =
            tokio::time::timeout(Duration::from_secs(1), attempt).await;
        matches!(answer, Ok(Ok(Answer::In)))
    })
}

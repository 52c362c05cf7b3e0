//! Everybody's presence, kept by every rival: the plugin publishes it at each login, elsewhere a client has to. It is
//! there before anything is measured, since retained messages have their price: Mosquitto 2.1 looks for each message
//! among all that it keeps.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use rumqttc::Packet;
use tokio::runtime::Runtime;

use super::{Cast, Stand};
use crate::people::{EID, User};
use crate::wire::{self, Answer, Link};

const VISIT: Duration = Duration::from_secs(20);

impl Stand {
    /// Everybody of the cast comes, says to be there, and goes; one after the other.
    pub(crate) fn receive_all(&self, runtime: &Runtime, cast: &Cast) -> anyhow::Result<()> {
        let addresses = self.addresses();
        let people = cast.group.iter().chain(&cast.known);
        runtime.block_on(async {
            for (user, to) in people.zip(addresses.iter().cycle()) {
                let visit = tokio::time::timeout(VISIT, visit(self, user, *to)).await;
                let visit = visit.map_err(|_| anyhow!("no answer")).flatten();
                visit.with_context(|| format!("presence of {}", user.client_id()))?;
            }
            Ok(())
        })
    }
}

async fn visit(stand: &Stand, user: &User, to: SocketAddr) -> anyhow::Result<()> {
    let mut link = Link::open(to, None).await?;
    match link.login(&stand.credentials(user)).await {
        Answer::In => {}
        other => bail!("not let in: {other:?}"),
    }
    let topic = format!("{EID}/im/pres/{}", user.uid());
    link.send(&wire::presence(topic)).await?;
    loop {
        match link.receive().await? {
            Some(Packet::PubAck(ack)) if wire::is_taken(&ack) => return Ok(link.leave().await?),
            Some(Packet::PubAck(ack)) => bail!("refused: {:?}", ack.reason),
            Some(_) => {}
            None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }
}

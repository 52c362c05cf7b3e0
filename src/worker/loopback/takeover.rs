//! Ending a client's connection at a broker that has no call for it: whoever connects under a client id takes its session
//! over, and the broker closes the former connection. The session itself is left as it was, with what waits in it.

use std::net::SocketAddr;
use std::time::Duration;

use rumqttc_v4::{AckMode, AsyncClient, ConnectionError, Event, Packet};
use tokio::sync::mpsc;

use super::{Identity, Takeover};

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A takeover that failed is tried again; the client has no rights meanwhile.
const TRIES: usize = 3;

/// Ends the connections that are named, one by one, for ever.
pub(super) async fn serve(
    takeovers: &mut mpsc::Receiver<Takeover>,
    listener: SocketAddr,
    identity: &Identity,
) {
    while let Some(takeover) = takeovers.recv().await {
        for _ in 0..TRIES {
            let tried = tokio::time::timeout(PATIENCE, carry_out(&takeover, listener, identity));
            if matches!(tried.await, Ok(Ok(()))) {
                break;
            }
        }
    }
    std::future::pending().await
}

async fn carry_out(
    Takeover {
        client_id,
        username,
    }: &Takeover,
    listener: SocketAddr,
    identity: &Identity,
) -> Result<(), ConnectionError> {
    let mut options = identity.options_as(listener, client_id, username);
    // What waits in the session stays there: nothing is acknowledged.
    options
        .set_clean_session(false)
        .set_ack_mode(AckMode::Manual);
    let (client, mut events) = AsyncClient::builder(options).capacity(1).build();
    while !matches!(events.poll().await?, Event::Incoming(Packet::ConnAck(_))) {}
    // The connection ends with this: an error tells of it.
    let _ = client.try_disconnect_now();
    while events.poll().await.is_ok() {}
    Ok(())
}

//! A login at the broker that the static service named: CONNECT, the subscriptions, the own presence.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rumqttc::{Packet, PubAck, QoS, Subscribe, SubscribeFilter, SubscribeReasonCode};

use super::member::{LoginToken, Trouble};
use crate::wire::{self, Answer, Credentials, Link};

/// Goes in: the connection is ready for messages when this is done.
pub(super) async fn arrive(login: &LoginToken, from: IpAddr) -> Result<Link, Trouble> {
    let to = address(&login.broker).map_err(Trouble::Final)?;
    let again = |error: io::Error| Trouble::Again(format!("{to}: {error}"));
    let mut link = Link::open(to, Some(from)).await.map_err(again)?;
    let who = Credentials::of_device(
        login.client_id.clone(),
        login.username.clone(),
        login.token.clone(),
    );
    match link.login(&who).await {
        Answer::In => {}
        other => return Err(Trouble::Again(format!("{to}: not let in: {other:?}"))),
    }
    settle(&mut link, login).await.map_err(again)?;
    Ok(link)
}

/// The broker's address as clients use it, which here is always one of loopback.
fn address(url: &str) -> Result<SocketAddr, String> {
    let address = url.strip_prefix("tcp://");
    let address = address.and_then(|address| address.parse::<SocketAddr>().ok());
    let address = address.filter(|address| address.ip().is_loopback());
    address.ok_or_else(|| format!("`{url}` is no address of a broker of ours"))
}

/// Subscribes and tells the presence, both at once, and waits until both are granted.
async fn settle(link: &mut Link, login: &LoginToken) -> io::Result<()> {
    let filters = [&login.topics.inbox]
        .into_iter()
        .chain(&login.topics.groups);
    let filters = filters.map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce));
    let mut subscribe = Subscribe::new_many(filters, None);
    subscribe.pkid = 1;
    link.send(&Packet::Subscribe(subscribe)).await?;
    let presence = wire::presence(login.topics.presence.clone());
    link.send(&presence).await?;
    let (mut subscribed, mut told) = (false, false);
    while !(subscribed && told) {
        match link.receive().await? {
            Some(Packet::SubAck(ack)) => {
                let granted = |code| matches!(code, &SubscribeReasonCode::Success(_));
                if !ack.return_codes.iter().all(granted) {
                    return Err(io::Error::other("subscription refused"));
                }
                subscribed = true;
            }
            Some(Packet::PubAck(ack)) => {
                if !wire::is_taken(&ack) {
                    return Err(io::Error::other("presence refused"));
                }
                told = true;
            }
            Some(Packet::Publish(publish)) if publish.qos == QoS::AtLeastOnce => {
                let ack = PubAck::new(publish.pkid, None);
                link.send(&Packet::PubAck(ack)).await?;
            }
            Some(_) => {}
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brokers_on_loopback_are_gone_to() {
        let good = address("tcp://127.0.0.3:1883").unwrap();
        assert_eq!(good.to_string(), "127.0.0.3:1883");
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 1883));
        for bad in [
            &format!("tcp://{elsewhere}"),
            "mqtts://127.0.0.1:1",
            "tcp://x",
        ] {
            assert!(address(bad).unwrap_err().contains(bad));
        }
    }
}

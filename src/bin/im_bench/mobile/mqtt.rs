//! The two MQTT ways: through the plugin, with its binary header and without SUBSCRIBE; and as JSON at the bare broker,
//! where a phone has to subscribe and to tell its presence itself.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::{Content, Direction, Header, Message};
use rumqttc::{ConnectReturnCode, Packet, PubAck, Publish, QoS, Subscribe, SubscribeFilter};
use serde_json::json;

use super::TEXT;
use super::args::MobileArgs;
use super::line::{Line, Spent};
use super::report::{Group, MobileReport};
use crate::people::{EID, User};
use crate::rivals::{Cast, GROUP, Ground, Rival, Stand};
use crate::wire::{self, Credentials};

/// 2026-01-01, in milliseconds since 1970.
const TIME_MS: u64 = 1_767_225_600_000;

/// The sender and the receiver.
pub(super) fn people() -> [User; 2] {
    [User::named("alice"), User::named("bob")]
}

/// Through the plugin.
pub(super) fn ours(args: &MobileArgs, report: &mut MobileReport) -> anyhow::Result<()> {
    let stand = stand(args, Rival::Plugin)?;
    let [from, to] = people();
    let enter = |user: &User| Phone::login(stand.addresses(), user);
    let (mut alice, mut bob) = (enter(&from)?, enter(&to)?);
    let spent = alice.line.spent()?;
    bob.line.spent()?;
    report.push(Group::Login, "plugin: CONNECT with the token", spent);
    let header = Header {
        mqtt_level: 5,
        seq: 1,
        direction: Direction::PointToPoint,
        content: Content::Text,
        timestamp_ms: TIME_MS,
        source: from.uid(),
    };
    let data = TEXT.as_bytes();
    let payload = Message { header, data }.encode()?;
    for (qos, name) in [(QoS::AtMostOnce, "0"), (QoS::AtLeastOnce, "1")] {
        let spent = say(&mut alice, &mut bob, &to, &payload, qos)?;
        let what = format!("plugin: binary header, QoS {name}");
        report.push(Group::of_qos(qos), &what, spent);
    }
    alice.send(&Packet::PingReq)?;
    alice.until(|packet| matches!(packet, Packet::PingResp))?;
    let spent = alice.line.spent()?;
    report.push(Group::KeepAlive, "MQTT: PINGREQ, PINGRESP", spent);
    Ok(())
}

/// At the bare broker.
pub(super) fn json(args: &MobileArgs, report: &mut MobileReport) -> anyhow::Result<()> {
    let stand = stand(args, Rival::Bare)?;
    let [from, to] = people();
    let enter = |user: &User| -> anyhow::Result<Phone> {
        let mut phone = Phone::login(stand.addresses(), user)?;
        phone.settle_in(user)?;
        Ok(phone)
    };
    let (mut alice, mut bob) = (enter(&from)?, enter(&to)?);
    let spent = alice.line.spent()?;
    bob.line.spent()?;
    let what = "bare MQTT: CONNECT, SUBSCRIBE to inbox, group and notices, presence";
    report.push(Group::Login, what, spent);
    let payload = json!({
        "from": from.uid(), "to": to.uid(), "seq": 1, "time": TIME_MS, "type": "text", "text": TEXT,
    });
    let payload = payload.to_string().into_bytes();
    for (qos, name) in [(QoS::AtMostOnce, "0"), (QoS::AtLeastOnce, "1")] {
        let spent = say(&mut alice, &mut bob, &to, &payload, qos)?;
        let what = format!("bare MQTT: JSON, QoS {name}");
        report.push(Group::of_qos(qos), &what, spent);
    }
    Ok(())
}

fn stand(args: &MobileArgs, rival: Rival) -> anyhow::Result<Stand> {
    let cast = Cast {
        group: people().into(),
        ..Cast::default()
    };
    Stand::start(rival, &Ground::of(&args.place, args.version())?, &cast)
}

/// One message, and what it costs both phones.
fn say(
    from: &mut Phone,
    to: &mut Phone,
    receiver: &User,
    payload: &[u8],
    qos: QoS,
) -> anyhow::Result<Spent> {
    let mut publish = Publish::new(receiver.inbox(), qos, payload.to_vec(), None);
    let acknowledged = qos == QoS::AtLeastOnce;
    if acknowledged {
        publish.pkid = 1;
    }
    from.send(&Packet::Publish(publish))?;
    if acknowledged {
        from.until(|packet| matches!(packet, Packet::PubAck(_)))?;
    }
    let came = to.until(|packet| matches!(packet, Packet::Publish(_)))?;
    let Packet::Publish(came) = came else {
        bail!("no message, but {came:?}");
    };
    if came.payload != payload || came.qos != qos {
        bail!("another message came: {came:?}");
    }
    if acknowledged {
        to.send(&Packet::PubAck(PubAck::new(came.pkid, None)))?;
    }
    Ok(from.line.spent()? + to.line.spent()?)
}

/// A phone that is logged in.
struct Phone {
    line: Line,
}

impl Phone {
    fn login(to: Vec<SocketAddr>, user: &User) -> anyhow::Result<Phone> {
        let line = Line::open(*to.first().context("no address")?)?;
        let mut phone = Phone { line };
        phone.send(&Credentials::new(user, user.token()).connect())?;
        match phone.until(|packet| matches!(packet, Packet::ConnAck(_)))? {
            Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success => Ok(phone),
            other => bail!("{} not let in: {other:?}", user.uid()),
        }
    }

    /// What the plugin does on a phone's behalf.
    fn settle_in(&mut self, user: &User) -> anyhow::Result<()> {
        let filter = |topic: String| SubscribeFilter::new(topic, QoS::AtLeastOnce);
        let filters = vec![
            filter(user.inbox()),
            filter(format!("{EID}/im/msg/g/{GROUP}")),
            filter(format!("{EID}/notice/#")),
        ];
        let mut subscribe = Subscribe::new_many(filters, None);
        subscribe.pkid = 1;
        self.send(&Packet::Subscribe(subscribe))?;
        self.until(|packet| matches!(packet, Packet::SubAck(_)))?;
        let topic = format!("{EID}/im/pres/{}", user.uid());
        let mut presence = Publish::new(topic, QoS::AtMostOnce, "online", None);
        presence.retain = true;
        self.send(&Packet::Publish(presence))
    }

    fn send(&mut self, packet: &Packet) -> anyhow::Result<()> {
        let mut bytes = BytesMut::new();
        wire::encode(packet, &mut bytes)?;
        Ok(self.line.write(&bytes)?)
    }

    /// Reads up to the first packet of this kind.
    fn until(&mut self, wanted: impl Fn(&Packet) -> bool) -> anyhow::Result<Packet> {
        loop {
            while let Some(packet) = wire::decode(&mut self.line.inbound)? {
                if wanted(&packet) {
                    return Ok(packet);
                }
            }
            self.line.read_more()?;
        }
    }
}

//! What the devices hear, acknowledged and held against the ledger.

use std::time::Instant;

use mosquitto_enterprise_push::protocol::Message;
use rumqttc::{Packet, PubAck, PubAckReason, Publish, QoS, SubscribeReasonCode};
use serde_json::Value;

use super::Crowd;
use crate::soak::ledger::Breach;
use crate::soak::line::Heard;
use crate::soak::town::{Device, FRIEND, Place, Town};
use crate::wire::is_taken;

impl Crowd {
    /// Hears everything until then.
    pub(in crate::soak) async fn hear_until(&mut self, until: Instant, town: &Town) {
        loop {
            match tokio::time::timeout_at(until.into(), self.news.recv()).await {
                Ok(Some(heard)) => self.hear(heard, town).await,
                Ok(None) | Err(_) => return,
            }
        }
    }

    pub(super) async fn hear(&mut self, heard: Heard, town: &Town) {
        let Heard {
            device,
            line,
            packet,
        } = heard;
        let member = self.members.get_mut(&device);
        let Some(member) =
            member.filter(|member| member.line.as_ref().is_some_and(|l| l.number == line))
        else {
            return;
        };
        match packet {
            Some(Packet::Publish(publish)) => self.message(device, publish, town).await,
            Some(Packet::PubAck(ack)) => self.acknowledged(device, &ack),
            Some(Packet::SubAck(ack)) => {
                let granted = matches!(
                    ack.return_codes.as_slice(),
                    [SubscribeReasonCode::Success(_)]
                );
                if member
                    .subscriptions
                    .remove(&ack.pkid)
                    .is_some_and(|wanted| wanted != granted)
                {
                    let text = format!("{device}: subscription answered {:?}", ack.return_codes);
                    self.seen.complain(text);
                }
            }
            None => {
                if !member.may_end(Instant::now()) {
                    self.seen
                        .complain(format!("{device}: disconnected without a cause"));
                }
                self.seen.ended += 1;
                self.line_ended(device);
            }
            // A reason for what then shows as an end.
            Some(_) => {}
        }
    }

    pub(super) fn acknowledged(&mut self, device: Device, ack: &PubAck) {
        let member = self.members.get_mut(&device);
        let Some(number) = member.and_then(|member| member.acks.remove(&ack.pkid)) else {
            return;
        };
        let taken = is_taken(ack);
        self.seen.refused += u64::from(ack.reason == PubAckReason::NotAuthorized);
        self.seen.diary.note(format_args!(
            "{device} learns of {number}: {:?}",
            ack.reason
        ));
        let said = self.ledger.said(number);
        if said.is_some_and(|said| taken == said.forbidden) {
            let message = self.ledger.tell(number);
            self.seen
                .complain(format!("{message}: answered {:?}", ack.reason));
        }
        self.ledger.answered(number, taken);
    }

    pub(super) async fn message(&mut self, device: Device, publish: Publish, town: &Town) {
        if publish.qos == QoS::AtLeastOnce
            && let Some(member) = self.members.get_mut(&device)
        {
            member
                .send(&Packet::PubAck(PubAck::new(publish.pkid, None)))
                .await;
        }
        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
        if topic == "$SYS/notice" {
            self.seen.barrier = self
                .seen
                .barrier
                .max(barrier(&publish.payload).unwrap_or(0));
            return;
        }
        let own = [
            format!("{}/", device.owner.eid()),
            format!("$SYS/notice/{}", device.owner.eid()),
        ];
        if !topic.contains("/im/msg/") {
            let friend = device.owner.number <= FRIEND && topic.contains("/im/");
            if !own.iter().any(|start| topic.starts_with(start)) && !friend {
                self.seen
                    .complain(format!("{device}: a message on {topic}"));
            }
            return;
        }
        self.seen.delivered += 1;
        let number = number_of(&publish.payload).unwrap_or(0);
        self.seen
            .diary
            .note(format_args!("{device} hears {number}, dup={}", publish.dup));
        let place = Place::of(&topic);
        let arrived = self
            .ledger
            .arrived(number, device, place, publish.dup, town, Instant::now());
        if let Err(breach) = arrived {
            self.complain_of(breach, device, number, &topic);
        }
    }

    pub(super) fn complain_of(&mut self, breach: Breach, device: Device, number: u64, topic: &str) {
        let message = self.ledger.tell(number);
        let text = format!("{device}: {breach:?}: on {topic}: {message}");
        self.seen.complain(text);
    }
}

/// The number that the ledger gave a message.
fn number_of(payload: &[u8]) -> Option<u64> {
    let message = Message::decode(payload).ok()?;
    Some(u64::from_be_bytes(*message.data.first_chunk()?))
}

fn barrier(notice: &[u8]) -> Option<u64> {
    let notice: Value = serde_json::from_slice(notice).ok()?;
    notice
        .get("title")?
        .as_str()?
        .strip_prefix("barrier ")?
        .parse()
        .ok()
}

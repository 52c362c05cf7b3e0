//! Who says what to whom, allowed or not, and who listens where.

use std::time::Instant;

use mosquitto_enterprise_push::protocol::{Content, Direction, Header, Message};
use rand::RngExt as _;
use rumqttc::{Publish, QoS};

use super::Day;
use crate::soak::ledger::Said;
use crate::soak::town::{Device, GUEST, Person, Place};

impl Day {
    pub(super) async fn say(&mut self) {
        let Some(from) = self.any(true) else { return };
        let place = self.place(from);
        if place != Place::Inbox(from.owner) && self.town.speaks(from.owner, place) == Some(true) {
            self.done.messages += 1;
            self.send(from, place, false, None).await;
        }
    }

    /// Any place at all.
    pub(super) fn place(&mut self, from: Device) -> Place {
        let foreign = self.random.random_bool(0.2);
        let eid = if foreign {
            1 - from.owner.eid
        } else {
            from.owner.eid
        };
        match self.random.random_range(0..10) {
            0..6 => Place::Inbox(Person {
                eid,
                number: self.random.random_range(0..=GUEST),
            }),
            6..8 => Place::All(eid),
            _ => Place::Loose(eid),
        }
    }

    pub(super) async fn say_what_is_forbidden(&mut self) {
        let Some(from) = self.any(true) else { return };
        let place = self.place(from);
        if place == Place::Inbox(from.owner) {
            return;
        }
        let forged_source = self.random.random_bool(0.5).then(|| "p9".to_owned());
        let speaks = self.town.speaks(from.owner, place);
        if forged_source.is_some() || speaks == Some(false) {
            self.done.forbidden += 1;
            self.send(from, place, true, forged_source).await;
        }
    }

    pub(super) async fn send(
        &mut self,
        from: Device,
        place: Place,
        forbidden: bool,
        source: Option<String>,
    ) {
        let now = Instant::now();
        let qos = u8::from(self.random.random_bool(0.7));
        let hearers = if forbidden {
            Vec::new()
        } else {
            self.crowd.hearers(place, from, &self.town, now)
        };
        let number = self.crowd.ledger.say(Said {
            from,
            place,
            at: now,
            qos,
            forbidden,
            hearers,
        });
        let message = self.crowd.ledger.tell(number);
        self.note(format_args!("says: {message}"));
        let Some(member) = self.crowd.members.get_mut(&from) else {
            return;
        };
        member.seq += 1;
        let home = place.topic().starts_with(&format!("{}/", from.owner.eid()));
        let own = if home {
            from.owner.uid()
        } else {
            from.owner.username()
        };
        let header = Header {
            mqtt_level: 5,
            seq: member.seq,
            direction: if matches!(place, Place::Inbox(_)) {
                Direction::PointToPoint
            } else {
                Direction::Group
            },
            content: Content::Text,
            timestamp_ms: number,
            source: source.as_deref().unwrap_or(&own),
        };
        let length = self.random.random_range(8..400);
        let mut data = number.to_be_bytes().to_vec();
        data.resize(length, b'.');
        let Ok(payload) = (Message {
            header,
            data: &data,
        })
        .encode() else {
            return;
        };
        let qos = if qos == 1 {
            QoS::AtLeastOnce
        } else {
            QoS::AtMostOnce
        };
        let publish = Publish::new(place.topic(), qos, payload, None);
        self.crowd
            .publish(from, publish, (qos == QoS::AtLeastOnce).then_some(number))
            .await;
    }

    pub(super) async fn sign(&mut self) {
        let Some(from) = self.any(true) else { return };
        let what = if self.random.random_bool(0.5) {
            "sig"
        } else {
            "pres"
        };
        let topic = format!("{}/im/{what}/{}", from.owner.eid(), from.owner.uid());
        let mut publish = Publish::new(topic, QoS::AtLeastOnce, "away", None);
        publish.retain = true;
        self.crowd.publish(from, publish, None).await;
    }

    pub(super) async fn subscribe(&mut self) {
        let Some(device) = self.any(true) else { return };
        self.done.subscriptions += 1;
        let (own, foreign) = (
            device.owner.eid(),
            Person {
                eid: 1 - device.owner.eid,
                ..device.owner
            }
            .eid(),
        );
        let stranger = (device.owner.number + 1) % GUEST;
        match self.random.random_range(0..9) {
            0 => {
                self.crowd
                    .subscribe(device, &Place::Inbox(device.owner).topic(), true)
                    .await
            }
            1 => {
                self.crowd
                    .subscribe(device, &format!("{own}/im/pres/+"), true)
                    .await
            }
            2 => {
                self.crowd
                    .unsubscribe(device, &format!("{own}/im/pres/+"))
                    .await
            }
            3 => {
                self.crowd
                    .subscribe(device, &format!("{foreign}/im/msg/p{stranger}"), false)
                    .await
            }
            4 => {
                self.crowd
                    .subscribe(device, &format!("$share/x/{foreign}/notice/#"), false)
                    .await
            }
            5 => self.crowd.subscribe(device, "#", false).await,
            6 => self.crowd.subscribe(device, "+/im/msg/+", false).await,
            7 => {
                self.crowd
                    .subscribe(device, &format!("{own}/im/msg/p{stranger}"), false)
                    .await
            }
            _ => self.crowd.subscribe(device, "$SYS/#", false).await,
        }
    }
}

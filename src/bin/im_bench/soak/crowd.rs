//! The devices: who is there, with which session and token, and what each waits for. It hears everything, acknowledges it
//! and holds it against the ledger.

mod hearing;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rumqttc::{Packet, Publish, QoS};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::diary::Diary;
use super::ledger::Ledger;
use super::line::{Came, Coming, Heard, Line};
use super::town::{Device, Place, Town, devices};

/// What is subscribed for a client right after it has come in.
const SETTLING: Duration = Duration::from_secs(1);

/// One device.
#[derive(Default)]
pub(super) struct Member {
    pub(super) token: Option<String>,
    line: Option<Line>,
    came: Option<Instant>,
    /// Since when its session is there and whether it outlives the line.
    session: Option<(Instant, bool)>,
    /// Until when its line may end by somebody else's doing.
    may_end: Option<Instant>,
    acks: BTreeMap<u16, u64>,
    subscriptions: BTreeMap<u16, bool>,
    next_id: u16,
    pub(super) seq: u32,
    /// Whether it came with a clean start.
    clean: bool,
}

/// What the crowd has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) delivered: u64,
    pub(super) refused: u64,
    pub(super) ended: u64,
    pub(super) complaints: VecDeque<String>,
    pub(super) wrong: u64,
    /// The newest barrier that a device has heard.
    pub(super) barrier: u64,
    pub(super) diary: Diary,
}

impl Seen {
    /// Tells of something that must not be; the first hundred in full.
    pub(super) fn complain(&mut self, text: String) {
        self.wrong += 1;
        self.diary.note(format_args!("WRONG {text}"));
        if self.complaints.len() < 100 {
            self.complaints.push_back(text);
        }
    }
}

/// All devices.
pub(super) struct Crowd {
    pub(super) members: BTreeMap<Device, Member>,
    pub(super) ledger: Ledger,
    pub(super) seen: Seen,
    broker: SocketAddr,
    lines: u64,
    news: UnboundedReceiver<Heard>,
    teller: UnboundedSender<Heard>,
}

impl Crowd {
    pub(super) fn new(broker: SocketAddr) -> Crowd {
        let (teller, news) = unbounded_channel();
        let members = devices()
            .into_iter()
            .map(|device| (device, Member::default()));
        Crowd {
            members: members.collect(),
            ledger: Ledger::default(),
            seen: Seen::default(),
            broker,
            lines: 0,
            news,
            teller,
        }
    }

    pub(super) fn is_here(&self, device: Device) -> bool {
        self.members
            .get(&device)
            .is_some_and(|member| member.line.is_some())
    }

    /// Since when it is here.
    pub(super) fn came(&self, device: Device) -> Option<Instant> {
        let member = self
            .members
            .get(&device)
            .filter(|member| member.line.is_some());
        member.and_then(|member| member.came)
    }

    /// Whether it is away and has left a session.
    pub(super) fn is_awaited(&self, device: Device) -> bool {
        let member = self.members.get(&device);
        member.is_some_and(|member| member.line.is_none() && member.session.is_some())
    }

    /// Devices to which a message to this place is owed if it is sent now.
    pub(super) fn hearers(
        &self,
        place: Place,
        from: Device,
        town: &Town,
        now: Instant,
    ) -> Vec<Device> {
        let hears = |device: &Device, member: &Member| {
            let since = member.session.map(|(since, _)| since)?;
            let settled = |at: Instant| now.duration_since(at) >= SETTLING;
            let ready = !member.may_end(now) && member.came.is_some_and(settled) && settled(since);
            let sure = town.surely_hears(device.owner, place, member.came?.checked_sub(SETTLING)?);
            (ready && sure && device.owner != from.owner).then_some(*device)
        };
        self.members
            .iter()
            .filter_map(|(device, member)| hears(device, member))
            .collect()
    }

    /// One try to come in; takes the place of the line that is there.
    pub(super) async fn come(&mut self, coming: Coming<'_>) -> Outcome {
        self.lines += 1;
        let came = coming.come(self.broker, self.lines, &self.teller).await;
        let Some(member) = self.members.get_mut(&coming.device) else {
            return Outcome::NotNow;
        };
        match came {
            Came::In(line, present) => {
                let now = Instant::now();
                self.seen.diary.note(format_args!(
                    "{} is in, clean={} stays={} present={present}",
                    coming.device, coming.clean, coming.stays
                ));
                member.clean = coming.clean;
                let had = member.session.is_some();
                member.line = Some(line);
                member.came = Some(now);
                member.acks.clear();
                member.subscriptions.clear();
                if present && coming.clean {
                    self.seen.complain(format!(
                        "{}: an old session after a clean start",
                        coming.device
                    ));
                }
                let lost = had
                    && !coming.clean
                    && !present
                    && member.session.is_some_and(|(_, stays)| stays);
                if lost {
                    self.seen
                        .complain(format!("{}: the session has gone", coming.device));
                }
                let since = member
                    .session
                    .filter(|_| present)
                    .map_or(now, |(since, _)| since);
                member.session = Some((since, coming.stays));
                if !present {
                    self.ledger.session_ended(coming.device);
                }
                Outcome::In
            }
            Came::NotNow => {
                self.seen.diary.note(format_args!(
                    "{} is not let in yet, clean={} stays={}",
                    coming.device, coming.clean, coming.stays
                ));
                Outcome::NotNow
            }
            Came::Refused(code) => {
                self.seen
                    .diary
                    .note(format_args!("{} is refused: {code:?}", coming.device));
                Outcome::Refused(format!("{code:?}"))
            }
        }
    }

    /// Ends a line from the device's side, with a word or without.
    pub(super) async fn go(&mut self, device: Device, goodbye: bool) {
        let Some(member) = self.members.get_mut(&device) else {
            return;
        };
        if let Some(mut line) = member.line.take().filter(|_| goodbye) {
            let _ = line.send(&crate::wire::goodbye()).await;
        }
        member.line = None;
        self.line_ended(device);
    }

    fn line_ended(&mut self, device: Device) {
        let Some(member) = self.members.get_mut(&device) else {
            return;
        };
        self.seen.diary.note(format_args!("{device} is gone"));
        member.line = None;
        member.acks.clear();
        member.subscriptions.clear();
        if member.session.is_some_and(|(_, stays)| !stays) {
            member.session = None;
            self.ledger.session_ended(device);
        }
    }

    /// The broker is being stopped. Mosquitto does not keep a session that began with a clean start, however long it was to
    /// stay (persist_write.c).
    pub(super) fn broker_stops(&mut self) {
        for (device, member) in &mut self.members {
            if member.clean {
                member.session = None;
                self.ledger.session_ended(*device);
            }
        }
    }

    /// Somebody is being put out: the line may end until then.
    pub(super) fn excuse(&mut self, device: Device, until: Instant) {
        self.seen
            .diary
            .note(format_args!("{device} may be put out"));
        if let Some(member) = self.members.get_mut(&device) {
            member.may_end = Some(until);
        }
    }

    /// Sends a message; `number` is what the ledger calls it, for those at QoS 1.
    pub(super) async fn publish(
        &mut self,
        from: Device,
        mut publish: Publish,
        number: Option<u64>,
    ) {
        let Some(member) = self.members.get_mut(&from) else {
            return;
        };
        if publish.qos != QoS::AtMostOnce {
            publish.pkid = member.take_id();
            member
                .acks
                .extend(number.map(|number| (publish.pkid, number)));
        }
        member.send(&Packet::Publish(publish)).await;
    }

    /// Subscribes; `granted` is what must come of it.
    pub(super) async fn subscribe(&mut self, device: Device, filter: &str, granted: bool) {
        let Some(member) = self.members.get_mut(&device) else {
            return;
        };
        let filter = rumqttc::SubscribeFilter::new(filter.to_owned(), QoS::AtLeastOnce);
        let mut subscribe = rumqttc::Subscribe::new_many(vec![filter], None);
        subscribe.pkid = member.take_id();
        member.subscriptions.insert(subscribe.pkid, granted);
        member.send(&Packet::Subscribe(subscribe)).await;
    }

    /// Unsubscribes.
    pub(super) async fn unsubscribe(&mut self, device: Device, filter: &str) {
        let Some(member) = self.members.get_mut(&device) else {
            return;
        };
        let pkid = member.take_id();
        let filters = vec![filter.to_owned()];
        let unsubscribe = rumqttc::Unsubscribe {
            pkid,
            filters,
            properties: None,
        };
        member.send(&Packet::Unsubscribe(unsubscribe)).await;
    }
}

/// What came of a try to come in.
pub(super) enum Outcome {
    In,
    NotNow,
    Refused(String),
}

impl Member {
    fn may_end(&self, now: Instant) -> bool {
        self.may_end.is_some_and(|until| now <= until)
    }

    fn take_id(&mut self) -> u16 {
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        self.next_id
    }

    /// A line that has ended is noticed by who reads it.
    async fn send(&mut self, packet: &Packet) {
        if let Some(line) = &mut self.line {
            let _ = line.send(packet).await;
        }
    }
}

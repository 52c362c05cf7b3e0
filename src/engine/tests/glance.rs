//! What is allowed at a glance is allowed, whatever has happened before.

use proptest::prelude::*;

use super::*;
use crate::protocol::contract::DirectoryStep;

const CLIENTS: [&str; 5] = [
    PC,
    "alice@acme:phone",
    "bob@acme:pc",
    "carol@acme:pc",
    "alice@beta:pc",
];
pub(super) const USERS: [&str; 3] = ["alice", "bob", "carol"];
const TOPICS: [&str; 7] = [
    "acme/im/msg/alice",
    "acme/im/msg/bob",
    "acme/im/msg/g/dev",
    "beta/im/msg/alice",
    "beta/im/msg/g/dev",
    "acme/im/pres/bob",
    "acme/notice/news",
];

const DIRECTIONS: [Direction; 4] = [
    Direction::PointToPoint,
    Direction::Group,
    Direction::PcToPhone,
    Direction::PhoneToPc,
];

#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A client logs in at a place that another may have had before.
    Login {
        conn: usize,
        client: usize,
    },
    Logout {
        conn: usize,
    },
    Members {
        of: &'static str,
        users: u8,
    },
    GroupRemoved,
    User {
        user: usize,
        removed: bool,
    },
    Enterprise {
        suspended: bool,
    },
    Tick,
    Question(Question),
    /// Two talk for a while, and something may happen in between.
    Talk {
        writer: usize,
        reader: usize,
        about: Question,
        between: Box<Event>,
    },
    /// From then on who is only named, as by a group, has no rights.
    WholeDirectory {
        users: u8,
        members: u8,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Question {
    conn: usize,
    publish: bool,
    topic: usize,
    source: usize,
    direction: Direction,
    qos: u8,
}

fn question_asked() -> impl Strategy<Value = Question> {
    (
        0..4usize,
        any::<bool>(),
        0..TOPICS.len(),
        0..USERS.len(),
        prop::sample::select(&DIRECTIONS[..]),
        0..3u8,
    )
        .prop_map(|(conn, publish, topic, source, direction, qos)| Question {
            conn,
            publish,
            topic,
            source,
            direction,
            qos,
        })
}

fn happening() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..4usize, 0..CLIENTS.len()).prop_map(|(conn, client)| Event::Login { conn, client }),
        2 => (0..4usize).prop_map(|conn| Event::Logout { conn }),
        2 => (prop::sample::select(&["acme", "beta"][..]), 0..8u8)
            .prop_map(|(of, users)| Event::Members { of, users }),
        1 => Just(Event::GroupRemoved),
        1 => (0..USERS.len(), any::<bool>()).prop_map(|(user, removed)| Event::User { user, removed }),
        1 => any::<bool>().prop_map(|suspended| Event::Enterprise { suspended }),
        1 => (0..8u8, 0..8u8).prop_map(|(users, members)| Event::WholeDirectory { users, members }),
        2 => Just(Event::Tick),
        40 => question_asked().prop_map(Event::Question),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let talk = (
        0..4usize,
        0..4usize,
        0..2usize,
        question_asked(),
        happening(),
    )
        .prop_map(|(writer, reader, inbox, mut about, between)| {
            about.topic = inbox;
            // Most are as they should be: what is refused is no talk.
            if about.qos < 2 {
                about.direction = Direction::PointToPoint;
            }
            Event::Talk {
                writer,
                reader,
                about,
                between: Box::new(between),
            }
        });
    prop_oneof![8 => happening(), 1 => talk]
}

/// The broker as the engine sees it: who is logged in where.
pub(super) struct Scene {
    engine: Engine,
    there: [Option<usize>; 4],
    now_ms: u64,
    at_a_glance: usize,
    pub(super) of_a_talk: usize,
}

impl Scene {
    pub(super) fn new(by_broker: bool) -> Scene {
        Scene {
            engine: engine(by_broker),
            there: [None; 4],
            now_ms: 1,
            at_a_glance: 0,
            of_a_talk: 0,
        }
    }

    pub(super) fn play(&mut self, event: &Event) {
        self.now_ms += 1;
        match event {
            Event::Login { conn, client } => self.log_in(*conn, *client),
            Event::Logout { conn } => {
                self.engine
                    .disconnected(ConnKey(*conn), Ending::Waits, at(9));
                self.there[*conn] = None;
            }
            Event::Tick => drop(self.engine.tick(at(self.now_ms))),
            Event::Question(question) => self.ask(question),
            Event::Talk {
                writer,
                reader,
                about,
                between,
            } => self.talk((*writer, *reader), about, between),
            Event::WholeDirectory { users, members } => self.load(*users, *members),
            told => drop(self.engine.feed_event(told_by_feed(told), at(self.now_ms))),
        }
    }

    /// Three messages and their deliveries, something else, and two more: one by the same writer, one by another.
    fn talk(&mut self, (writer, reader): (usize, usize), about: &Question, between: &Event) {
        let turn = |conn, publish| Question {
            conn,
            publish,
            ..about.clone()
        };
        for _ in 0..3 {
            self.ask(&turn(writer, true));
            self.ask(&turn(reader, false));
        }
        self.play(between);
        for writer in [writer, (writer + 1) % 4] {
            self.ask(&turn(writer, true));
            self.ask(&turn(reader, false));
        }
    }

    fn log_in(&mut self, conn: usize, client: usize) {
        let token = format!("token-{}", self.now_ms);
        announce(&mut self.engine, CLIENTS[client], &token, at(self.now_ms));
        let attempt = attempt(conn, CLIENTS[client], &token);
        let step = self.engine.login(&attempt, at(self.now_ms));
        // The broker keeps no connection that is refused.
        if step != Step::Allow {
            self.engine
                .disconnected(ConnKey(conn), Ending::Waits, at(9));
        }
        self.there[conn] = (step == Step::Allow).then_some(client);
    }

    fn load(&mut self, users: u8, members: u8) {
        let eid = || "acme".to_owned();
        let upserted = |uid| FeedEvent::UserUpserted {
            eid: eid(),
            uid,
            entitlements: None,
        };
        let mut entries: Vec<FeedEvent> = chosen(users).into_iter().map(upserted).collect();
        entries.push(FeedEvent::GroupUpserted {
            eid: eid(),
            gid: "dev".to_owned(),
            members: chosen(members),
        });
        let mut effects = Vec::new();
        for step in [
            DirectoryStep::Begin,
            DirectoryStep::Entries(entries),
            DirectoryStep::End,
        ] {
            effects.extend(self.engine.directory_step(step));
        }
        while self.engine.sweep(&mut effects) {}
    }

    fn ask(&mut self, asked: &Question) {
        let Some(client) = self.there[asked.conn] else {
            return;
        };
        let payload = payload(USERS[asked.source], asked.direction, 1);
        let access = match asked.publish {
            true => Access::Publish,
            false => Access::Receive,
        };
        let glance = Glance {
            conn: ConnKey(asked.conn),
            access,
            topic: TOPICS[asked.topic].as_bytes(),
            payload: &payload,
        };
        let place = place(asked.conn);
        let talks = self.engine.is_of_the_last_talk(&glance, || place.names);
        self.of_a_talk += usize::from(talks);
        let allowed = self.engine.is_allowed_at_a_glance(&glance, || place.names);
        let query = Query {
            place,
            client: SessionId::parse(CLIENTS[client]).unwrap(),
            access,
            topic: TOPICS[asked.topic],
            payload: &payload,
            qos: asked.qos,
            sender_at_rest: false,
        };
        let kept = self.engine.has_more();
        let ruling = self.engine.acl(&query, || at(self.now_ms));
        self.at_a_glance += usize::from(allowed);
        if allowed {
            assert_eq!(ruling, Ruling::Allow, "{} {asked:?}", CLIENTS[client]);
            assert_eq!(self.engine.has_more(), kept, "left something to be done");
        }
    }
}

/// The users of whom a bit is set.
fn chosen(users: u8) -> Vec<String> {
    let all = USERS.iter().enumerate();
    let chosen = all.filter(|(bit, _)| users & (1 << bit) != 0);
    chosen.map(|(_, uid)| (*uid).to_owned()).collect()
}

fn told_by_feed(event: &Event) -> FeedEvent {
    let (eid, gid) = ("acme".to_owned(), "dev".to_owned());
    match event {
        Event::Members { of, users } => FeedEvent::GroupUpserted {
            eid: (*of).to_owned(),
            gid,
            members: chosen(*users),
        },
        Event::User {
            user,
            removed: true,
        } => FeedEvent::UserRemoved {
            eid,
            uid: USERS[*user].to_owned(),
        },
        Event::User { user, .. } => FeedEvent::UserUpserted {
            eid,
            uid: USERS[*user].to_owned(),
            entitlements: None,
        },
        Event::Enterprise { suspended: true } => FeedEvent::EnterpriseSuspended { eid },
        Event::Enterprise { .. } => FeedEvent::EnterpriseUpserted { eid },
        _ => FeedEvent::GroupRemoved { eid, gid },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn glance_never_allows_what_acl_denies(by_broker: bool, events in prop::collection::vec(event(), 1..120)) {
        let mut scene = Scene::new(by_broker);
        for event in &events {
            scene.play(event);
        }
    }
}

pub(super) fn question(conn: usize, publish: bool, topic: usize, source: usize) -> Event {
    let direction = match TOPICS[topic].contains("/g/") {
        true => Direction::Group,
        false => Direction::PointToPoint,
    };
    Event::Question(Question {
        conn,
        publish,
        topic,
        source,
        direction,
        qos: 0,
    })
}

#[test]
fn ordinary_messages_are_allowed_at_a_glance_from_the_second_on() {
    let mut scene = Scene::new(true);
    let members = Event::Members {
        of: "acme",
        users: 7,
    };
    for event in [
        Event::Login { conn: 0, client: 0 },
        Event::Login { conn: 1, client: 2 },
        members,
    ] {
        scene.play(&event);
    }
    let [to_bob, by_bob, in_group] = [
        question(0, true, 1, 0),
        question(1, false, 1, 0),
        question(1, false, 2, 0),
    ];
    for (round, want) in [(1, 1), (2, 4), (3, 7)] {
        for event in [&to_bob, &by_bob, &in_group] {
            scene.play(event);
        }
        assert_eq!(scene.at_a_glance, want, "round {round}");
    }
    scene.play(&Event::Logout { conn: 1 });
    scene.play(&Event::Login { conn: 1, client: 4 });
    scene.play(&in_group);
    assert_eq!(scene.at_a_glance, 7, "another user at the same place");
}

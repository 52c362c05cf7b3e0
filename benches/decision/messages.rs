//! The engine's part: messages of clients that are logged in.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use mosquitto_enterprise_push::engine::{
    Access, Attempt, ConnKey, Engine, EngineConfig, Glance, NamesAt, Now, Place, Query, Ruling,
    Step, digest,
};
use mosquitto_enterprise_push::policy::Policy;
use mosquitto_enterprise_push::protocol::contract::{DeviceKind, FeedEvent, Grant};
use mosquitto_enterprise_push::protocol::{
    Content, Direction, Header, Message, SessionId, SessionName,
};

use crate::world;

/// A logged-in client, and a message that the broker asks about.
struct Question {
    client_id: String,
    place: Place,
    topic: String,
    payload: Vec<u8>,
}

/// What ACL_CHECK asks about the messages of 4,096 clients that are logged in, 64 bytes each: nearly all is answered at a
/// glance, the rest by name.
pub(crate) fn messages(criterion: &mut Criterion) {
    let world = world::world();
    let mut engine = engine();
    for (conn, client_id) in world.client_ids.iter().enumerate() {
        log_in(&mut engine, conn, client_id);
    }
    let names = || world.client_ids.iter().enumerate();
    let somebody = |client_id: &str| client_id.replace("employee-", "colleague-");
    let to_colleagues: Vec<Question> = names()
        .zip(world.inboxes.iter().skip(100))
        .zip(&world.inboxes)
        .map(|(((conn, client_id), other), own)| {
            // Somebody else's uid, in the own enterprise.
            let (eid, _) = own.split_once('/').unwrap_or_default();
            let (_, below) = other.split_once('/').unwrap_or_default();
            let topic = format!("{eid}/{below}");
            question(conn, client_id, topic, client_id, Direction::PointToPoint)
        })
        .collect();
    let to_them = |topics: &[String], direction| -> Vec<Question> {
        let each = names().zip(topics);
        each.map(|((conn, id), topic)| question(conn, id, topic.clone(), &somebody(id), direction))
            .collect()
    };
    let inboxes = to_them(&world.inboxes, Direction::PointToPoint);
    let groups = to_them(&world.groups, Direction::Group);
    let to_whole_groups = to_whole_groups(&mut engine);
    for (name, access, questions) in [
        ("publish to a colleague", Access::Publish, &to_colleagues),
        ("receive the own inbox", Access::Receive, &inboxes),
        ("receive groups, one each", Access::Receive, &groups),
        ("receive groups of 50", Access::Receive, &to_whole_groups),
    ] {
        for users in [16, 4000] {
            let asked = questions.iter().take(users);
            // The first question of each connection is answered by name, as for a subscription.
            for question in asked.clone() {
                assert!(answer(&mut engine, question, access), "{}", question.topic);
            }
            let mut asked = asked.cycle();
            criterion.bench_function(&format!("engine: {name}, {users} users in turn"), |bench| {
                bench.iter(|| {
                    (asked.next()).map(|question| answer(&mut engine, black_box(question), access))
                });
            });
        }
    }
}

/// A message to each of 80 groups, and all 50 members are asked about in a row.
fn to_whole_groups(engine: &mut Engine) -> Vec<Question> {
    let members = (0..80).flat_map(|group| {
        world::members(group)
            .into_iter()
            .map(move |uid| (group, uid))
    });
    let questions = members.enumerate().map(|(n, (group, uid))| {
        let (conn, eid) = (10_000 + n, world::eid(group));
        let client_id = format!("{uid}@{eid}:tablet");
        log_in(engine, conn, &client_id);
        let topic = format!("{eid}/im/msg/g/{}", world::gid(group));
        let source = format!("{}@{eid}", world::uid(100));
        question(conn, &client_id, topic, &source, Direction::Group)
    });
    questions.collect()
}

fn question(
    conn: usize,
    client_id: &str,
    topic: String,
    source: &str,
    direction: Direction,
) -> Question {
    let (source, _) = source.split_once('@').unwrap_or_default();
    let header = Header {
        mqtt_level: 5,
        seq: 1,
        direction,
        content: Content::Text,
        timestamp_ms: now().unix_ms,
        source,
    };
    let data = &[0; 64];
    let (client_id_at, username) = (conn + 1, conn + 1);
    Question {
        client_id: client_id.to_owned(),
        place: Place {
            conn: ConnKey(conn),
            names: NamesAt {
                client_id: client_id_at,
                username,
            },
        },
        topic,
        payload: Message { header, data }.encode().unwrap_or_default(),
    }
}

/// As ffi/callbacks.rs does.
fn answer(engine: &mut Engine, question: &Question, access: Access) -> bool {
    let glance = Glance {
        conn: question.place.conn,
        access,
        topic: question.topic.as_bytes(),
        payload: &question.payload,
    };
    engine.is_allowed_at_a_glance(&glance, || question.place.names)
        || SessionId::parse(&question.client_id).is_ok_and(|client| {
            let query = Query {
                place: question.place,
                client,
                access,
                topic: &question.topic,
                payload: &question.payload,
                qos: 0,
                sender_at_rest: false,
            };
            engine.acl(&query, now) == Ruling::Allow
        })
}

fn log_in(engine: &mut Engine, conn: usize, client_id: &str) {
    let token = format!("token-{conn}");
    let Ok(SessionName { user, device }) = SessionName::parse(client_id) else {
        return;
    };
    let grant = Grant {
        eid: user.eid.into(),
        uid: user.uid.into(),
        device: device.into(),
        kind: DeviceKind::Pc,
        exp_s: u64::MAX / 2000,
        entitlements: None,
    };
    let digest = digest(&token);
    engine.feed_event(FeedEvent::TokenIssued { digest, grant }, now());
    let username = client_id.split(':').next();
    let attempt = Attempt {
        conn: ConnKey(conn),
        client_id: Some(client_id),
        username,
        token: Some(&token),
        peer: "192.0.2.1",
    };
    assert_eq!(engine.login(&attempt, now()), Step::Allow, "{client_id}");
}

/// An engine that the feed has told the same, with nobody logged in.
fn engine() -> Engine {
    let config = EngineConfig {
        cache_size: 10_000,
        stall_budget: Duration::ZERO,
        peer_failures_per_min: 0,
        user_failures_per_min: 0,
        ..EngineConfig::default()
    };
    let mut engine = Engine::new(config, Policy::default());
    let users = (0..world::USERS).map(|n| FeedEvent::UserUpserted {
        eid: world::eid(n),
        uid: world::uid(n),
        entitlements: None,
    });
    let groups = (0..world::GROUPS).map(|g| FeedEvent::GroupUpserted {
        eid: world::eid(g),
        gid: world::gid(g),
        members: world::members(g),
    });
    for event in users.chain(groups) {
        engine.feed_event(event, now());
    }
    engine
}

fn now() -> Now {
    Now {
        mono: Duration::from_secs(1),
        unix_ms: 1_700_000_000_000,
    }
}

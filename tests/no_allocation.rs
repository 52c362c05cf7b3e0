//! Deciding about a publish and a delivery allocates nothing: with 100,000 users and 10,000 groups in the
//! directory, allowed or denied, in the policy and through the engine. And what a known token takes.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "../benches/world/mod.rs"]
mod world;

use std::time::Duration;

use mosquitto_enterprise_push::engine::{
    Access, ConnKey, Engine, EngineConfig, Glance, NamesAt, Now, Origin, Place, Query, Ruling,
    TokenCache, digest,
};
use mosquitto_enterprise_push::policy::{Policy, Subject, check_payload};
use mosquitto_enterprise_push::protocol::contract::{DeviceKind, Entitlements, FeedEvent, Grant};
use mosquitto_enterprise_push::protocol::{
    Content, Direction, Header, Message, SessionId, SessionName, Topic,
};

/// What `work` allocates, with its result kept from being optimised away.
fn allocations<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let mut result = None;
    let info = allocation_counter::measure(|| result = Some(work()));
    (info.count_total, result.unwrap())
}

/// A message of one user to another, or to a group.
fn message(source: &str, direction: Direction) -> Vec<u8> {
    let header = Header {
        mqtt_level: 5,
        seq: 1,
        direction,
        content: Content::Text,
        timestamp_ms: 1_700_000_000_000,
        source,
    };
    let data = &[0; 64];
    Message { header, data }.encode().unwrap()
}

#[test]
fn counter_counts() {
    let (count, made) = allocations(|| vec![Box::new(1), Box::new(2)]);
    assert_eq!((count, made.len()), (3, 2));
}

#[test]
fn policy_decides_without_allocating() {
    let world = world::world();
    let policy = Policy::default();
    let (mut allowed, mut denied) = (0, 0);
    for (at, client_id) in world.client_ids.iter().enumerate() {
        let other = (at + 1) % world.client_ids.len();
        let source = client_id.split('@').next().unwrap();
        let to_group = message(source, Direction::Group);
        let topics = [
            &world.inboxes[at],
            &world.inboxes[other],
            &world.groups[at],
            &world.groups[other],
        ];
        for topic in topics {
            let (count, decisions) = allocations(|| {
                let session = SessionName::parse(client_id).unwrap();
                let subject = Subject::from(session);
                let sound = check_payload(Topic::parse(topic), subject, &to_group);
                let directory = &world.directory;
                (
                    [
                        policy.may_publish(directory, subject, topic),
                        policy.may_receive(directory, subject, topic),
                    ],
                    sound.is_ok(),
                )
            });
            assert_eq!(count, 0, "{client_id} {topic}: {decisions:?}");
            let yes = decisions.0.iter().filter(|d| d.is_allowed()).count();
            allowed += yes;
            denied += 2 - yes;
        }
    }
    assert!(allowed > 10_000 && denied > 10_000, "{allowed} {denied}");
}

fn engine() -> Engine {
    let config = EngineConfig {
        cache_size: 1000,
        stall_budget: Duration::ZERO,
        peer_failures_per_min: 0,
        user_failures_per_min: 0,
        ..EngineConfig::default()
    };
    let mut engine = Engine::new(config, Policy::default());
    let members: Vec<String> = (0..50).map(|n| format!("user{n}")).collect();
    for uid in &members {
        let (eid, uid) = ("acme".to_owned(), uid.clone());
        let entitlements = None;
        engine.feed_event(
            FeedEvent::UserUpserted {
                eid,
                uid,
                entitlements,
            },
            now(),
        );
    }
    let (eid, gid) = ("acme".to_owned(), "dev".to_owned());
    engine.feed_event(FeedEvent::GroupUpserted { eid, gid, members }, now());
    engine
}

fn now() -> Now {
    Now {
        mono: Duration::from_secs(1),
        unix_ms: 1_700_000_000_000,
    }
}

#[test]
fn engine_rules_on_messages_without_allocating() {
    let mut engine = engine();
    let one = message("user1", Direction::PointToPoint);
    let group = message("user1", Direction::Group);
    let others = message("user2", Direction::Group);
    let word = b"offline".to_vec();
    // A refused publish is told to its sender, which takes memory; a refused delivery is told to nobody.
    for (access, topic, payload, want) in [
        (Access::Publish, "acme/im/msg/user2", &one, Ruling::Allow),
        (Access::Publish, "acme/im/msg/g/dev", &group, Ruling::Allow),
        (Access::Receive, "acme/im/msg/user1", &one, Ruling::Allow),
        (Access::Receive, "acme/im/msg/g/dev", &others, Ruling::Allow),
        (Access::Receive, "acme/im/pres/user2", &word, Ruling::Allow),
        (Access::Receive, "acme/notice/news", &one, Ruling::Allow),
        (Access::Receive, "$SYS/notice/acme", &one, Ruling::Allow),
        (Access::Receive, "acme/im/msg/user2", &one, Ruling::Deny),
        (Access::Receive, "acme/im/msg/g/ops", &group, Ruling::Deny),
        (Access::Receive, "beta/im/pres/carol", &one, Ruling::Deny),
        (Access::Receive, "acme/other", &one, Ruling::Deny),
    ] {
        let names = NamesAt {
            client_id: 1,
            username: 1,
        };
        let place = Place {
            conn: ConnKey(1),
            names,
        };
        let glance = Glance {
            conn: place.conn,
            access,
            topic: topic.as_bytes(),
            payload,
        };
        let (count, _) = allocations(|| engine.is_allowed_at_a_glance(&glance, || names));
        assert_eq!(count, 0, "{access:?} {topic}");
        let query = Query {
            place,
            client: SessionId::parse("user1@acme:pc").unwrap(),
            access,
            topic,
            payload,
            qos: 1,
            sender_at_rest: false,
        };
        let (count, ruling) = allocations(|| engine.acl(&query, now));
        assert_eq!((count, ruling), (0, want), "{access:?} {topic}");
    }
}

/// The figure in docs/login.md: of the allocator's requests, with three groups and one channel.
#[test]
fn known_token_takes_less_than_a_kilobyte() {
    const TOKENS: i64 = 20_000;
    let mut cache = TokenCache::new(1_000_000, Duration::from_secs(300), Duration::from_secs(5));
    let taken = allocation_counter::measure(|| {
        for n in 0..TOKENS {
            let grant = Grant {
                eid: "enterprise".into(),
                uid: format!("user-{n:06}"),
                device: "phone".into(),
                kind: DeviceKind::Phone,
                exp_s: u64::MAX / 2000,
                entitlements: Some(Entitlements {
                    groups: ["sales", "everybody", "building-3"]
                        .map(str::to_owned)
                        .into(),
                    channels: vec!["news".into()],
                    ..Entitlements::default()
                }),
            };
            let digest = digest(&format!("token-{n}"));
            cache.learn(digest, grant.into(), Origin::Announced, now());
        }
    });
    let each = taken.bytes_current / TOKENS;
    println!("{each} bytes a token");
    assert!(each < 1024, "{each} bytes a token");
}

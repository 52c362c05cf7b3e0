//! An engine to play with, and what must hold of it whatever it was told.

use std::time::Duration;

use mosquitto_enterprise_push::engine::{
    Access, ConnKey, Engine, EngineConfig, NamesAt, Now, Place, Query, Ruling,
};
use mosquitto_enterprise_push::policy::Policy;
use mosquitto_enterprise_push::protocol::SessionId;

/// An engine that knows nobody.
pub fn engine() -> Engine {
    let config = EngineConfig {
        cache_size: 100,
        ..EngineConfig::default()
    };
    Engine::new(config, Policy::default())
}

/// So many milliseconds after the start.
pub fn at(ms: u64) -> Now {
    Now {
        mono: Duration::from_millis(ms),
        unix_ms: 1_700_000_000_000 + ms,
    }
}

/// Whether somebody may do this.
pub fn may(engine: &mut Engine, client_id: &str, access: Access, topic: &str) -> bool {
    let names = NamesAt {
        client_id: 1,
        username: 1,
    };
    let query = Query {
        place: Place {
            conn: ConnKey(1),
            names,
        },
        client: SessionId::parse(client_id).expect("a client id"),
        access,
        topic,
        payload: b"",
        qos: 1,
        sender_at_rest: false,
    };
    engine.acl(&query, || at(1)) == Ruling::Allow
}

/// Nothing that an engine is told makes somebody of another enterprise a reader of inboxes, groups or notices.
pub fn walls_stand(engine: &mut Engine) {
    for topic in [
        "acme/im/msg/alice",
        "acme/im/msg/g/dev",
        "acme/notice/news",
        "$SYS/notice/acme",
        "acme/#",
        "+/im/msg/+",
    ] {
        for access in [Access::Receive, Access::Subscribe] {
            assert!(!may(engine, "mallory@evil:pc", access, topic), "{topic}");
        }
    }
}

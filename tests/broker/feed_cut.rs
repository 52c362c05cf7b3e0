//! A feed that breaks, says nonsense, or falls silent: it is resumed where it stopped, nothing is lost and
//! nothing comes twice.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{
    Answer, Cut, MqttClient, Scene, Version, each_broker, eventually, now_ms, within,
};

each_broker!(
    cut_feed_is_resumed_after_the_last_event,
    feed_that_is_cut_a_hundred_times_loses_and_repeats_nothing,
    feed_cut_before_its_first_event_loses_nothing,
    nonsense_on_the_feed_is_survived,
    feed_that_cannot_be_opened_is_tried_again,
);

fn subscriber(scene: &Scene) -> MqttClient {
    scene.join("alice@acme:pc").subscribed("$SYS/notice")
}

fn title(client: &mut MqttClient) -> String {
    let told = client.next().json();
    told["title"].as_str().expect("a title").to_owned()
}

fn wait_until_followed(scene: &Scene) {
    eventually("the feed to be followed", || {
        (scene.service.listeners() == 1).then_some(())
    });
}

fn cut_feed_is_resumed_after_the_last_event(on: Version) {
    let scene = Scene::start(on);
    let mut alice = subscriber(&scene);
    let all = json!({"all": true});
    let last = scene.service.notice(&all, "before");
    assert_eq!(title(&mut alice), "before");
    for cut in [Cut::Clean, Cut::Broken] {
        let opened = scene.service.openings().len();
        scene
            .service
            .feed_answer(Answer::Body(503, "text/plain", Vec::new()));
        scene.service.cut(cut, "");
        scene.service.notice(&all, "meanwhile 1");
        scene.service.notice(&all, "meanwhile 2");
        assert_eq!(scene.service.openings().len(), opened);
        scene.service.feed_answer(Answer::Normal);
        assert_eq!(title(&mut alice), "meanwhile 1");
        assert_eq!(title(&mut alice), "meanwhile 2");
        let openings = scene.service.openings();
        assert_eq!(
            openings.first(),
            Some(&None),
            "the first one starts from now"
        );
        let resumed = openings.last().cloned().flatten();
        let resumed: u64 = resumed.expect("Last-Event-ID").parse().expect("a number");
        assert!(resumed >= last, "{resumed}, want {last} at least");
    }
    assert_eq!(alice.all(), []);
}

/// A small generator (xorshift): its start is in the failure's output, so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn feed_that_is_cut_a_hundred_times_loses_and_repeats_nothing(on: Version) {
    let scene = Scene::start(on);
    let mut alice = subscriber(&scene);
    let seed = now_ms() | 1;
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let mut sent = 0_u64;
    let all = json!({"all": true});
    for _ in 0..100 {
        for _ in 0..chance.below(4) {
            scene.service.notice(&all, &sent.to_string());
            sent += 1;
        }
        wait_until_followed(&scene);
        for _ in 0..chance.below(3) {
            scene.service.notice(&all, &sent.to_string());
            sent += 1;
        }
        let bytes = usize::try_from(chance.below(120)).expect("small");
        match chance.below(4) {
            0 => scene.service.cut(Cut::Clean, ""),
            1 => scene.service.cut(Cut::Broken, ""),
            kind => {
                let how = if kind == 2 {
                    Cut::Within(bytes)
                } else {
                    Cut::EndWithin(bytes)
                };
                scene.service.cut(how, &sent.to_string());
                sent += 1;
            }
        }
    }
    let seen: Vec<String> = (0..sent).map(|_| title(&mut alice)).collect();
    let want: Vec<String> = (0..sent).map(|n| n.to_string()).collect();
    assert_eq!(seen, want, "seed {seed}");
    scene.settle();
    assert_eq!(alice.all(), [], "seed {seed}");
    assert!(scene.service.openings().len() > 100);
}

fn feed_cut_before_its_first_event_loses_nothing(on: Version) {
    let scene = Scene::start(on);
    scene.service.cut(Cut::Broken, "");
    let login = scene.service.issue("alice@acme:pc");
    scene.service.announce(&login);
    wait_until_followed(&scene);
    scene.settle();
    let outcome = scene.connect(&login, crate::harness::Mqtt::V5);
    outcome.client("alice").ping();
    assert_eq!(scene.service.asked_about(&login.token), 0);
}

fn nonsense_on_the_feed_is_survived(on: Version) {
    let scene = Scene::start(on);
    let mut alice = subscriber(&scene);
    let all = json!({"all": true});
    let long = [b"data: ".to_vec(), vec![b'x'; 5 * 1024 * 1024]].concat();
    let texts: [&[u8]; 12] = [
        b"id: abc\nevent: notice\ndata: {}\n\n",
        b"event: notice\ndata: {}\n\n",
        b"id: -1\nevent: notice\ndata: {}\n\n",
        b"id: 1\nevent: notice\ndata: {\"again\": true}\n\n",
        b"id: 99999999999999999999999\ndata: {}\n\n",
        b"\xff\xfe\xfd\n\n",
        b"id: 5\nevent: \xff\ndata: \xff\n\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\0\0\0\0\n\n",
        b"retry: 0\n\n",
        b":\n:\n:\n\n\n\n",
        &long,
    ];
    for (at, nonsense) in texts.iter().enumerate() {
        wait_until_followed(&scene);
        scene.service.feed_raw(nonsense);
        let shown = nonsense.get(..40).unwrap_or(nonsense).escape_ascii();
        // What follows nonsense on the same connection may be taken for a part of it.
        scene.service.feed_raw(b"\n\n");
        scene.service.notice(&all, &at.to_string());
        assert_eq!(title(&mut alice), at.to_string(), "after `{shown}`");
        alice.ping();
    }
    assert_eq!(alice.all(), []);
}

fn feed_that_cannot_be_opened_is_tried_again(on: Version) {
    let service = crate::harness::FakeService::start();
    service.feed_answer(Answer::Body(500, "text/plain", Vec::new()));
    let conf = crate::harness::Conf::new(&service.url()).option("timeout_ms", 300);
    let broker = crate::harness::Broker::start(on, &conf);
    let good = |kind: &'static str| {
        Answer::Body(200, kind, b"id: 1\nevent: notice\ndata: {}\n\n".to_vec())
    };
    broker.wait_for_log("control feed: static service answered HTTP 500; trying again");
    // The same trouble is told once, so each differs from the one before.
    for answer in [
        good("application/json"),
        good("text/html"),
        good("text/event"),
        Answer::Body(403, "text/event-stream", Vec::new()),
        Answer::Redirect("http://127.0.0.1:9/control/v1/feed".to_owned()),
        Answer::Close,
        Answer::Hang,
    ] {
        let before = broker.log().len();
        service.feed_answer(answer.clone());
        let line = broker.wait_for_log_after(before, "control feed: ");
        assert!(line.contains("trying again"), "{answer:?}: {line}");
    }
    assert_eq!(service.openings().len(), 0);
    service.feed_answer(Answer::Normal);
    broker.wait_for_log("control feed: connected");
}

/// The contract asks for a heartbeat every 15 s; three missed ones mean that the feed is dead. Takes its
/// time, so on one version only, and beside all other tests: it does nothing but wait.
#[test]
fn silent_feed_is_given_up_and_resumed() {
    let scene = Scene::start(Version::V2_1_2);
    let began = Instant::now();
    within(
        Duration::from_secs(60),
        "the feed to be opened anew",
        || (scene.service.openings().len() == 2).then_some(()),
    );
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(30), "only {waited:?}");
    let mut alice = subscriber(&scene);
    scene
        .service
        .notice(&json!({"all": true}), "after the silence");
    assert_eq!(title(&mut alice), "after the silence");
}

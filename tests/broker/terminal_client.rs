//! `im` on real brokers: without subscriptions, and where the plugin leaves subscriptions and presence to clients.

use serde_json::{Value, json};

use crate::harness::{Broker, Conf, Im, StaticService, Version, each_broker, eventually};

each_broker!(
    client_that_never_subscribes_shows_what_is_its_own,
    presence_follows_the_clients_connection,
    client_works_where_presence_and_subscriptions_are_left_to_it,
);

fn stage(on: Version, change: impl FnOnce(Conf) -> Conf) -> (Broker, StaticService) {
    let service = StaticService::start();
    let broker = Broker::start(on, &change(Conf::new(&service.url())));
    broker.wait_for_log("control feed: connected");
    (broker, service)
}

fn client_that_never_subscribes_shows_what_is_its_own(on: Version) {
    let (broker, service) = stage(on, |conf| conf);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let bob = Im::login(&service, &broker, "bob@acme:pc");
    let listening = bob.listen(&["--no-subscribe"]);
    assert_eq!(listening.shown()[0]["filters"], json!([]));
    alice.lines(&["send", "bob", "to bob"]);
    alice.lines(&["send", "#dev", "to all"]);
    service.admin(&["notice", "send", "--eid", "acme", "--title", "Drill"]);
    let message = listening.wait_for(|line| line["text"] == "to bob");
    assert_eq!(
        (&message["from"], &message["group"]),
        (&json!("alice"), &json!(null))
    );
    listening.wait_for(|line| line["text"] == "to all" && line["group"] == "dev");
    listening.wait_for(|line| line["event"] == "notice" && line["title"] == "Drill");
    let subscribed = broker.log().contains("SUBSCRIBE from bob@acme:pc");
    assert!(!subscribed, "it has subscribed");
    // It publishes for short commands, but knows nobody's presence.
    assert_eq!(bob.lines(&["send", "alice", "thanks"])[0]["via"], "session");
    let asked = bob.run(&["presence"]);
    assert_eq!(asked.status.code(), Some(1));
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(said.contains("without subscriptions"), "{said}");
}

fn presence_follows_the_clients_connection(on: Version) {
    let (broker, service) = stage(on, |conf| conf);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let bob = Im::login(&service, &broker, "bob@acme:pc");
    let watching = alice.listen(&["--presence"]);
    let bobs = |word: &str, nth: usize| {
        let wanted = json!(["presence", "bob", word]);
        let line = |line: &Value| json!([line["event"], line["from"], line["presence"]]);
        eventually("bob's presence", || {
            let shown = watching.shown();
            (shown.iter().filter(|l| line(l) == wanted).count() >= nth).then_some(())
        });
    };
    let listening = bob.listen(&[]);
    bobs("online", 1);
    assert_eq!(bob.lines(&["presence", "busy"])[0]["via"], "session");
    bobs("busy", 1);
    drop(listening);
    bobs("offline", 1);
    // The word of a short command goes with its connection.
    assert_eq!(bob.lines(&["presence", "away"])[0]["via"], "connection");
    bobs("offline", 2);
    let carol = Im::login(&service, &broker, "carol@acme:pc");
    let person = json!({"event": "person", "uid": "bob", "presence": "offline", "signature": null});
    assert_eq!(carol.lines(&["presence", "show", "bob"]), [person]);
}

fn client_works_where_presence_and_subscriptions_are_left_to_it(on: Version) {
    let off = |conf: Conf| {
        conf.option("presence", "off")
            .option("pre_subscribe", "off")
    };
    let (broker, service) = stage(on, off);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let bob = Im::login(&service, &broker, "bob@acme:pc");
    alice.lines(&["presence", "busy"]);
    let listening = bob.listen(&["--presence"]);
    let kept = listening.wait_for(|line| line["event"] == "presence" && line["from"] == "alice");
    assert_eq!(
        (&kept["presence"], &kept["retained"]),
        (&json!("busy"), &json!(true))
    );
    alice.lines(&["send", "bob", "to bob"]);
    alice.lines(&["send", "#dev", "to all"]);
    service.admin(&["notice", "send", "--eid", "acme", "--title", "Drill"]);
    listening.wait_for(|line| line["text"] == "to bob");
    listening.wait_for(|line| line["text"] == "to all" && line["group"] == "dev");
    listening.wait_for(|line| line["event"] == "notice" && line["title"] == "Drill");
    drop(listening);
    // Its session waits for what comes meanwhile.
    let sent = alice.lines(&["send", "bob", "while away"]);
    assert_eq!(sent[0]["nobody_subscribed"], false);
    let listening = bob.listen(&[]);
    listening.wait_for(|line| line["text"] == "while away");
}

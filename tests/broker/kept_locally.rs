//! What `im` keeps, with the real static service: messages, the address book, and the credentials.

use serde_json::{Value, json};

use crate::harness::{Broker, Conf, Im, StaticService, Version, each_broker, eventually};

each_broker!(
    messages_are_kept_on_both_sides_and_shown_later,
    address_book_follows_what_changes_while_listening,
    refused_login_token_is_replaced_by_a_refresh,
);

fn stage(on: Version) -> (Broker, StaticService) {
    let service = StaticService::start();
    let broker = Broker::start(on, &Conf::new(&service.url()));
    broker.wait_for_log("control feed: connected");
    (broker, service)
}

fn texts(lines: &[Value]) -> Vec<Value> {
    lines
        .iter()
        .map(|line| json!([line["with"], line["outgoing"], line["text"]]))
        .collect()
}

fn messages_are_kept_on_both_sides_and_shown_later(on: Version) {
    let (broker, service) = stage(on);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let bob = Im::login(&service, &broker, "bob@acme:pc");
    let listening = bob.listen(&[]);
    alice.lines(&["send", "bob", "to bob"]);
    alice.lines(&["send", "#dev", "to all"]);
    listening.wait_for(|line| line["text"] == "to all");
    assert_eq!(bob.lines(&["send", "alice", "thanks"])[0]["via"], "session");
    let bobs = [
        json!(["alice", false, "to bob"]),
        json!(["#dev", false, "to all"]),
        json!(["alice", true, "thanks"]),
    ];
    eventually("bob's history", || {
        (texts(&bob.lines(&["history"])) == bobs).then_some(())
    });
    drop(listening);
    // Nobody has the key in memory now.
    let with_alice = texts(&bob.lines(&["history", "alice", "--limit", "0"]));
    assert_eq!(with_alice, [bobs[0].clone(), bobs[2].clone()]);
    let alices = [
        json!(["bob", true, "to bob"]),
        json!(["#dev", true, "to all"]),
    ];
    assert_eq!(texts(&alice.lines(&["history"])), alices);
    alice.lines(&["--history-mb", "0", "send", "bob", "off the record"]);
    assert_eq!(texts(&alice.lines(&["history"])), alices);
}

fn address_book_follows_what_changes_while_listening(on: Version) {
    let (broker, service) = stage(on);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let bob = Im::login(&service, &broker, "bob@acme:pc");
    let listening = alice.listen(&["--presence"]);
    let first = listening.wait_for(|line| line["event"] == "book_synced");
    assert_eq!(
        (&first["full"], &first["groups"]),
        (&json!(true), &json!(1))
    );
    service.admin(&["group", "add", "ops@acme"]);
    service.admin(&["group", "member", "add", "ops@acme", "alice"]);
    let next = listening.wait_for(|line| line["event"] == "book_synced" && line["full"] == false);
    assert_eq!(next["groups"], 2);
    let _bobs = bob.listen(&[]);
    let shown = eventually("bob's presence in the address book", || {
        let shown = alice.lines(&["book", "show"]);
        let bob = json!(["bob", "online"]);
        let is_there = |line: &Value| json!([line["uid"], line["presence"]]) == bob;
        shown.iter().any(is_there).then_some(shown)
    });
    let groups: Vec<&Value> = shown.iter().map(|line| &line["gid"]).collect();
    assert!(groups.contains(&&json!("dev")) && groups.contains(&&json!("ops")));
    let others = shown
        .iter()
        .filter(|line| line["eid"] != "acme" && line["uid"].is_string());
    assert_eq!(others.count(), 0, "{shown:?}");
}

fn refused_login_token_is_replaced_by_a_refresh(on: Version) {
    let (broker, service) = stage(on);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let address = format!("tcp://127.0.0.1:{}", broker.port());
    service.admin(&["enterprise", "broker", "set", "acme", &address]);
    let before = alice.profile();
    alice.change_profile(|profile| profile["token"] = json!("spoilt"));
    alice.lines(&["presence", "busy"]);
    let after = alice.profile();
    assert_ne!(after["refresh_token"], before["refresh_token"]);
    assert!(after["refresh_token"].is_string());
    assert_eq!(after["broker"], address);
    // And the one that it got does for the next.
    alice.change_profile(|profile| profile["token"] = json!("spoilt"));
    alice.lines(&["presence", "away"]);
}

//! `im chat` on a real terminal and a real broker.

use crate::harness::{Broker, Conf, Im, StaticService, Version, each_broker};

each_broker!(
    conversation_on_the_whole_terminal_and_the_terminal_given_back,
    terminal_is_given_back_on_a_signal,
);

fn stage(on: Version) -> (Broker, StaticService) {
    let service = StaticService::start();
    let broker = Broker::start(on, &Conf::new(&service.url()));
    broker.wait_for_log("control feed: connected");
    (broker, service)
}

fn conversation_on_the_whole_terminal_and_the_terminal_given_back(on: Version) {
    let (broker, service) = stage(on);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let bob = Im::login(&service, &broker, "bob@acme:pc");
    let listening = bob.listen(&[]);
    let mut screen = alice.chat(&[]);
    screen.wait_for("alice@acme (pc) connected");
    screen.wait_for("+ bob");
    screen.type_keys("/to bob\r");
    screen.wait_for(" To bob ");
    screen.type_keys("hello bob\r");
    listening.wait_for(|line| line["text"] == "hello bob" && line["from"] == "alice");
    screen.wait_for("me: hello bob ✓");
    // A short command of the same device publishes through it.
    let sent = alice.lines(&["send", "#dev", "standup"]);
    assert_eq!(sent[0]["via"], "session");
    bob.lines(&["sign", "on the train"]);
    bob.lines(&["send", "alice", "hello\u{1b}[2J\u{7}你好"]);
    screen.wait_for("bob - online - on the train");
    screen.wait_for("bob: hello\\u{1b}[2J\\u{7}你好");
    screen.resize(12, 60);
    screen.wait_for("bob: hello\\u{1b}[2J");
    screen.type_keys("/to mallory@beta\rhow is business?\r");
    screen.wait_for("refused");
    screen.type_keys("\u{11}");
    screen.wait_for_end();
}

fn terminal_is_given_back_on_a_signal(on: Version) {
    let (broker, service) = stage(on);
    let alice = Im::login(&service, &broker, "alice@acme:pc");
    let screen = alice.chat(&[]);
    screen.wait_for("alice@acme (pc) connected");
    screen.terminate();
    screen.wait_for_end();
}

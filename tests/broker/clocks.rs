//! The broker's time of day jumps, as after a machine's sleep or a first answer of NTP: nobody is kept waiting.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Clocks, Connect, Mqtt, Scene, Version, each_broker};

each_broker!(
    clock_set_back_an_hour_stops_no_login_and_no_notice,
    clock_set_ahead_half_a_minute_stops_no_login_and_no_notice,
);

fn clock_set_back_an_hour_stops_no_login_and_no_notice(on: Version) {
    goes_on_when_the_clock_is_off(on, -3600);
}

fn clock_set_ahead_half_a_minute_stops_no_login_and_no_notice(on: Version) {
    // Not beyond the keepalive, which 2.0.21 counts by the time of day.
    goes_on_when_the_clock_is_off(on, 30);
}

fn goes_on_when_the_clock_is_off(on: Version, seconds: i64) {
    let clocks = Clocks::new();
    let scene = Scene::with(on, |conf| {
        conf.clocks(&clocks).option("stall_budget_ms", 1000)
    });
    let mut alice = scene.join("alice@acme:pc");
    clocks.set_time_of_day(seconds);
    // The broker takes its next turn by the new time, with nothing else to do.
    std::thread::sleep(Duration::from_millis(300));
    scene.service.notice(&json!({"all": true}), "hello");
    assert_eq!(alice.next().topic, "$SYS/notice");
    // Not announced: the broker asks, and the verdict is given in a turn of ours.
    let login = scene.service.issue("bob@acme:pc");
    let connect = Connect::new(Mqtt::V5, &login.client_id, &login.token);
    scene.connect_until_decided(&connect).client("bob").ping();
}

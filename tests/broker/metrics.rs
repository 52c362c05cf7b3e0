//! Metrics: over HTTP for Prometheus, and below `$SYS` for operators.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::harness::{Mqtt, Scene, Version, each_broker, eventually, free_port, within};

each_broker!(
    metrics_tell_what_has_happened,
    nothing_but_metrics_is_served_and_a_bad_scraper_hurts_nobody,
    operators_read_the_main_figures_in_sys,
);

/// The whole answer to a request.
fn ask(port: u16, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn scrape(port: u16) -> String {
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    eventually("the metrics", || ask(port, request).ok())
}

/// Waits until a metric, with its labels, has this value.
pub(crate) fn wait_for(port: u16, metric: &str, value: &str) {
    let line = format!("enterprise_push_{metric} {value}");
    eventually(&line, || {
        let text = scrape(port);
        text.lines().any(|l| l == line).then_some(())
    });
}

fn metrics_tell_what_has_happened(on: Version) {
    let port = free_port();
    let scene = Scene::with(on, |conf| conf.option("metrics_listen", port));
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    let mut login = scene.announced("bob@acme:pc");
    login.token.push('x');
    assert!(!scene.connect(&login, Mqtt::V5).is_in());
    assert_eq!(alice.publish("beta/im/msg/x", b""), 0x87);
    let text = scrape(port);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(
        text.contains("content-type: application/openmetrics-text"),
        "{text}"
    );
    wait_for(port, "logins_granted_total{via=\"announcement\"}", "1");
    wait_for(port, "introspections_total{outcome=\"inactive\"}", "1");
    wait_for(
        port,
        "decisions_total{access=\"publish\",ruling=\"denied\"}",
        "1",
    );
    wait_for(port, "sessions", "1");
    wait_for(port, "feed_live", "1");
    assert!(!scrape(port).contains("alice"), "a name");
    alice.disconnect();
    wait_for(port, "sessions", "0");
    wait_for(port, "logouts_total", "1");
}

fn nothing_but_metrics_is_served_and_a_bad_scraper_hurts_nobody(on: Version) {
    let port = free_port();
    let mut scene = Scene::with(on, |conf| conf.option("metrics_listen", port));
    let first = |request: &str| {
        let answer = ask(port, request).unwrap_or_default();
        answer.lines().next().unwrap_or_default().to_owned()
    };
    wait_for(port, "sessions", "0");
    assert_eq!(
        first("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        "HTTP/1.1 404 Not Found"
    );
    assert_eq!(
        first("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
        "HTTP/1.1 405 Method Not Allowed"
    );
    assert_eq!(first("nonsense\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    // As many as are served at once, and all silent.
    let idle: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection"))
        .collect();
    scene.join("alice@acme:pc").ping();
    drop(idle);
    wait_for(port, "logins_granted_total{via=\"announcement\"}", "1");
    scene.broker.assert_runs();
}

fn operators_read_the_main_figures_in_sys(on: Version) {
    let scene = Scene::start(on);
    let mut operator = scene.join_with("root@acme:pc", json!({"roles": ["operator"]}));
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    let sys = "$SYS/broker/enterprise-push/#";
    assert!(alice.subscribe(sys) >= 0x80, "not for everybody");
    operator = operator.subscribed(sys);
    within(Duration::from_secs(30), "the number of sessions", || {
        let message = operator.next_within(Duration::from_secs(15)).ok()?;
        let is_it = message.topic == "$SYS/broker/enterprise-push/sessions";
        is_it.then(|| assert_eq!(message.payload, b"2"))
    });
}

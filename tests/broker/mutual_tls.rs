//! Broker and static service show each other certificates.

use crate::harness::{Authority, Broker, Conf, Mqtt, StaticService, Version, each_broker};

each_broker!(
    a_broker_with_a_certificate_is_served_and_one_without_is_refused,
    a_certificate_that_comes_later_is_taken_in_on_sighup,
    bad_certificate_files_keep_the_broker_from_starting,
);

/// The shipped configuration for a service that is certified by `authority`.
fn conf(service: &StaticService, authority: &Authority) -> Conf {
    Conf::new(&service.url()).option("ca_file", authority.file("ca.pem").display())
}

fn with_certificate(conf: Conf, authority: &Authority, name: &str) -> Conf {
    let file = |kind: &str| authority.file(&format!("{name}.{kind}"));
    conf.option("client_cert_file", file("pem").display())
        .option("client_key_file", file("key").display())
}

fn a_broker_with_a_certificate_is_served_and_one_without_is_refused(on: Version) {
    let authority = Authority::new();
    authority.sign("broker", "broker-1.example");
    let service = StaticService::start_with_certificates(&authority);
    let conf = conf(&service, &authority);

    let certified = with_certificate(conf.clone(), &authority, "broker");
    let broker = Broker::start(on, &certified);
    broker.wait_for_log("control feed: connected");
    let mut alice = service.join(&broker, "alice@acme:pc", Mqtt::V5);
    alice.ping();

    let without = Broker::start(on, &conf);
    let line = without.wait_for_log("refuses our credentials");
    assert!(
        line.contains("403") && line.contains("client_cert_file"),
        "{line}"
    );
}

fn a_certificate_that_comes_later_is_taken_in_on_sighup(on: Version) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    // The right names at first, by the wrong authority.
    stranger.sign("broker", "broker-1.example");
    let service = StaticService::start_with_certificates(&authority);
    let conf = with_certificate(conf(&service, &authority), &stranger, "broker");
    let mut broker = Broker::start(on, &conf);
    broker.wait_for_log("control feed: ");
    assert!(!broker.log().contains("control feed: connected"));
    authority.sign("broker", "broker-1.example");
    for name in ["broker.pem", "broker.key"] {
        std::fs::copy(authority.file(name), stranger.file(name)).expect("a copy");
    }
    broker.reload();
    broker.wait_for_log("control feed: connected");
    let mut alice = service.join(&broker, "alice@acme:pc", Mqtt::V311);
    alice.ping();
}

fn bad_certificate_files_keep_the_broker_from_starting(on: Version) {
    let authority = Authority::new();
    authority.sign("broker", "broker-1.example");
    let good = with_certificate(Conf::new("https://127.0.0.1:9"), &authority, "broker");
    let bad = authority.file("bad");
    std::fs::write(&bad, "no PEM").expect("a file");
    for name in ["client_cert_file", "client_key_file"] {
        for conf in [
            good.clone().without(name),
            good.clone().option(name, bad.display()),
            good.clone()
                .option(name, authority.file("missing").display()),
        ] {
            let Err(failed) = Broker::try_start(on, &conf) else {
                panic!("the broker started with a bad {name}");
            };
            assert!(!failed.status.success());
            assert!(failed.log.contains(name), "{name}: {}", failed.log);
        }
    }
}

//! Each option: its default, its range, and the words about a bad value.

use super::*;
use crate::config::Sends;

const GOOD: [(&str, &str); 3] = [
    ("static_url", "https://static.example.com/"),
    ("client_id", "b1"),
    ("client_secret", "s3cret"),
];

fn check(given: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let mut options = Options::default();
    for (name, value) in given {
        options.set(name, value)?;
    }
    Settings::check(&options, "host-a")
}

fn with(extra: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let kept = GOOD
        .iter()
        .filter(|(name, _)| extra.iter().all(|(e, _)| e != name));
    check(&kept.chain(extra).copied().collect::<Vec<_>>())
}

#[test]
fn three_options_are_enough_and_the_rest_has_defaults() {
    let s = check(&GOOD).unwrap();
    assert_eq!(s.static_url, "https://static.example.com");
    assert!(s.feed);
    assert_eq!(
        (s.timeout, s.cache_ttl),
        (Duration::from_secs(2), Duration::from_secs(300))
    );
    assert_eq!(
        (s.negative_ttl, s.stall_budget),
        (Duration::from_secs(5), Duration::from_millis(50))
    );
    assert_eq!((s.cache_size, s.node.as_str()), (100_000, "host-a"));
}

#[test]
fn unknown_missing_and_doubled_options_are_named() {
    assert_eq!(
        with(&[("cache_tll_s", "3")]).unwrap_err().to_string(),
        "unknown option plugin_opt_cache_tll_s"
    );
    assert_eq!(
        check(&GOOD[1..]).unwrap_err(),
        ConfigError::Missing("static_url")
    );
    assert_eq!(check(&GOOD[..2]).unwrap_err(), ConfigError::OneSecret);
    assert_eq!(
        with(&[("feed", "on"), ("feed", "off")]).unwrap_err(),
        ConfigError::Twice("feed")
    );
    assert_eq!(
        with(&[("client_secret_file", "/x"), ("client_secret", "y")]).unwrap_err(),
        ConfigError::OneSecret
    );
}

#[test]
fn each_bad_value_is_refused_with_its_option() {
    for (name, value) in [
        ("static_url", ""),
        ("static_url", "static.example.com"),
        ("static_url", "ftp://static.example.com"),
        ("static_url", "http://"),
        ("static_url", "http://h/?q=1"),
        ("static_url", "http://h/#f"),
        ("client_id", ""),
        ("client_id", "a:b"),
        ("client_id", "a\u{7}b"),
        ("introspection_path", ""),
        ("introspection_path", "introspect"),
        ("introspection_path", "@host/introspect"),
        ("introspection_path", "/introspect?realm=a"),
        ("introspection_path", "/introspect#a"),
        ("introspection_path", "/a/../introspect"),
        ("introspection_path", "/a introspect"),
        ("introspection_path", "/a\\introspect"),
        ("introspection_sends", "hint"),
        ("claim_uid", "=alice"),
        ("require_claims", "/aud"),
        ("feed", "yes"),
        ("feed", ""),
        ("timeout_ms", "0"),
        ("timeout_ms", "2s"),
        ("timeout_ms", "-1"),
        ("timeout_ms", "60001"),
        ("timeout_ms", "99999999999999999999999"),
        ("cache_ttl_s", "0"),
        ("cache_ttl_s", "1.5"),
        ("negative_ttl_s", "301"),
        ("cache_size", "99"),
        ("cache_size", "many"),
        ("stall_budget_ms", "1001"),
        ("delayed_login", "maybe"),
        ("peer_failures_per_min", "-1"),
        ("user_failures_per_min", "lots"),
        ("metrics_listen", "0"),
        ("metrics_listen", "localhost"),
        ("metrics_listen", "127.0.0.1"),
        ("metrics_listen", "70000"),
        ("loopback_listener", "0"),
        ("loopback_listener", "192.0.2.1:1883"),
        ("loopback_listener", "0.0.0.0:1883"),
        ("loopback_listener", "localhost:1883"),
        ("loopback_listener", "on"),
        ("allow_unseen_payloads", "yes"),
        ("audit_ship", "yes"),
        ("audit_spool_mb", "0"),
        ("audit_spool_mb", "1.5"),
        ("node", "a\nb"),
    ] {
        match with(&[(name, value)]).unwrap_err() {
            ConfigError::Bad {
                option,
                value: shown,
                ..
            } => assert_eq!((option, shown.as_str()), (name, value)),
            other => panic!("{name} {value:?}: {other}"),
        }
    }
    for name in ["ca_file", "policy_file", "state_dir", "audit_file"] {
        let error = with(&[(name, "/nonexistent/x")]).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("/nonexistent/x"),
            "{error}"
        );
    }
}

#[test]
fn metrics_are_off_and_on_loopback_unless_said_otherwise() {
    let listen = |typed| with(&[("metrics_listen", typed)]).unwrap().metrics_listen;
    assert_eq!(check(&GOOD).unwrap().metrics_listen, None);
    assert_eq!(listen("9641"), Some("127.0.0.1:9641".parse().unwrap()));
    assert_eq!(listen("[::1]:9641"), Some("[::1]:9641".parse().unwrap()));
    assert_eq!(
        listen("0.0.0.0:9641"),
        Some("0.0.0.0:9641".parse().unwrap())
    );
}

#[test]
fn own_session_stays_on_loopback_and_can_be_left_out() {
    let listener = |typed| {
        let settings = with(&[("loopback_listener", typed)]).unwrap();
        settings.loopback_listener
    };
    let usual = Some("127.0.0.1:1883".parse().unwrap());
    assert_eq!(check(&GOOD).unwrap().loopback_listener, usual);
    assert_eq!(listener("1883"), usual);
    assert_eq!(listener("[::1]:1884"), Some("[::1]:1884".parse().unwrap()));
    assert_eq!(listener("off"), None);
    assert!(!check(&GOOD).unwrap().allow_unseen_payloads);
}

#[test]
fn audit_log_is_shipped_from_state_dir_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = ("state_dir", folder.path().to_str().unwrap());
    let ship = ("audit_ship", "on");
    assert_eq!(with(&[ship]).unwrap_err(), ConfigError::ShipWithoutState);
    let settings = with(&[ship, state, ("audit_spool_mb", "2")]).unwrap();
    assert!(settings.audit_ship && settings.audit_file.is_none());
    assert_eq!(settings.audit_spool_bytes, 2 << 20);
    assert!(!check(&GOOD).unwrap().audit_ship);
}

#[test]
fn token_check_is_the_contracts_unless_told_otherwise() {
    let told = |given: &[(&str, &str)]| {
        let Introspection { path, sends, .. } = with(given).unwrap().introspection;
        (path, sends)
    };
    assert_eq!(told(&[]), ("/oauth2/introspect".to_owned(), Sends::All));
    let realm = "/realms/acme/protocol/openid-connect/token/introspect";
    let given = [
        ("introspection_path", realm),
        ("introspection_sends", "token"),
    ];
    assert_eq!(told(&given), (realm.to_owned(), Sends::Token));
}

#[test]
fn a_client_certificate_and_its_key_come_together() {
    for (given, missing) in [
        ("client_cert_file", "client_key_file"),
        ("client_key_file", "client_cert_file"),
    ] {
        let error = with(&[(given, "/nonexistent/x")]).unwrap_err();
        assert_eq!(error, ConfigError::Missing(missing));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pem");
    let there = file.to_str().unwrap();
    std::fs::write(&file, "").unwrap();
    let files = |cert, key| with(&[("client_cert_file", cert), ("client_key_file", key)]);
    let identity = files(there, there).unwrap().client_identity.unwrap();
    assert_eq!(
        (identity.cert_file, identity.key_file),
        (file.clone(), file.clone())
    );
    for (cert, key, named) in [
        ("/nonexistent/x", there, "client_cert_file"),
        (there, "/nonexistent/x", "client_key_file"),
    ] {
        let error = files(cert, key).unwrap_err().to_string();
        assert!(
            error.contains(named) && error.contains("/nonexistent/x"),
            "{error}"
        );
    }
    assert_eq!(check(&GOOD).unwrap().client_identity, None);
}

#[test]
fn credentials_never_show_in_an_error() {
    for url in [
        "http://bob:hunter2@host",
        "ftp://bob:hunter2@host",
        "http://bob:hunter2@host:port",
        // Valid all the same: http URLs are read leniently.
        "http:bob:hunter2@host",
        "http:/bob:hunter2@host",
        r"http:\\bob:hunter2@host",
        "bob:hunter2@host",
    ] {
        let error = with(&[("static_url", url)]).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let settings = check(&GOOD).unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn secret_file_holds_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let typed = file.to_str().unwrap().to_owned();
    let read = || {
        check(&[GOOD[0], GOOD[1], ("client_secret_file", typed.as_str())])
            .and_then(|s| s.client_secret.read())
    };
    assert!(matches!(
        read(),
        Err(ConfigError::File {
            option: "client_secret_file",
            ..
        })
    ));
    for (content, want) in [
        ("s3cret\n", true),
        ("s3cret", true),
        ("\n", false),
        ("", false),
        ("a\nb\n", false),
    ] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(read().is_ok(), want, "{content:?}");
    }
    std::fs::write(&file, "x".repeat(5000)).unwrap();
    assert!(read().is_err());
}

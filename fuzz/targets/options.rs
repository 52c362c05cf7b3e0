//! The plugin's options, `name value` a line: what is taken is in range, and no error shows a secret.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::config::{OPTION_NAMES, Options, Settings};
use mosquitto_enterprise_push_fuzz::text;

/// What no error may show. In the input, `%S` stands for it within a URL's user and password.
const SECRET: &str = "x7-s3cr3t-q9";
/// No such folder: a case must not touch this machine's files.
const NOWHERE: &str = "/nonexistent-by-intention/";
const FILES: [&str; 7] = [
    "client_secret_file",
    "ca_file",
    "client_cert_file",
    "client_key_file",
    "policy_file",
    "state_dir",
    "audit_file",
];

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data).filter(|text| !text.contains(SECRET)) else {
        return;
    };
    let mut options = Options::default();
    for line in text.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = match name {
            "client_secret" => SECRET.to_owned(),
            "static_url" => value.replace("%S@", &format!("user:{SECRET}@")),
            _ if FILES.contains(&name) && !value.trim().is_empty() => format!("{NOWHERE}{value}"),
            _ => value.to_owned(),
        };
        let before = options.get(name).map(str::to_owned);
        match options.set(name, &value) {
            Ok(()) => assert!(OPTION_NAMES.contains(&name) && before.is_none()),
            Err(error) => is_discreet(&error.to_string()),
        }
    }
    match Settings::check(&options, "host") {
        Ok(settings) => is_in_range(&settings),
        Err(error) => is_discreet(&error.to_string()),
    }
});

fn is_discreet(error: &str) {
    assert!(!error.contains(SECRET), "{error}");
}

fn is_in_range(settings: &Settings) {
    let seconds = Duration::from_secs;
    assert!(settings.static_url.starts_with("http"));
    // What stands behind the host is no password.
    assert!(settings.static_url.contains(SECRET) || !format!("{settings:?}").contains(SECRET));
    assert!((Duration::from_millis(50)..=seconds(60)).contains(&settings.timeout));
    assert!((seconds(1)..=seconds(86_400)).contains(&settings.cache_ttl));
    assert!(settings.negative_ttl <= seconds(300));
    assert!((100..=10_000_000).contains(&settings.cache_size));
    assert!(settings.stall_budget <= seconds(1));
    assert!((1..=255).contains(&settings.node.len()));
    assert!(settings.introspection.path.starts_with('/'));
    assert!(
        settings
            .metrics_listen
            .is_none_or(|address| address.port() != 0)
    );
}

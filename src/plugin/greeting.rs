//! The first lines of the log: versions, and the settings in force. Never a secret.
//!
//! `settings: name=value ...` names every option that has a value, typed or by default, in the order of `OPTION_NAMES`;
//! what holds a blank stands in quotes. It goes on in further such lines, since Mosquitto cuts lines at 1,000 bytes.

use super::Capabilities;
use crate::config::{Configuration, Mode, OPTION_NAMES, Sends, Settings};

/// Bytes of one line.
const MOST: usize = 800;

/// Which program this is, what loaded it, and how logins wait. The plugin API does not tell the broker's exact version, but
/// which calls there are, and these came with 2.1.
pub(super) fn versions(settings: &Settings, capabilities: Capabilities) -> String {
    let Capabilities {
        delayed_login,
        subscriptions,
        events,
        ..
    } = capabilities;
    let broker = match (delayed_login, events) {
        (true, _) => "2.1 or later, plugin API 5",
        (false, true) => "2.0, plugin API 5",
        (false, false) => "1.x, auth plugin API",
    };
    let login = match settings.mode {
        Mode::Shadow => "logins are only looked at".to_owned(),
        Mode::Enforce if delayed_login && settings.delayed_login => "delayed login".to_owned(),
        Mode::Enforce => format!(
            "blocking login within {} ms per second",
            settings.stall_budget.as_millis()
        ),
    };
    format!(
        "mosquitto-enterprise-push {}: Mosquitto {broker}, host calls: delayed_login={} subscriptions={}; \
         {login}",
        env!("CARGO_PKG_VERSION"),
        yes_no(delayed_login),
        yes_no(subscriptions),
    )
}

/// The settings in force.
pub(super) fn settings(
    settings: &Settings,
    configuration: &Configuration,
    capabilities: Capabilities,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in OPTION_NAMES {
        let value = effective(name, settings, capabilities)
            .or_else(|| configuration.typed(name).map(str::to_owned))
            .filter(|value| !value.is_empty());
        let Some(value) = value else { continue };
        let pair = match value.contains([' ', '"']) {
            true => format!(" {name}={value:?}"),
            false => format!(" {name}={value}"),
        };
        match lines.last_mut() {
            Some(line) if line.len() + pair.len() <= MOST => line.push_str(&pair),
            _ => lines.push(format!("settings:{pair}")),
        }
    }
    lines
}

/// The value of an option that has a default, or must not be shown.
fn effective(name: &str, s: &Settings, capabilities: Capabilities) -> Option<String> {
    Some(match name {
        "static_url" => s.static_url.clone(),
        "client_secret" => String::new(),
        "introspection_path" => s.introspection.path.clone(),
        "introspection_sends" => match s.introspection.sends {
            Sends::All => "all".to_owned(),
            Sends::Token => "token".to_owned(),
        },
        "feed" => on_off(s.feed),
        "timeout_ms" => s.timeout.as_millis().to_string(),
        "cache_ttl_s" => s.cache_ttl.as_secs().to_string(),
        "negative_ttl_s" => s.negative_ttl.as_secs().to_string(),
        "cache_size" => s.cache_size.to_string(),
        "stall_budget_ms" => s.stall_budget.as_millis().to_string(),
        "delayed_login" => on_off(s.delayed_login),
        "peer_failures_per_min" => s.peer_failures_per_min.to_string(),
        "user_failures_per_min" => s.user_failures_per_min.to_string(),
        "pre_subscribe" => on_off(s.pre_subscribe && capabilities.events),
        "presence" => on_off(s.presence && capabilities.events),
        "metrics_listen" => s.metrics_listen.map_or(String::new(), |at| at.to_string()),
        "audit_ship" => on_off(s.audit_ship),
        "audit_spool_mb" => (s.audit_spool_bytes / (1024 * 1024)).to_string(),
        "node" => s.node.clone(),
        "mode" => match s.mode {
            Mode::Enforce => "enforce".to_owned(),
            Mode::Shadow => "shadow".to_owned(),
        },
        _ => return None,
    })
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;

    const GIVEN: [(&str, &str); 6] = [
        ("static_url", "https://static.example.com/"),
        ("client_id", "b1"),
        ("client_secret", "s3cr3t"),
        ("claim_uid", "/sub {uid}@{eid}"),
        ("claim_eid", "/sub {uid}@{eid}"),
        ("mode", "shadow"),
    ];

    fn told() -> Vec<String> {
        let mut options = Options::default();
        for (name, value) in GIVEN {
            options.set(name, value).unwrap();
        }
        let (configuration, in_force) = Configuration::read(&options, "host-a").unwrap();
        let capabilities = Capabilities {
            delayed_login: true,
            subscriptions: true,
            events: true,
            shows_clients: true,
        };
        settings(&in_force, &configuration, capabilities)
    }

    #[test]
    fn settings_are_told_with_defaults_and_without_secrets() {
        let text = told().join(" ");
        for pair in [
            "static_url=https://static.example.com",
            "claim_uid=\"/sub {uid}@{eid}\"",
            "timeout_ms=2000",
            "peer_failures_per_min=600",
            "audit_spool_mb=256",
            "node=host-a",
            "mode=shadow",
        ] {
            assert!(text.contains(&format!(" {pair}")), "no {pair} in {text}");
        }
        assert!(!text.contains("s3cr3t") && !text.contains("client_secret"));
    }

    #[test]
    fn no_line_is_longer_than_the_broker_writes() {
        let lines = told();
        assert!(lines.iter().all(|line| line.len() <= MOST));
        assert!(lines.iter().all(|line| line.starts_with("settings: ")));
    }
}

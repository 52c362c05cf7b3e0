//! From options as typed to [`Settings`]: ranges, units, defaults, files.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    ClientIdentity, ConfigError, Introspection, Mode, Options, Secret, SecretSource, Settings,
};

impl Settings {
    /// Checks options; reads the secret file, CA file and policy file once to see that they can be
    /// read. `host_name` is the default of `node`.
    pub fn check(options: &Options, host_name: &str) -> Result<Settings, ConfigError> {
        let settings = Settings::of(options, host_name)?;
        settings.check_files()?;
        Ok(settings)
    }

    /// Checks the options alone: touches no file.
    pub fn of(options: &Options, host_name: &str) -> Result<Settings, ConfigError> {
        let settings = Settings {
            static_url: static_url(options)?,
            client_id: client_id(options)?,
            client_secret: client_secret(options)?,
            introspection: Introspection::of(options)?,
            feed: on_off(options, "feed", true)?,
            ca_file: path(options, "ca_file"),
            client_identity: ClientIdentity::of(options)?,
            timeout: millis(options, "timeout_ms", 2000, 50..=60_000)?,
            cache_ttl: seconds(options, "cache_ttl_s", 300, 1..=86_400)?,
            negative_ttl: seconds(options, "negative_ttl_s", 5, 0..=300)?,
            cache_size: cache_size(options)?,
            stall_budget: millis(options, "stall_budget_ms", 50, 0..=1000)?,
            delayed_login: on_off(options, "delayed_login", true)?,
            peer_failures_per_min: failures(options, "peer_failures_per_min", 600)?,
            user_failures_per_min: failures(options, "user_failures_per_min", 60)?,
            pre_subscribe: on_off(options, "pre_subscribe", true)?,
            presence: on_off(options, "presence", true)?,
            loopback_listener: loopback_listener(options)?,
            allow_unseen_payloads: on_off(options, "allow_unseen_payloads", false)?,
            policy_file: path(options, "policy_file"),
            state_dir: path(options, "state_dir"),
            metrics_listen: metrics_listen(options)?,
            audit_file: path(options, "audit_file"),
            audit_ship: on_off(options, "audit_ship", false)?,
            audit_spool_bytes: audit_spool_bytes(options)?,
            node: node(options, host_name)?,
            mode: mode(options)?,
        };
        if settings.state_dir.is_none() && settings.audit_ship {
            return Err(ConfigError::ShipWithoutState);
        }
        Ok(settings)
    }

    /// Tries every file: reads what is to be read, writes where something will be written.
    fn check_files(&self) -> Result<(), ConfigError> {
        self.client_secret.read()?;
        for (option, file) in [
            ("ca_file", &self.ca_file),
            ("policy_file", &self.policy_file),
        ] {
            if let Some(file) = file {
                readable(option, file)?;
            }
        }
        if let Some(identity) = &self.client_identity {
            readable("client_cert_file", &identity.cert_file)?;
            readable("client_key_file", &identity.key_file)?;
        }
        if let Some(folder) = &self.state_dir {
            writable_folder("state_dir", folder)?;
        }
        if let Some(file) = &self.audit_file {
            appendable("audit_file", file)?;
        }
        Ok(())
    }
}

fn required<'a>(options: &'a Options, name: &'static str) -> Result<&'a str, ConfigError> {
    match options.get(name) {
        None => Err(ConfigError::Missing(name)),
        Some("") => Err(bad(name, "", "must not be empty")),
        Some(value) => Ok(value),
    }
}

pub(super) fn bad(option: &'static str, value: &str, want: impl Into<String>) -> ConfigError {
    ConfigError::Bad {
        option,
        value: value.to_owned(),
        want: want.into(),
    }
}

fn static_url(options: &Options) -> Result<String, ConfigError> {
    let name = "static_url";
    let typed = required(options, name)?;
    let url = reqwest::Url::parse(typed)
        .map_err(|e| bad(name, &without_userinfo(typed), e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(
            name,
            &without_userinfo(typed),
            "want http:// or https://",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let shown = without_userinfo(typed);
        return Err(bad(
            name,
            &shown,
            "must not carry credentials; use client_id and client_secret_file",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let shown = without_userinfo(typed);
        return Err(bad(name, &shown, "must have neither query nor fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A URL fit for a message: what stands before an `@` may be a password, with or without `//` before it.
fn without_userinfo(url: &str) -> String {
    let Some((head, host)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    let scheme = head.split_once("://").map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|scheme| scheme.bytes().all(|b| b.is_ascii_alphabetic()));
    let start = scheme.map_or(String::new(), |scheme| format!("{scheme}://"));
    format!("{start}***@{host}")
}

fn client_id(options: &Options) -> Result<String, ConfigError> {
    let name = "client_id";
    let typed = required(options, name)?;
    if typed.len() > 256 || typed.chars().any(|c| c.is_control() || c == ':') {
        return Err(bad(
            name,
            typed,
            "want at most 256 bytes without `:` and control characters",
        ));
    }
    Ok(typed.to_owned())
}

fn client_secret(options: &Options) -> Result<SecretSource, ConfigError> {
    let inline = options.get("client_secret").filter(|s| !s.is_empty());
    let file = options.get("client_secret_file").filter(|s| !s.is_empty());
    match (inline, file) {
        (Some(secret), None) => Ok(SecretSource::Inline(Secret::new(secret.to_owned()))),
        (None, Some(file)) => Ok(SecretSource::File(PathBuf::from(file))),
        _ => Err(ConfigError::OneSecret),
    }
}

fn on_off(options: &Options, name: &'static str, default: bool) -> Result<bool, ConfigError> {
    match options.get(name) {
        None => Ok(default),
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(typed) => Err(bad(name, typed, "want `on` or `off`")),
    }
}

fn number(
    options: &Options,
    name: &'static str,
    default: u64,
    range: RangeInclusive<u64>,
    unit: &str,
) -> Result<u64, ConfigError> {
    let Some(typed) = options.get(name) else {
        return Ok(default);
    };
    match typed.parse() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(bad(
            name,
            typed,
            format!("want {unit}, {} to {}", range.start(), range.end()),
        )),
    }
}

fn millis(
    options: &Options,
    name: &'static str,
    default: u64,
    range: RangeInclusive<u64>,
) -> Result<Duration, ConfigError> {
    number(options, name, default, range, "whole milliseconds").map(Duration::from_millis)
}

fn seconds(
    options: &Options,
    name: &'static str,
    default: u64,
    range: RangeInclusive<u64>,
) -> Result<Duration, ConfigError> {
    number(options, name, default, range, "whole seconds").map(Duration::from_secs)
}

fn failures(options: &Options, name: &'static str, default: u64) -> Result<u32, ConfigError> {
    let found = number(
        options,
        name,
        default,
        0..=1_000_000,
        "a number of failures per minute, 0 for no limit,",
    )?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

fn cache_size(options: &Options) -> Result<usize, ConfigError> {
    let entries = number(
        options,
        "cache_size",
        100_000,
        100..=10_000_000,
        "a number of tokens",
    )?;
    Ok(usize::try_from(entries).unwrap_or(usize::MAX))
}

fn metrics_listen(options: &Options) -> Result<Option<SocketAddr>, ConfigError> {
    let name = "metrics_listen";
    let Some(typed) = options.get(name) else {
        return Ok(None);
    };
    let want = "want a port (of 127.0.0.1), or address:port";
    let address = address(typed).ok_or_else(|| bad(name, typed, want))?;
    Ok(Some(address))
}

/// What the plugin says there is not encrypted, its password included.
fn loopback_listener(options: &Options) -> Result<Option<SocketAddr>, ConfigError> {
    let name = "loopback_listener";
    let typed = options.get(name).unwrap_or("1883");
    if typed == "off" {
        return Ok(None);
    }
    let want = "want a port (of 127.0.0.1), a loopback address:port, or `off`";
    let address = address(typed).filter(|address| address.ip().is_loopback());
    Ok(Some(address.ok_or_else(|| bad(name, typed, want))?))
}

/// A port alone means loopback.
fn address(typed: &str) -> Option<SocketAddr> {
    let port = || {
        Some(SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            typed.parse::<u16>().ok()?,
        )))
    };
    let address: SocketAddr = typed.parse().ok().or_else(port)?;
    (address.port() != 0).then_some(address)
}

fn audit_spool_bytes(options: &Options) -> Result<u64, ConfigError> {
    let unit = "whole mebibytes";
    let mebibytes = number(options, "audit_spool_mb", 256, 1..=1_048_576, unit)?;
    Ok(mebibytes * 1024 * 1024)
}

fn node(options: &Options, host_name: &str) -> Result<String, ConfigError> {
    let typed = options.get("node").unwrap_or(host_name);
    if typed.is_empty() || typed.len() > 255 || typed.chars().any(char::is_control) {
        return Err(bad(
            "node",
            typed,
            "want 1 to 255 bytes without control characters",
        ));
    }
    Ok(typed.to_owned())
}

fn mode(options: &Options) -> Result<Mode, ConfigError> {
    match options.get("mode") {
        None | Some("enforce") => Ok(Mode::Enforce),
        Some("shadow") => Ok(Mode::Shadow),
        Some(typed) => Err(bad("mode", typed, "want `enforce` or `shadow`")),
    }
}

fn path(options: &Options, name: &'static str) -> Option<PathBuf> {
    options
        .get(name)
        .filter(|p| !p.is_empty())
        .map(PathBuf::from)
}

fn readable(option: &'static str, path: &Path) -> Result<(), ConfigError> {
    match std::fs::File::open(path).and_then(|f| f.metadata()) {
        Ok(meta) if meta.is_file() => Ok(()),
        Ok(_) => Err(ConfigError::File {
            option,
            path: path.to_owned(),
            why: "is not a file".to_owned(),
        }),
        Err(e) => Err(ConfigError::File {
            option,
            path: path.to_owned(),
            why: e.to_string(),
        }),
    }
}

fn writable_folder(option: &'static str, path: &Path) -> Result<(), ConfigError> {
    let probe = path.join(".write-test");
    let tried = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|e| {
        let why = format!("the broker's user cannot write there: {e}");
        ConfigError::File {
            option,
            path: path.to_owned(),
            why,
        }
    })
}

fn appendable(option: &'static str, path: &Path) -> Result<(), ConfigError> {
    let tried = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path);
    tried.map(drop).map_err(|e| ConfigError::File {
        option,
        path: path.to_owned(),
        why: format!("the broker's user cannot write it: {e}"),
    })
}

#[cfg(test)]
mod tests;

//! The address of a broker, as its clients use it.

use std::fmt;
use std::str::FromStr;

/// Schemes under which clients know brokers.
const SCHEMES: [&str; 7] = ["tcp", "mqtt", "mqtts", "ssl", "tls", "ws", "wss"];
/// The longest address, in bytes.
const MAX_BYTES: usize = 512;

/// Why a text is no address of a broker.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokerUrlError {
    /// Nothing before `://`, or not that.
    #[error("want scheme://host:port")]
    NoScheme,
    /// A scheme that no MQTT client knows.
    #[error("scheme is none of tcp, mqtt, mqtts, ssl, tls, ws, wss")]
    Scheme,
    /// No host, or no port.
    #[error("want host:port after the scheme")]
    Authority,
    /// Neither a name nor an address.
    #[error("host holds the character {0:?}")]
    Host(char),
    /// Something that no address has.
    #[error("path holds the character {0:?}")]
    Path(char),
    /// Longer than addresses are.
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
}

/// `scheme://host:port`, for websockets also with a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerUrl(String);

impl BrokerUrl {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BrokerUrl {
    type Err = BrokerUrlError;

    fn from_str(text: &str) -> Result<Self, BrokerUrlError> {
        if text.len() > MAX_BYTES {
            return Err(BrokerUrlError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BrokerUrlError::NoScheme)?;
        if !SCHEMES.contains(&scheme) {
            return Err(BrokerUrlError::Scheme);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let split = authority.rsplit_once(':');
        let (host, port) = split.ok_or(BrokerUrlError::Authority)?;
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        if host.is_empty() || !digits || !matches!(port.parse::<u16>(), Ok(1..)) {
            return Err(BrokerUrlError::Authority);
        }
        if let Some(bad) = host.chars().find(|c| !is_of_host(*c)) {
            return Err(BrokerUrlError::Host(bad));
        }
        match path.chars().find(|c| !c.is_ascii_graphic()) {
            Some(bad) => Err(BrokerUrlError::Path(bad)),
            None => Ok(BrokerUrl(text.to_owned())),
        }
    }
}

/// Names, IPv4 addresses, IPv6 addresses in brackets.
fn is_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_brokers_are_checked() {
        for good in [
            "tcp://127.0.0.1:1883",
            "mqtts://push.example:8883",
            "wss://h:443/mqtt",
            "tcp://[2001:db8::7]:1883",
        ] {
            assert_eq!(good.parse::<BrokerUrl>().unwrap().as_str(), good);
        }
        let long = format!("ws://h:1/{}", "x".repeat(512));
        for bad in [
            "",
            "127.0.0.1:1883",
            "http://h:1",
            "tcp://h",
            "tcp://:1",
            "tcp://h:x",
            "tcp://h:0",
            "tcp://h:+1",
            "tcp://h:65536",
            "tcp://user@h:1",
            "tcp://h h:1",
            "tcp://h\n:1",
            "ws://h:1/a b",
            "ws://h:1/\u{7f}",
            "tcp://h:1?x",
            long.as_str(),
        ] {
            assert!(bad.parse::<BrokerUrl>().is_err(), "{bad}");
        }
    }
}

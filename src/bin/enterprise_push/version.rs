//! Versions of Mosquitto, and what differs.

use std::str::FromStr;

/// A version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BrokerVersion([u16; 3]);

/// The first that calls plugins' TICK with `per_listener_settings true`.
const TICKS_PER_LISTENER: BrokerVersion = BrokerVersion([2, 0, 15]);
const V2_1: BrokerVersion = BrokerVersion([2, 1, 0]);

impl BrokerVersion {
    /// Whether it calls our timer whatever the settings.
    pub(crate) fn always_ticks(self) -> bool {
        self >= TICKS_PER_LISTENER
    }

    /// Whether it is 2.1 or later.
    pub(crate) fn is_2_1(self) -> bool {
        self >= V2_1
    }
}

impl FromStr for BrokerVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<BrokerVersion, String> {
        let numbers: Option<Vec<u16>> = text.split('.').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[major, minor]) => Ok(BrokerVersion([major, minor, 0])),
            Some(&[major, minor, patch]) => Ok(BrokerVersion([major, minor, patch])),
            _ => Err("want a version such as 2.0.11".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| text.parse::<BrokerVersion>().unwrap();
        assert!(!version("2.0.11").always_ticks() && version("2.0.21").always_ticks());
        assert!(version("2.1").is_2_1() && !version("2.0.22").is_2_1());
        for bad in ["", "2", "2.x", "2.0.11.1", "v2.0.11"] {
            assert!(bad.parse::<BrokerVersion>().is_err(), "{bad}");
        }
    }
}

//! The Mosquitto versions that the plugin is for, and where they lie.

use std::path::PathBuf;

/// A version of Mosquitto that `scripts/brokers.sh` gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V2_0_11,
    V2_0_21,
    V2_1_2,
}

impl Version {
    pub(crate) const ALL: [Version; 3] = [Version::V2_0_11, Version::V2_0_21, Version::V2_1_2];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Version::V2_0_11 => "2.0.11",
            Version::V2_0_21 => "2.0.21",
            Version::V2_1_2 => "2.1.2",
        }
    }

    /// Whether a login may be answered later, and MQTT 5 clients get fine reason codes.
    pub(crate) fn is_2_1(self) -> bool {
        self >= Version::V2_1_2
    }

    /// The starter of this broker; fails the test with the command to run when it is not there.
    pub(crate) fn program(self) -> PathBuf {
        let cache = std::env::var_os("MEP_BROKER_CACHE").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".cache/brokers"),
            PathBuf::from,
        );
        let program = cache.join(self.name()).join("mosquitto");
        assert!(
            program.is_file(),
            "no Mosquitto {v} at {}: run `scripts/brokers.sh {v}`",
            program.display(),
            v = self.name()
        );
        program
    }
}

//! Presence and personal signature: the payloads of `{eid}/im/pres/{uid}` and `{eid}/im/sig/{uid}`.
//!
//! Both are retained, since only the latest value matters (paper, "presence has no history").

use std::fmt;

/// The longest personal signature, in bytes of UTF-8.
pub const MAX_SIGNATURE_BYTES: usize = 256;

/// Whether a user can be reached. The payload is the lower-case word in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// `online`
    Online,
    /// `away`
    Away,
    /// `busy`
    Busy,
    /// `offline`
    Offline,
}

impl Presence {
    /// All values, in the order in which people list them.
    pub const ALL: [Presence; 4] = [
        Presence::Online,
        Presence::Away,
        Presence::Busy,
        Presence::Offline,
    ];

    /// The payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Presence::Online => "online",
            Presence::Away => "away",
            Presence::Busy => "busy",
            Presence::Offline => "offline",
        }
    }

    /// Reads a payload; `None` when it is none of the four words.
    pub fn parse(payload: &[u8]) -> Option<Presence> {
        Presence::ALL
            .into_iter()
            .find(|p| p.as_str().as_bytes() == payload)
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether `payload` may be a personal signature: UTF-8, at most [`MAX_SIGNATURE_BYTES`]; an empty
/// one clears it.
pub fn is_signature(payload: &[u8]) -> bool {
    payload.len() <= MAX_SIGNATURE_BYTES && std::str::from_utf8(payload).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_one_of_four_words() {
        for presence in Presence::ALL {
            assert_eq!(
                Presence::parse(presence.as_str().as_bytes()),
                Some(presence)
            );
        }
        for bad in [&b""[..], b"Online", b"online ", b"gone", b"\xff"] {
            assert_eq!(Presence::parse(bad), None);
        }
    }

    #[test]
    fn signature_is_short_utf8() {
        assert!(is_signature(b""));
        assert!(is_signature("at lunch ☕".as_bytes()));
        assert!(is_signature(&[b'x'; 256]));
        assert!(!is_signature(&[b'x'; 257]));
        assert!(!is_signature(b"\xff\xfe"));
    }
}

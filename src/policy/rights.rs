//! What a user may do beyond the shape of the name: as an introspection answer or the feed tells it.
//!
//! Pure. Names that are not well formed are dropped when the directory takes rights in: doubt means deny.

use std::fmt;

/// The role that may use `$CONTROL/enterprise-push` and read `$SYS`.
pub const OPERATOR: &str = "operator";

/// The kind of a device, as its token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A desk computer.
    Pc = 1,
    /// A phone.
    Phone = 2,
    /// A program.
    Service = 4,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::Pc, Kind::Phone, Kind::Service];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Pc => "pc",
            Kind::Phone => "phone",
            Kind::Service => "service",
        }
    }

    /// Reads the word on the wire.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// No kind.
    pub const NONE: Kinds = Kinds(0);

    /// With `kind` in it.
    #[must_use]
    pub fn with(self, kind: Kind) -> Kinds {
        Kinds(self.0 | kind as u8)
    }

    /// All of both.
    #[must_use]
    pub fn union(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether `kind` is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind as u8 != 0
    }

    /// Whether both have a kind in common.
    pub fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Kinds::NONE, Kinds::with)
    }
}

/// What belongs to the account itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The kinds of device that the user has been seen with.
    pub kinds: Kinds,
    /// Roles, such as [`OPERATOR`] or those of the policy file.
    pub roles: Vec<String>,
    /// Notice channels that the user may publish to; see [`channel_covers`].
    pub channels: Vec<String>,
}

/// All that an introspection answer tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Kinds, roles and channels.
    pub account: Account,
    /// The groups (gid, of the user's own enterprise) that the user is in.
    pub groups: Vec<String>,
    /// The partners (`uid@eid`) that the user is linked to.
    pub partners: Vec<String>,
}

/// Whether `held`, an entry of a `channels` list, gives `channel`: `news` gives `news` alone, `news/#` gives
/// `news` and all below, `#` gives all.
pub fn channel_covers(held: &str, channel: &str) -> bool {
    if held == "#" {
        return true;
    }
    match held.strip_suffix("/#") {
        Some(parent) => channel
            .strip_prefix(parent)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        None => held == channel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_words_and_sets() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(&kind.to_string()), Some(kind));
        }
        assert_eq!(Kind::parse("PC"), None);
        let set: Kinds = [Kind::Pc, Kind::Service].into_iter().collect();
        assert!(set.has(Kind::Pc) && !set.has(Kind::Phone));
        assert!(set.meets(Kinds::NONE.with(Kind::Service)));
        assert!(!set.meets(Kinds::NONE.with(Kind::Phone)));
        assert_eq!(Kinds::NONE.union(set), set);
    }

    #[test]
    fn channels_are_exact_or_a_subtree() {
        for (held, channel, want) in [
            ("news", "news", true),
            ("news", "news/today", false),
            ("news/#", "news", true),
            ("news/#", "news/a/b", true),
            ("news/#", "newspaper", false),
            ("#", "anything/at/all", true),
            ("", "news", false),
            ("+", "news", false),
        ] {
            assert_eq!(channel_covers(held, channel), want, "{held} {channel}");
        }
    }
}

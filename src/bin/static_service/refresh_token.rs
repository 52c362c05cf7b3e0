//! Refresh tokens: their form, and what presenting one means. Pure.
//!
//! A token is `family.secret`: 128 random bits that all tokens of a device's session have in common, and 256
//! of its own. Only digests are kept. Since nobody but the holder of a token knows the family, a token of a
//! known family that is neither the newest nor the one before has been used already, however old it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::secret::{Digest, Secret};

/// Characters of a family: 16 bytes in base64url.
const FAMILY_CHARS: usize = 22;
/// Characters of a secret: 32 bytes.
const SECRET_CHARS: usize = 43;

/// A well-formed refresh token.
#[derive(Debug, Clone)]
pub(crate) struct RefreshToken(Secret);

impl RefreshToken {
    /// The first token of a new session.
    pub(crate) fn first() -> RefreshToken {
        let mut family = Zeroizing::new([0u8; 16]);
        rand::fill(family.as_mut_slice());
        RefreshToken::of(&Zeroizing::new(URL_SAFE_NO_PAD.encode(family.as_slice())))
    }

    /// A fresh token of the same family.
    pub(crate) fn successor(&self) -> RefreshToken {
        RefreshToken::of(self.family())
    }

    fn of(family: &str) -> RefreshToken {
        RefreshToken(Secret::new(format!(
            "{family}.{}",
            Secret::random().reveal()
        )))
    }

    /// The token that somebody presents, if it could be one.
    pub(crate) fn parse(text: &Secret) -> Option<RefreshToken> {
        let (family, secret) = text.reveal().split_once('.')?;
        let of_base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        let is_one = family.len() == FAMILY_CHARS
            && secret.len() == SECRET_CHARS
            && family.bytes().chain(secret.bytes()).all(of_base64url);
        is_one.then(|| RefreshToken(text.clone()))
    }

    fn family(&self) -> &str {
        let parts = self.0.reveal().split_once('.');
        parts.map_or("", |(family, _)| family)
    }

    /// The text, for the one who is to know it.
    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// By which its device is found.
    pub(crate) fn family_digest(&self) -> Digest {
        Digest::of(self.family().as_bytes())
    }

    /// By which it is told from the others of its family.
    pub(crate) fn digest(&self) -> Digest {
        self.0.digest()
    }
}

/// What is known of the tokens of one family.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Digest of the newest token; none: the session is over.
    pub(crate) newest: Option<String>,
    /// Digest of the token that the newest one came for.
    pub(crate) previous: Option<String>,
    /// When that one was used first, in milliseconds.
    pub(crate) rotated_at_ms: i64,
    /// When the newest one expires, in Unix seconds.
    pub(crate) expires_at_s: i64,
}

/// What presenting a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The newest: it gets a successor.
    Rotate,
    /// The one before, again, and in time: its answer was lost. It gets another successor, and the one
    /// that nobody used is void.
    Replace,
    /// It was used before: somebody has a copy.
    Reused,
    /// There is no session any more.
    Ended,
}

impl Chain {
    /// Judges a token by its digest. `reuse_ms` is how long a lost answer may be asked for again.
    pub(crate) fn judge(&self, presented: &Digest, now_ms: i64, reuse_ms: i64) -> Verdict {
        let is = |known: &Option<String>| known.as_deref() == Some(presented.as_str());
        if self.newest.is_none() || self.expires_at_s <= now_ms / 1000 {
            return Verdict::Ended;
        }
        if is(&self.newest) {
            return Verdict::Rotate;
        }
        if is(&self.previous) && now_ms.saturating_sub(self.rotated_at_ms) <= reuse_ms {
            return Verdict::Replace;
        }
        Verdict::Reused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_is_of_the_same_family_and_another_token() {
        let first = RefreshToken::first();
        let next = first.successor();
        assert_eq!(first.family_digest(), next.family_digest());
        assert_ne!(first.digest(), next.digest());
        assert_ne!(RefreshToken::first().family_digest(), first.family_digest());
        let parsed = RefreshToken::parse(&Secret::new(next.reveal().to_owned())).unwrap();
        assert_eq!(parsed.digest(), next.digest());
        assert_eq!(format!("{next:?}"), "RefreshToken(Secret([redacted]))");
    }

    #[test]
    fn what_could_be_no_token_is_none() {
        let good = RefreshToken::first();
        let good = good.reveal();
        for bad in [
            "".to_owned(),
            ".".to_owned(),
            good.replace('.', ""),
            good.replace('.', "-"),
            format!("{good}x"),
            format!("x{good}"),
            format!(" {}", &good[1..]),
            good.replacen('.', "..", 1),
            format!("{}'{}", &good[..30], &good[31..]),
        ] {
            assert!(
                RefreshToken::parse(&Secret::new(bad.clone())).is_none(),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_newest_rotates_the_previous_may_come_again_for_a_while_and_all_others_are_reuse() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let stored = |text: &str| Some(digest(text).as_str().to_owned());
        let chain = Chain {
            newest: stored("newest"),
            previous: stored("previous"),
            rotated_at_ms: 100_000,
            expires_at_s: 1_000,
        };
        for (presented, now_ms, want) in [
            ("newest", 100_000, Verdict::Rotate),
            ("newest", 999_999, Verdict::Rotate),
            ("newest", 1_000_000, Verdict::Ended),
            ("previous", 160_000, Verdict::Replace),
            // Another replica's clock may be behind.
            ("previous", 99_000, Verdict::Replace),
            ("previous", 160_001, Verdict::Reused),
            ("older", 100_001, Verdict::Reused),
            ("older", 1_000_000, Verdict::Ended),
        ] {
            let verdict = chain.judge(&digest(presented), now_ms, 60_000);
            assert_eq!(verdict, want, "{presented} at {now_ms}");
        }
        let over = Chain {
            newest: None,
            ..chain
        };
        assert_eq!(over.judge(&digest("previous"), 0, 60_000), Verdict::Ended);
    }

    #[test]
    fn a_token_that_never_had_a_successor_is_no_predecessor() {
        let chain = Chain {
            newest: Some(Digest::of(b"newest").as_str().to_owned()),
            previous: None,
            rotated_at_ms: 0,
            expires_at_s: 1_000,
        };
        let stranger = Digest::of(b"stranger");
        assert_eq!(chain.judge(&stranger, 0, 60_000), Verdict::Reused);
    }
}

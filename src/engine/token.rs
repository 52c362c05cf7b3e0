//! What is known of tokens: a bounded memory of good and bad answers, by digest.
//!
//! A good token is known until its expiry when the feed announced it (a revocation will be announced
//! too), and for `cache_ttl` at most when it was asked for. A hit never prolongs a life. Lives of asked
//! tokens are up to 10 % shorter than the limit, each by its own amount, so that answers given together
//! do not end together.

use std::rc::Rc;
use std::time::Duration;

use lru::LruCache;
use sha2::{Digest, Sha256};

use super::Now;
use super::devices::with_key;
use crate::protocol::UserName;
use crate::protocol::contract::{Grant, TokenDigest};

/// The longest login token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// Whether a password can be a login token at all (RFC 6750, b64token).
pub(super) fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && text.len() <= MAX_TOKEN_BYTES
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

/// SHA-256 of a token.
pub fn digest(token: &str) -> TokenDigest {
    TokenDigest(Sha256::digest(token.as_bytes()).into())
}

/// One question: this token, under this client id. A `no` holds for the pair alone, so nobody spoils
/// somebody else's token by asking for it under a wrong name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AskKey {
    /// Of the token.
    pub digest: TokenDigest,
    /// SHA-256 of the client id.
    client: [u8; 32],
}

impl AskKey {
    /// The key of a question.
    pub fn new(digest: TokenDigest, client_id: &str) -> AskKey {
        AskKey {
            digest,
            client: Sha256::digest(client_id.as_bytes()).into(),
        }
    }
}

/// How a good token came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Announced by the feed.
    Announced,
    /// Asked for.
    Introspected,
}

struct Good {
    grant: Rc<Grant>,
    origin: Origin,
    until: Duration,
    /// How many users had been removed when it was learned.
    removals: u64,
}

/// The memory.
pub struct TokenCache {
    good: LruCache<TokenDigest, Good>,
    bad: LruCache<AskKey, Duration>,
    /// Removed users, each with its number. Their tokens of before are void, and found to be so when they are
    /// used: looking for them all at each removal would take as long as there are tokens.
    removed: LruCache<Box<str>, u64>,
    removals: u64,
    size: usize,
    ttl: Duration,
    negative_ttl: Duration,
}

impl TokenCache {
    /// For `size` good tokens, and as many bad ones.
    pub fn new(size: usize, ttl: Duration, negative_ttl: Duration) -> TokenCache {
        TokenCache {
            good: LruCache::unbounded(),
            bad: LruCache::unbounded(),
            removed: LruCache::unbounded(),
            removals: 0,
            size,
            ttl,
            negative_ttl,
        }
    }

    /// How long answers are believed that come from now on.
    pub fn set_times(&mut self, ttl: Duration, negative_ttl: Duration) {
        self.ttl = ttl;
        self.negative_ttl = negative_ttl;
    }

    /// The grant of a token that is known and still good.
    pub fn good(&mut self, digest: &TokenDigest, now: Now) -> Option<(Rc<Grant>, Origin)> {
        let entry = self.good.get(digest)?;
        let removed = with_key(entry.grant.user(), |user| self.removed.peek(user).copied());
        let void = removed.is_some_and(|removal| removal > entry.removals);
        if void || entry.until <= now.mono || entry.grant.exp_s <= now.unix_s() {
            self.good.pop(digest);
            return None;
        }
        Some((Rc::clone(&entry.grant), entry.origin))
    }

    /// Whether the pair is known to be bad.
    pub fn is_bad(&mut self, key: &AskKey, now: Now) -> bool {
        match self.bad.peek(key) {
            Some(until) if *until > now.mono => true,
            Some(_) => {
                self.bad.pop(key);
                false
            }
            None => false,
        }
    }

    /// Takes a good token in. An expired one is not taken.
    pub fn learn(&mut self, digest: TokenDigest, grant: Rc<Grant>, origin: Origin, now: Now) {
        if grant.exp_s <= now.unix_s() {
            return;
        }
        let until = match origin {
            Origin::Announced => Duration::MAX,
            Origin::Introspected => now.mono + self.jittered(&digest),
        };
        self.good.put(
            digest,
            Good {
                grant,
                origin,
                until,
                removals: self.removals,
            },
        );
        if self.good.len() > self.size {
            self.good.pop_lru();
        }
    }

    /// Takes a bad answer in: it ends what was believed of the token before.
    pub fn learn_bad(&mut self, key: AskKey, now: Now) {
        self.good.pop(&key.digest);
        self.bad.put(key, now.mono + self.negative_ttl);
        if self.bad.len() > self.size {
            self.bad.pop_lru();
        }
    }

    /// Forgets a token: it will be asked for again.
    pub fn forget(&mut self, digest: &TokenDigest) {
        self.good.pop(digest);
    }

    /// Forgets all good tokens of a user.
    pub fn forget_user(&mut self, user: UserName<'_>) {
        self.removals += 1;
        self.removed
            .put(user.to_string().into_boxed_str(), self.removals);
        if self.removed.len() > self.size {
            self.removed.pop_lru();
        }
    }

    /// Forgets all good tokens for which `condition` holds.
    pub fn forget_if(&mut self, condition: impl Fn(&Grant) -> bool) {
        let gone: Vec<TokenDigest> = self
            .good
            .iter()
            .filter(|(_, good)| condition(&good.grant))
            .map(|(digest, _)| *digest)
            .collect();
        for digest in gone {
            self.good.pop(&digest);
        }
    }

    /// Good tokens known.
    pub fn len(&self) -> usize {
        self.good.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.good.is_empty()
    }

    fn jittered(&self, digest: &TokenDigest) -> Duration {
        let [first, ..] = digest.0;
        self.ttl.mul_f64(1.0 - 0.1 * f64::from(first) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::contract::DeviceKind;

    fn grant(exp_s: u64) -> Rc<Grant> {
        Rc::new(Grant {
            eid: "acme".into(),
            uid: "alice".into(),
            device: "pc".into(),
            kind: DeviceKind::Pc,
            exp_s,
            entitlements: None,
        })
    }

    fn at(seconds: u64) -> Now {
        Now {
            mono: Duration::from_secs(seconds),
            unix_ms: (1000 + seconds) * 1000,
        }
    }

    fn cache() -> TokenCache {
        TokenCache::new(2, Duration::from_secs(300), Duration::from_secs(5))
    }

    #[test]
    fn tokens_are_base64url_and_not_too_long() {
        assert!(is_token("abc-DEF_123"));
        assert!(is_token("abc=="));
        for bad in ["", "=", "a b", "a\u{0}", "ä", "a=b", &"x".repeat(4097)] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }

    #[test]
    fn asked_token_lives_for_the_ttl_less_its_jitter_and_a_hit_does_not_prolong_it() {
        let mut cache = cache();
        let digest = digest("t");
        cache.learn(digest, grant(u64::MAX / 2000), Origin::Introspected, at(0));
        for second in [1, 100, 269] {
            assert!(cache.good(&digest, at(second)).is_some(), "{second}");
        }
        assert!(cache.good(&digest, at(300)).is_none());
    }

    #[test]
    fn announced_token_lives_until_it_expires() {
        let mut cache = cache();
        let digest = digest("t");
        cache.learn(digest, grant(1000 + 5000), Origin::Announced, at(0));
        assert!(cache.good(&digest, at(4999)).is_some());
        assert!(cache.good(&digest, at(5000)).is_none());
        assert!(cache.is_empty());
    }

    #[test]
    fn expired_token_is_never_taken_in() {
        let mut cache = cache();
        cache.learn(digest("t"), grant(1000), Origin::Introspected, at(0));
        assert!(cache.is_empty());
    }

    #[test]
    fn a_no_holds_for_one_client_id_and_ends_the_yes() {
        let mut cache = cache();
        let digest = digest("t");
        cache.learn(digest, grant(9000), Origin::Introspected, at(0));
        let (own, other) = (
            AskKey::new(digest, "alice@acme:pc"),
            AskKey::new(digest, "alice@acme:tv"),
        );
        cache.learn_bad(own, at(0));
        assert!(cache.good(&digest, at(0)).is_none());
        assert!(cache.is_bad(&own, at(4)));
        assert!(!cache.is_bad(&other, at(4)));
        assert!(!cache.is_bad(&own, at(5)));
    }

    #[test]
    fn tokens_of_a_removed_user_are_void_and_later_ones_are_not() {
        let mut cache = cache();
        let [old, new] = ["old", "new"].map(digest);
        cache.learn(old, grant(9000), Origin::Announced, at(0));
        cache.forget_user(grant(9000).user());
        assert!(cache.good(&old, at(0)).is_none());
        cache.learn(new, grant(9000), Origin::Announced, at(0));
        assert!(cache.good(&new, at(0)).is_some());
        for n in 0..10 {
            cache.forget_user(UserName {
                uid: &n.to_string(),
                eid: "x",
            });
        }
        assert_eq!(cache.removed.len(), 2);
    }

    #[test]
    fn memory_is_bounded_and_the_least_used_go_first() {
        let mut cache = cache();
        let [a, b, c] = ["a", "b", "c"].map(digest);
        cache.learn(a, grant(9000), Origin::Introspected, at(0));
        cache.learn(b, grant(9000), Origin::Introspected, at(0));
        assert!(cache.good(&a, at(1)).is_some());
        cache.learn(c, grant(9000), Origin::Introspected, at(1));
        assert_eq!(cache.len(), 2);
        assert!(cache.good(&b, at(1)).is_none());
        for n in 0..100 {
            cache.learn_bad(AskKey::new(digest(&n.to_string()), "x"), at(1));
        }
        assert_eq!(cache.bad.len(), 2);
    }
}

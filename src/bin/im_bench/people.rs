//! The users of a bench, and their tokens.
//!
//! A user's token follows from the client id and a seed that only the bench's own static service knows:
//! it checks any number of tokens without keeping one.

use std::fmt::Write as _;
use std::time::Duration;

use mosquitto_enterprise_push::engine::{TokenDigest, digest};
use rand::RngExt;
use sha2::{Digest, Sha256};

/// The one enterprise.
pub(crate) const EID: &str = "bench";
const DEVICE: &str = "pc";
const SEED: &str = "im-bench";
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a client that was cut off waits, after so many tries, until it comes again: as
/// docs/client-protocol.md asks of clients, half to all of a time that doubles.
pub(crate) fn pause(tries: u32) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let full = FIRST_PAUSE.saturating_mul(1 << doublings);
    full.min(LONGEST_PAUSE)
        .mul_f64(rand::random_range(0.5..=1.0))
}

/// Somebody with one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    uid: String,
}

impl User {
    /// The user with this number among those of a kind, such as `p` for pairs.
    pub(crate) fn new(kind: &str, number: u32) -> User {
        User {
            uid: format!("{kind}{number}"),
        }
    }

    /// The user with this name.
    pub(crate) fn named(uid: &str) -> User {
        User {
            uid: uid.to_owned(),
        }
    }

    /// The user name within the enterprise.
    pub(crate) fn uid(&self) -> &str {
        &self.uid
    }

    pub(crate) fn username(&self) -> String {
        format!("{}@{EID}", self.uid)
    }

    pub(crate) fn client_id(&self) -> String {
        format!("{}@{EID}:{DEVICE}", self.uid)
    }

    pub(crate) fn inbox(&self) -> String {
        format!("{EID}/im/msg/{}", self.uid)
    }

    /// The good token.
    pub(crate) fn token(&self) -> String {
        token_of(&self.client_id())
    }

    /// The announcement's data.
    pub(crate) fn issued(&self, exp_s: u64) -> serde_json::Value {
        let mut event = grant(&self.uid, exp_s);
        if let Some(members) = event.as_object_mut() {
            members.insert("digest".into(), hex(digest(&self.token())).into());
        }
        event
    }
}

/// The answer to a question about a token: `None` when it is not this client id's.
pub(crate) fn check(client_id: &str, token: &str, exp_s: u64) -> Option<serde_json::Value> {
    let uid = client_id.strip_suffix(&format!("@{EID}:{DEVICE}"))?;
    (token == token_of(client_id)).then(|| grant(uid, exp_s))
}

/// A token of the right form that is nobody's.
pub(crate) fn forged_token() -> String {
    let mut random = rand::rng();
    to_hex(&random.random::<[u8; 32]>())
}

fn grant(uid: &str, exp_s: u64) -> serde_json::Value {
    serde_json::json!({
        "eid": EID, "uid": uid, "device": DEVICE, "kind": "pc", "exp": exp_s,
        "roles": [], "groups": [], "partners": [], "channels": [],
    })
}

fn token_of(client_id: &str) -> String {
    let sum: [u8; 32] = Sha256::digest(format!("{SEED}\n{client_id}")).into();
    to_hex(&sum)
}

pub(crate) fn hex(digest: TokenDigest) -> String {
    to_hex(&digest.0)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_users_own_token_is_good() {
        let (alice, bob) = (User::new("a", 1), User::new("b", 1));
        let answer = check(&alice.client_id(), &alice.token(), 9).unwrap();
        assert_eq!((&answer["uid"], &answer["exp"]), (&"a1".into(), &9.into()));
        assert_eq!(check(&alice.client_id(), &bob.token(), 9), None);
        assert_eq!(check(&alice.client_id(), &forged_token(), 9), None);
        assert_eq!(check("a1@elsewhere:pc", &alice.token(), 9), None);
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        for (tries, least_ms) in [(1, 250), (2, 500), (3, 1000), (40, 30_000)] {
            let least = Duration::from_millis(least_ms);
            let paused = pause(tries);
            assert!(
                paused >= least && paused <= 2 * least,
                "{tries}: {paused:?}"
            );
        }
    }

    #[test]
    fn announcement_is_one_that_the_plugin_reads() {
        use mosquitto_enterprise_push::protocol::contract::FeedEvent;
        use mosquitto_enterprise_push::upstream::wire::read_event;
        let alice = User::new("a", 1);
        let event = read_event("token.issued", &alice.issued(9).to_string()).unwrap();
        let Some(FeedEvent::TokenIssued {
            digest: read,
            grant,
        }) = event
        else {
            panic!("{event:?}")
        };
        assert_eq!(read, digest(&alice.token()));
        assert_eq!(grant.session().to_string(), alice.client_id());
    }
}

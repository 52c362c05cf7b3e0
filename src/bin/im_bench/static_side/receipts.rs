//! What arrived at the listeners, against what was issued: nothing may be lost, come twice, or be out of
//! order. Pure.

use std::collections::{HashMap, HashSet};

use mosquitto_enterprise_push::engine::digest;
use tokio::time::Instant;

use super::visits::Token;
use crate::installation::load::Times;
use crate::people::hex;
use crate::stats::Latencies;

/// One announcement at one listener.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub(super) at: Instant,
    /// The event's id.
    pub(super) id: u64,
    /// The token's.
    pub(super) digest: String,
}

/// A token that a client got.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) digest: String,
    pub(super) times: Times,
}

impl Issued {
    /// Tokens as their clients got them, in any order.
    pub(super) fn all(got: &[(u32, (Token, Times))]) -> Vec<Issued> {
        let issued = |(_, (token, times)): &(u32, (Token, Times))| Issued {
            digest: hex(digest(&token.token)),
            times: *times,
        };
        got.iter().map(issued).collect()
    }
}

/// What came of it, at all listeners together.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Announcements that should have come.
    pub(super) wanted: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    /// Came after one of a higher id, or under another id than elsewhere.
    pub(super) disordered: u64,
    /// From the sending of the request to the receipt: more than the time from the commit.
    pub(super) since_sent: Latencies,
    /// From the client's answer to the receipt; nothing when that came first.
    pub(super) since_answer: Latencies,
}

/// Counts. Announcements of tokens that nobody here got an answer for are left alone.
pub(super) fn tally(issued: &[Issued], listeners: &[Vec<Receipt>]) -> Tally {
    let known: HashMap<&str, &Issued> = issued.iter().map(|i| (i.digest.as_str(), i)).collect();
    let mut ids: HashMap<&str, u64> = HashMap::new();
    let mut tally = Tally::default();
    for receipts in listeners {
        let (mut last, mut seen) = (0, HashSet::new());
        for receipt in receipts {
            let digest = receipt.digest.as_str();
            let id = *ids.entry(digest).or_insert(receipt.id);
            tally.disordered += u64::from(receipt.id <= last || receipt.id != id);
            last = last.max(receipt.id);
            let Some(issued) = known.get(digest) else {
                continue;
            };
            if !seen.insert(digest) {
                tally.doubled += 1;
                continue;
            }
            let since = |then| receipt.at.saturating_duration_since(then);
            tally.since_sent.record(since(issued.times.sent));
            tally.since_answer.record(since(issued.times.answered));
        }
        tally.wanted += known.len() as u64;
        tally.lost += (known.len() - seen.len()) as u64;
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn issued(start: Instant, digest: &str) -> Issued {
        let times = Times {
            sent: start,
            answered: start + Duration::from_millis(20),
        };
        Issued {
            digest: digest.to_owned(),
            times,
        }
    }

    fn receipts(start: Instant, came: &[(u64, &str)]) -> Vec<Receipt> {
        let receipt = |(id, digest): &(u64, &str)| Receipt {
            at: start + Duration::from_millis(10 * id),
            id: *id,
            digest: (*digest).to_owned(),
        };
        came.iter().map(receipt).collect()
    }

    fn counts(came: &[&[(u64, &str)]]) -> (u64, u64, u64, u64) {
        let start = Instant::now();
        let issued = ["a", "b", "c"].map(|digest| issued(start, digest));
        let listeners: Vec<_> = came.iter().map(|came| receipts(start, came)).collect();
        let tally = tally(&issued, &listeners);
        (tally.wanted, tally.lost, tally.doubled, tally.disordered)
    }

    #[test]
    fn all_of_it_once_and_in_order_is_right_whatever_came_in_between() {
        let all: &[(u64, &str)] = &[(1, "a"), (2, "somebody else's"), (3, "b"), (4, "c")];
        assert_eq!(counts(&[all, all]), (6, 0, 0, 0));
    }

    #[test]
    fn lost_doubled_and_disordered_announcements_are_counted_at_each_listener() {
        assert_eq!(counts(&[&[(1, "a"), (3, "c")], &[]]), (6, 4, 0, 0));
        assert_eq!(
            counts(&[&[(1, "a"), (2, "b"), (3, "c"), (4, "b")]]),
            (3, 0, 1, 1)
        );
        assert_eq!(
            counts(&[&[(1, "a"), (1, "a"), (2, "b"), (3, "c")]]),
            (3, 0, 1, 1)
        );
        assert_eq!(counts(&[&[(1, "a"), (3, "c"), (2, "b")]]), (3, 0, 0, 1));
        let (one, other): (&[_], &[_]) = (
            &[(1, "a"), (2, "b"), (3, "c")],
            &[(1, "a"), (2, "c"), (3, "b")],
        );
        assert_eq!(counts(&[one, other]), (6, 0, 0, 2));
    }

    #[test]
    fn lags_count_from_the_request_and_from_the_answer() {
        let start = Instant::now();
        let came = receipts(start, &[(1, "a"), (5, "b")]);
        let tally = tally(&["a", "b"].map(|digest| issued(start, digest)), &[came]);
        let near = |got: Option<f64>, want: f64| (got.unwrap() - want).abs() < 0.1;
        assert!(near(tally.since_sent.max_ms(), 50.0));
        assert!(near(tally.since_answer.max_ms(), 30.0));
        assert!(
            near(tally.since_answer.quantile_ms(0.5), 0.0),
            "came before the answer"
        );
    }
}

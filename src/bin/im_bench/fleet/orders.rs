//! Wire module: what we tell a worker and what it answers, a JSON object a line. Each order has one answer, before
//! which a worker may say how far it is.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::census::Census;
use super::plan::Plan;
use super::tally::Counts;

/// What to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Be the worker with this number; its users are those whose number, divided by `of`, leaves it.
    Begin {
        worker: u32,
        of: u32,
        census: Census,
        service: SocketAddr,
        /// What its users have of their first login, in their order.
        kept: Vec<Kept>,
    },
    /// Log those in, so many at once.
    LogIn {
        numbers: Range<u32>,
        way: Way,
        at_once: u32,
    },
    /// Let those leave.
    LogOut { numbers: Range<u32> },
    /// Get ready for a phase of messages.
    Prepare(Plan),
    /// Send at their times after this moment of the common clock, and wait until everything has come, or nothing
    /// more does.
    Go { start: Duration },
    /// Tell what came of it.
    Tell,
}

/// By what somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// By refresh token, with the changes of the address book.
    Warm,
    /// By password, with all of the address book.
    Cold,
}

/// What a device keeps of a login for the next one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) refresh_token: String,
    /// Of the address book.
    pub(super) version: u64,
}

/// What a worker answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// Logins that have succeeded so far: no answer yet.
    SoFar(u64),
    LoggedIn(LoginReply),
    Talked(TalkReply),
    /// To all other orders.
    Done,
}

/// What came of logins.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LoginReply {
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) retries: u64,
    /// The first reason of a failure.
    pub(super) why: Option<String>,
    /// Of whole logins, as `Latencies::counts` tells them.
    pub(super) latency: Vec<(u64, u64)>,
}

/// What came of a phase of messages.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct TalkReply {
    pub(super) sent: u64,
    pub(super) counts: Counts,
    /// Connections that have ended by themselves since the last phase.
    pub(super) ended: u64,
    /// From the intended time to arrival, for QoS 0 and QoS 1.
    pub(super) latency: [Vec<(u64, u64)>; 2],
    /// From the intended time to the write.
    pub(super) lag: Vec<(u64, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_answers_take_a_line_each_and_come_back() {
        let order = Order::LogIn {
            numbers: 0..10,
            way: Way::Warm,
            at_once: 3,
        };
        let line = serde_json::to_string(&order).unwrap();
        assert!(!line.contains('\n'));
        let back: Order = serde_json::from_str(&line).unwrap();
        assert_eq!(format!("{back:?}"), format!("{order:?}"));
        let reply = Reply::Talked(TalkReply {
            lag: vec![(1, 2)],
            ..TalkReply::default()
        });
        let line = serde_json::to_string(&reply).unwrap();
        let back: Reply = serde_json::from_str(&line).unwrap();
        assert_eq!(format!("{back:?}"), format!("{reply:?}"));
    }
}

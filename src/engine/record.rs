//! What goes on record: who, when, from where, what happened and how it was decided. Never what was said, and no token.
//!
//! Room 3, pure: `audit` writes records down, the log has a line for each login.

use std::fmt;

use super::{Effect, Engine, Now, Origin, Refusal};
use crate::protocol::contract::{FeedEvent, Scope};

/// Records that may wait for the next TICK.
const MOST: usize = 20_000;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Milliseconds since 1970 UTC.
    pub unix_ms: u64,
    /// What.
    pub event: Event,
}

/// What happened. A client id is as it came, well formed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A login, by whatever name the client gave.
    Login(Login),
    /// A connection that was logged in has ended.
    Logout {
        /// Whose.
        client_id: Box<str>,
    },
    /// A connection is ended by the plugin.
    Kick {
        /// Whose.
        client_id: Box<str>,
        /// Why.
        reason: String,
    },
    /// A publish or a subscription that was refused; of each client one a second.
    Refused {
        /// Whose.
        client_id: Box<str>,
        /// What.
        what: Refused,
        /// Topic or filter.
        topic: Box<str>,
        /// Why.
        reason: String,
        /// Others of this client since the last record of this kind.
        unrecorded: u64,
    },
    /// A notice that goes out.
    Notice {
        /// Its id.
        id: String,
        /// Its kind.
        kind: String,
        /// To whom.
        scope: Scope,
    },
    /// An operator's command.
    Command {
        /// Whose.
        client_id: Box<str>,
        /// As it was named.
        command: String,
        /// Why it was refused.
        error: Option<String>,
    },
    /// The options file was read again: what has changed, or why all is as it was.
    Options(Result<Vec<String>, String>),
    /// A policy was read: how many rules are in force now, or why the former one still is.
    Policy(Result<usize, String>),
    /// A change of the directory that the feed told of.
    Directory(Change),
    /// A whole directory is in force.
    DirectoryLoaded {
        /// Users in it.
        users: usize,
        /// Groups in it.
        groups: usize,
    },
    /// Events of the feed were lost; sessions will have to log in anew.
    FeedLost {
        /// How many.
        sessions: usize,
    },
}

/// One login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The client id as it came; escaped when printed.
    pub client_id: String,
    /// The peer's address; empty when unknown.
    pub peer: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Let in, by a token known in this way.
    Granted(Origin),
    /// Refused.
    Refused(Refusal),
}

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A message.
    Publish,
    /// A subscription.
    Subscribe,
    /// A delivery; on record in shadow mode alone.
    Receive,
}

/// A change of the directory, by the names that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The feed's name of it.
    pub event: &'static str,
    /// Enterprise; empty for links of partners.
    pub eid: String,
    /// The user, if it is about one.
    pub uid: Option<String>,
    /// The group, if it is about one.
    pub gid: Option<String>,
    /// Both ends of a link, each `uid@eid`.
    pub partners: Option<[String; 2]>,
}

impl Change {
    fn of(event: &FeedEvent) -> Option<Change> {
        let (name, eid, uid, gid, partners) = match event {
            FeedEvent::UserUpserted { eid, uid, .. } => {
                ("user.upserted", eid.clone(), Some(uid.clone()), None, None)
            }
            FeedEvent::UserRemoved { eid, uid } => {
                ("user.removed", eid.clone(), Some(uid.clone()), None, None)
            }
            FeedEvent::GroupUpserted { eid, gid, .. } => {
                ("group.upserted", eid.clone(), None, Some(gid.clone()), None)
            }
            FeedEvent::GroupRemoved { eid, gid } => {
                ("group.removed", eid.clone(), None, Some(gid.clone()), None)
            }
            FeedEvent::PartnerLinked { a, b } => {
                let ends = [a.clone(), b.clone()];
                ("partner.linked", String::new(), None, None, Some(ends))
            }
            FeedEvent::PartnerUnlinked { a, b } => {
                let ends = [a.clone(), b.clone()];
                ("partner.unlinked", String::new(), None, None, Some(ends))
            }
            FeedEvent::EnterpriseUpserted { eid } => {
                ("enterprise.upserted", eid.clone(), None, None, None)
            }
            FeedEvent::EnterpriseSuspended { eid } => {
                ("enterprise.suspended", eid.clone(), None, None, None)
            }
            _ => return None,
        };
        Some(Change {
            event: name,
            eid,
            uid,
            gid,
            partners,
        })
    }
}

impl Engine {
    /// Puts something on record, for the next TICK. What does not fit is counted.
    pub(super) fn put_on_record(&mut self, event: Event, now: Now) {
        if self.records.len() >= MOST {
            self.unrecorded += 1;
            return;
        }
        let unix_ms = now.unix_ms;
        self.records.push(Effect::Record(Record { unix_ms, event }));
    }

    pub(super) fn record_change(&mut self, event: &FeedEvent, now: Now) {
        if let Some(change) = Change::of(event) {
            self.put_on_record(Event::Directory(change), now);
        }
    }

    /// What is on record and has not left with a TICK yet: no further one may come.
    pub fn take_records(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.records)
    }

    /// How many records found no room since this was last asked.
    pub fn take_unrecorded(&mut self) -> u64 {
        std::mem::take(&mut self.unrecorded)
    }
}

impl Login {
    /// In shadow mode: how it would have ended.
    pub fn would(&self) -> String {
        format!("shadow: {} would be {}", self.who(), self.outcome)
    }

    fn who(&self) -> String {
        let client_id = self.client_id.escape_debug();
        format!("login client_id=\"{client_id}\" peer={}", self.peer)
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.who(), self.outcome)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Granted(Origin::Announced) => f.write_str("granted via=announcement"),
            Outcome::Granted(Origin::Introspected) => f.write_str("granted via=introspection"),
            Outcome::Refused(refusal) => write!(f, "refused: {refusal}"),
        }
    }
}

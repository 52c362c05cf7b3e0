//! What commands tell: one value for each line of output, whatever its form.

use std::time::Duration;

use crate::event::Event;
use crate::link::Reason;
use crate::profile::Profile;
use crate::report_kept::Kept;
use crate::roster::Person;

/// Something to tell the user.
#[derive(Debug)]
pub(crate) enum Report<'a> {
    /// Everything is subscribed to.
    Ready(Subscribed<'a>),
    /// The same after a lost connection.
    Reconnected(Subscribed<'a>),
    /// Something arrived.
    Arrived {
        topic: &'a str,
        retained: bool,
        duplicate: bool,
        event: &'a Event,
    },
    /// The connection ended.
    Disconnected {
        why: String,
        reason: Option<&'a Reason>,
        retry_in: Option<Duration>,
    },
    /// The broker said no while listening; the topic is that of a subscription.
    Refused {
        topic: Option<&'a str>,
        reason: &'a Reason,
    },
    /// The broker took a publication.
    Sent(Sent<'a>),
    /// The login succeeded.
    LoggedIn(&'a Profile),
    /// Something about what is kept locally.
    Kept(Kept<'a>),
    /// A line of the roster.
    Person { uid: &'a str, person: &'a Person },
}

/// What was subscribed to.
#[derive(Debug)]
pub(crate) struct Subscribed<'a> {
    pub(crate) session: &'a str,
    /// Granted filters.
    pub(crate) filters: Vec<&'a str>,
}

/// A publication that the broker took.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) topic: &'a str,
    /// What people call the thing sent: a message to somebody, the presence.
    pub(crate) what: &'a str,
    /// Of messages only.
    pub(crate) seq: Option<u32>,
    pub(crate) confirmed: bool,
    pub(crate) reason: &'a Reason,
    /// Whether a listening `im` published it.
    pub(crate) handed_over: bool,
}

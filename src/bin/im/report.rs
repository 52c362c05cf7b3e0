//! What commands tell: one value for each line of output, whatever its form.

use std::path::Path;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::Content;

use crate::content::Offer;
use crate::event::Event;
use crate::link::Reason;
use crate::profile::Profile;
use crate::report_kept::Kept;
use crate::roster::Person;
use crate::transfer::Downloaded;

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
        /// Where its content was saved.
        saved: Option<&'a Path>,
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
    /// Bytes of a file moved; programs alone are told.
    Progress(Progress<'a>),
    /// A file that can be downloaded, and whether somebody is asked now.
    Offered { offer: &'a Offer, from: &'a str },
    /// A file has come.
    Downloaded {
        offer: &'a Offer,
        downloaded: &'a Downloaded,
    },
    /// It has not.
    NotDownloaded {
        offer: &'a Offer,
        why: &'a str,
        exit_code: u8,
    },
    /// Something about what is kept locally.
    Kept(Kept<'a>),
    /// A line of the roster.
    Person { uid: &'a str, person: &'a Person },
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress<'a> {
    /// Of ours, to the static service.
    pub(crate) upload: bool,
    pub(crate) name: &'a str,
    pub(crate) bytes: u64,
    pub(crate) total: Option<u64>,
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
    /// Of messages only.
    pub(crate) content: Option<Content>,
    /// The file that was uploaded for it.
    pub(crate) offer: Option<&'a Offer>,
    pub(crate) confirmed: bool,
    pub(crate) reason: &'a Reason,
    /// Whether a listening `im` published it.
    pub(crate) handed_over: bool,
}

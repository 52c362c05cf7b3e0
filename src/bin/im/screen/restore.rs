//! Lines from the history, put into their conversations before anything happens.

use mosquitto_enterprise_push::protocol::Content;

use super::conversation::{Delivery, FileLine, FileState, Line};
use super::peer::Peer;
use super::state::State;
use crate::content::{read_offer, size};
use crate::history::{Body, Record};
use crate::report_json::content;
use crate::report_text::offered;
use crate::sanitise::sanitise_lines;

impl State {
    /// Takes in what was kept, the oldest first, each with its time as people see it. It has been read.
    pub(crate) fn restore(&mut self, records: impl IntoIterator<Item = (String, Record)>) {
        for (time, record) in records {
            let peer = self.peer_of(&record);
            let (text, file) = told(&record);
            let (from, delivery) = match record.outgoing {
                true => ("me".to_owned(), Delivery::Sent),
                false => (self.name(&record.from), Delivery::Received),
            };
            let id = self.take_id();
            self.conversation(&peer).push(Line {
                id,
                time,
                from,
                text,
                delivery,
                file,
            });
        }
    }

    fn peer_of(&self, record: &Record) -> Peer {
        match record.with.as_str() {
            "me" => Peer::my_other(self.me.kind),
            with => Peer::named(with),
        }
    }
}

/// The text, and the file that it offers to us.
fn told(record: &Record) -> (String, Option<FileLine>) {
    let Body::Text(text) = &record.body else {
        let kind = content(record.content);
        return (format!("[{kind} of {}]", size(record.bytes)), None);
    };
    let offer = match record.content {
        Content::Hyperlink => read_offer(text).and_then(Result::ok),
        _ => None,
    };
    match offer {
        Some(offer) if record.outgoing => (offered(&offer), None),
        Some(offer) => {
            let text = offered(&offer);
            let (offer, state) = (Some(offer), FileState::Offered);
            (text, Some(FileLine { offer, state }))
        }
        None => (sanitise_lines(text), None),
    }
}

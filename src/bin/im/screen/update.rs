//! What happens to the screen.

use mosquitto_enterprise_push::protocol::Notice;

use super::conversation::{Delivery, FileLine, FileState, Line};
use super::peer::Peer;
use super::state::{Connection, Effect, Happening, State};
use crate::event::{Event, MessageEvent};
use crate::report_text::{body, notice_words};
use crate::sanitise::{sanitise, sanitise_lines};

impl State {
    /// Takes in what happened; `now` is the time as people see it.
    pub(crate) fn update(&mut self, now: &str, happening: Happening) -> Vec<Effect> {
        match happening {
            Happening::Key(key) => return self.key(now, key),
            Happening::Pasted(text) => self.paste(&text),
            Happening::Resized => {}
            Happening::Connected => self.connection = Connection::Online,
            Happening::Lost { why, retry_in_s } => {
                // All comes anew with the next connection, some of it before that is complete.
                self.people.clear();
                let why = sanitise(&why);
                self.connection = Connection::Lost { why, retry_in_s };
            }
            Happening::Arrived { time, event, saved } => self.arrived(time, *event, saved),
            Happening::Delivered { id, delivery } => self.delivered(id, delivery),
            Happening::Moved { id, bytes, total } => self.moved(id, bytes, total),
            Happening::Fetched { id, result } => self.fetched(id, result),
            Happening::Named(names) => {
                self.names = names;
                self.list_named();
            }
            Happening::Said(text) => self.status = sanitise(&text),
        }
        Vec::new()
    }

    fn arrived(&mut self, time: String, event: Event, saved: Option<String>) {
        self.people.note(&event);
        match event {
            Event::Message(message) => self.message(time, &message, saved),
            Event::Presence { uid, .. } | Event::Signature { uid, .. } => {
                if uid != self.me.uid {
                    self.conversation(&Peer::User(uid));
                }
            }
            Event::Notice(notice) => self.notice(time, &notice),
            Event::Refused(notice) => {
                self.status = notice_words(&notice);
                self.notice(time, &notice);
            }
            Event::Malformed { error, data } => {
                let bytes = data.len();
                let text = format!("unreadable message of {bytes} bytes: {}", sanitise(&error));
                self.put(Peer::Notices, time, String::new(), text, None);
            }
        }
    }

    fn message(&mut self, time: String, message: &MessageEvent, saved: Option<String>) {
        let peer = Peer::of(message, self.me.kind);
        let offer = message.offer().and_then(Result::ok);
        let file = match (offer, saved) {
            (Some(offer), _) => Some(FileLine {
                offer: Some(offer),
                state: FileState::Offered,
            }),
            (None, Some(path)) => Some(FileLine {
                offer: None,
                state: FileState::Saved(sanitise(&path)),
            }),
            (None, None) => None,
        };
        let text = match (&file, message.text()) {
            (None, Some(text)) if message.offer().is_none() => sanitise_lines(text),
            _ => body(message),
        };
        let from = self.name(&message.from);
        self.put(peer, time, from, text, file);
    }

    fn notice(&mut self, time: String, notice: &Notice) {
        self.put(
            Peer::Notices,
            time,
            String::new(),
            notice_words(notice),
            None,
        );
    }

    /// Puts a line of somebody else's into a conversation.
    fn put(
        &mut self,
        peer: Peer,
        time: String,
        from: String,
        text: String,
        file: Option<FileLine>,
    ) {
        let id = self.take_id();
        let seen = peer == self.selected && self.scroll == 0;
        let conversation = self.conversation(&peer);
        conversation.unread += usize::from(!seen);
        conversation.push(Line {
            id,
            time,
            from,
            text,
            delivery: Delivery::Received,
            file,
        });
    }

    fn delivered(&mut self, id: u64, delivery: Delivery) {
        let delivery = match delivery {
            Delivery::Refused(why) => Delivery::Refused(sanitise(&why)),
            Delivery::Unsure(why) => Delivery::Unsure(sanitise(&why)),
            other => other,
        };
        self.change(id, |line| {
            line.delivery = delivery;
            // The bytes that moved are of no interest any more.
            line.file = None;
        });
    }

    fn moved(&mut self, id: u64, bytes: u64, total: Option<u64>) {
        self.change(id, |line| {
            let state = FileState::Moving { bytes, total };
            match &mut line.file {
                Some(file) => file.state = state,
                None => line.file = Some(FileLine { offer: None, state }),
            }
        });
    }

    fn fetched(&mut self, id: u64, result: Result<String, String>) {
        let state = match result {
            Ok(path) => FileState::Saved(sanitise(&path)),
            Err(why) => FileState::Failed(sanitise(&why)),
        };
        self.change(id, |line| {
            if let Some(file) = &mut line.file {
                file.state = state;
            }
        });
    }

    /// Changes a line, if it is still kept.
    fn change(&mut self, id: u64, change: impl FnOnce(&mut Line)) {
        let mut conversations = self.conversations.values_mut();
        if let Some(line) = conversations.find_map(|conversation| conversation.line_mut(id)) {
            change(line);
        }
    }
}

//! All that the screen shows, what can happen to it, and what it asks for.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use mosquitto_enterprise_push::protocol::Presence;
use ratatui_textarea::{TextArea, WrapMode};

use super::conversation::{Conversation, Delivery};
use super::peer::Peer;
use crate::content::Offer;
use crate::event::Event;
use crate::names::Names;
use crate::profile::Kind;
use crate::roster::Roster;

/// The largest address book of which everybody is listed.
const MOST_LISTED: usize = 200;

/// Who sits at the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) uid: String,
    pub(crate) eid: String,
    pub(crate) kind: Kind,
}

/// Something that happens.
#[derive(Debug)]
pub(crate) enum Happening {
    Key(KeyEvent),
    Pasted(String),
    /// Only the drawing changes.
    Resized,
    /// Everything is subscribed to.
    Connected,
    /// The connection is gone; there will be another attempt after so many seconds.
    Lost {
        why: String,
        retry_in_s: Option<f64>,
    },
    /// Something came, with its time as people see it, and where its content was saved.
    Arrived {
        time: String,
        event: Box<Event>,
        saved: Option<String>,
    },
    /// A message of ours is through, or not.
    Delivered {
        id: u64,
        delivery: Delivery,
    },
    /// A file moves.
    Moved {
        id: u64,
        bytes: u64,
        total: Option<u64>,
    },
    /// A download has ended: the path, or what went wrong.
    Fetched {
        id: u64,
        result: Result<String, String>,
    },
    /// The address book is this now.
    Named(Names),
    /// Something to tell in the status line.
    Said(String),
}

/// Something that somebody else must do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    Send {
        id: u64,
        to: String,
        text: String,
    },
    SendFile {
        id: u64,
        to: String,
        path: String,
    },
    Download {
        id: u64,
        offer: Box<Offer>,
    },
    Presence(Presence),
    /// Empty: removed.
    Sign(String),
    Quit,
}

/// How the connection is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Connection {
    Connecting,
    Online,
    Lost {
        why: String,
        retry_in_s: Option<f64>,
    },
}

/// The screen.
pub(crate) struct State {
    pub(super) me: Me,
    pub(super) conversations: BTreeMap<Peer, Conversation>,
    pub(super) people: Roster,
    /// Names of users, where the address book is at hand.
    pub(super) names: Names,
    pub(super) selected: Peer,
    pub(super) input: TextArea<'static>,
    /// Lines of the screen that the view is above the latest.
    pub(super) scroll: usize,
    pub(super) connection: Connection,
    pub(super) status: String,
    pub(super) help: bool,
    pub(super) next_id: u64,
}

impl State {
    /// Before anything has happened, with the user's groups.
    pub(crate) fn new(me: Me, groups: &[String], names: Names) -> State {
        let fixed = [Peer::Notices, Peer::my_other(me.kind)];
        let groups = groups.iter().map(|gid| Peer::Group(gid.clone()));
        let peers = fixed.into_iter().chain(groups);
        let conversations = peers.map(|peer| (peer, Conversation::default()));
        let mut state = State {
            me,
            conversations: conversations.collect(),
            people: Roster::default(),
            names,
            selected: Peer::Notices,
            input: empty_input(),
            scroll: 0,
            connection: Connection::Connecting,
            status: String::new(),
            help: false,
            next_id: 1,
        };
        state.list_named();
        state
    }

    /// Lists everybody of a small address book; of a large one those are enough who say something.
    pub(super) fn list_named(&mut self) {
        if self.names.uids().count() > MOST_LISTED {
            return;
        }
        let others = self.names.uids().filter(|uid| *uid != self.me.uid);
        let peers: Vec<Peer> = others.map(|uid| Peer::User(uid.to_owned())).collect();
        for peer in peers {
            self.conversations.entry(peer).or_default();
        }
    }

    /// How a peer is called.
    pub(super) fn title(&self, peer: &Peer) -> String {
        match peer {
            Peer::Notices => "Notices".to_owned(),
            Peer::Phone => "My phone".to_owned(),
            Peer::Pc => "My PC".to_owned(),
            Peer::Group(gid) => format!("#{gid}"),
            Peer::User(uid) => self.name(uid),
        }
    }

    /// How a user is called.
    pub(super) fn name(&self, uid: &str) -> String {
        self.names.get(uid).unwrap_or(uid).to_owned()
    }

    pub(super) fn conversation(&mut self, peer: &Peer) -> &mut Conversation {
        self.conversations.entry(peer.clone()).or_default()
    }

    /// A number for a new line.
    pub(super) fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub(super) fn select(&mut self, peer: Peer) {
        self.conversation(&peer).unread = 0;
        self.selected = peer;
        self.scroll = 0;
    }
}

/// A line of input without anything in it.
pub(super) fn empty_input() -> TextArea<'static> {
    let mut input = TextArea::default();
    input.set_wrap_mode(WrapMode::WordOrGlyph);
    input.set_cursor_line_style(ratatui::style::Style::default());
    input
}

//! The lines of one conversation.

use std::collections::VecDeque;

use crate::content::Offer;

/// Lines that are kept of each conversation.
const MOST_LINES: usize = 1000;

/// What became of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It is somebody else's.
    Received,
    Sending,
    Sent,
    /// The broker took it, but nobody has subscribed to it.
    Unheard,
    /// With the reason.
    Refused(String),
    /// It is not known whether the broker took it, and why.
    Unsure(String),
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileState {
    Offered,
    Moving { bytes: u64, total: Option<u64> },
    Saved(String),
    Failed(String),
    Declined,
}

/// A file that a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileLine {
    /// Of a file that can be downloaded.
    pub(super) offer: Option<Offer>,
    pub(super) state: FileState,
}

/// One message. All its text is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// By which outcomes and orders name it.
    pub(super) id: u64,
    /// As people see it.
    pub(super) time: String,
    pub(super) from: String,
    /// May hold line breaks.
    pub(super) text: String,
    pub(super) delivery: Delivery,
    pub(super) file: Option<FileLine>,
}

/// A conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Conversation {
    pub(super) lines: VecDeque<Line>,
    pub(super) unread: usize,
}

impl Conversation {
    pub(super) fn push(&mut self, line: Line) {
        if self.lines.len() >= MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(super) fn line_mut(&mut self, id: u64) -> Option<&mut Line> {
        self.lines.iter_mut().rev().find(|line| line.id == id)
    }

    /// The offer with this id, or the latest one, if it is still open.
    pub(super) fn open_offer(&mut self, id: Option<u64>) -> Option<&mut Line> {
        let mut lines = self.lines.iter_mut().rev();
        lines.find(|line| {
            let open = |file: &FileLine| file.offer.is_some() && file.state.is_open();
            id.is_none_or(|id| line.id == id) && line.file.as_ref().is_some_and(open)
        })
    }
}

impl FileState {
    /// Whether a download can be begun: also after one that failed.
    fn is_open(&self) -> bool {
        matches!(self, FileState::Offered | FileState::Failed(_))
    }
}

//! What `im listen` does beside listening: keeps messages, and keeps the address book up to date.
//!
//! A task of its own, so that a slow static service or disk never holds a message up. Whoever listens hands errands
//! over through a [`Keeper`] and now and then hears [`News`].

mod schedule;
mod task;

use std::future::pending;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::UserName;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::book::Synced;
use crate::clock;
use crate::event::Event;
use crate::failure::Failure;
use crate::history::{self, Files, Record};
use crate::session::Context;
use crate::wire::control::ControlAnswer;
use task::Task;

/// Errands that may wait; a message that finds no room is not kept, and that is told.
const QUEUE: usize = 4096;
/// How long a short command waits for the personal key, once its message has gone.
const KEY_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the end may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Something to do.
#[derive(Debug)]
enum Errand {
    Keep(Record),
    /// Something has changed in the address book.
    Synchronise,
    TellKey(oneshot::Sender<ControlAnswer>),
}

/// Something to tell the user.
#[derive(Debug)]
pub(crate) enum News {
    /// The address book has changed.
    Synced(Synced),
    /// Something is not done as it should be.
    Trouble(String),
}

/// The task, for whoever listens.
pub(crate) struct Keeping {
    keeper: Keeper,
    news: mpsc::UnboundedReceiver<News>,
    task: JoinHandle<()>,
}

/// Hands errands over; never waits.
#[derive(Debug, Clone)]
pub(crate) struct Keeper(mpsc::Sender<Errand>);

impl Keeping {
    /// Begins, with bringing the address book up to date.
    pub(crate) fn start(context: &Context) -> Keeping {
        let (errands, received) = mpsc::channel(QUEUE);
        let (tell, news) = mpsc::unbounded_channel();
        let task = tokio::spawn(Task::new(context.clone(), received, tell).run());
        let keeper = Keeper(errands);
        Keeping { keeper, news, task }
    }

    pub(crate) fn keeper(&self) -> Keeper {
        self.keeper.clone()
    }

    /// Waits for the next news. Cancel-safe.
    pub(crate) async fn news(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => pending().await,
        }
    }

    /// Waits until what was handed over is kept.
    pub(crate) async fn close(self) {
        drop(self.keeper);
        let abort = self.task.abort_handle();
        if timeout(CLOSE_TIMEOUT, self.task).await.is_err() {
            abort.abort();
        }
    }
}

impl Keeper {
    /// Something arrived: a message to keep, or a notice that the address book has changed.
    pub(crate) fn received(&self, event: &Event) {
        match event {
            Event::Message(message) => {
                self.hand(Errand::Keep(Record::received(message, clock::now_ms())));
            }
            Event::Notice(notice) if changes_book(&notice.kind) => self.hand(Errand::Synchronise),
            _ => {}
        }
    }

    /// The broker took something from us.
    pub(crate) fn sent(&self, topic: &str, payload: &[u8], me: UserName<'_>) {
        if let Some(record) = Record::sent(topic, payload, me, clock::now_ms()) {
            self.hand(Errand::Keep(record));
        }
    }

    /// Somebody of the same user asks for the personal key.
    pub(crate) fn tell_key(&self, reply: oneshot::Sender<ControlAnswer>) {
        self.hand(Errand::TellKey(reply));
    }

    fn hand(&self, errand: Errand) {
        // Full or closed: what is lost is a convenience, and waiting would hold messages up.
        let _ = self.0.try_send(errand);
    }
}

/// Keeps what a short command has sent by its own connection; gives what went wrong. The message has gone, so
/// this must not take long.
pub(crate) async fn keep_sent(context: &mut Context, record: Option<Record>) -> Option<String> {
    let record = record.filter(|_| context.history_bytes > 0)?;
    let slow = |_| Err(Failure::TimedOut("the static service is slow".to_owned()));
    let key = timeout(KEY_TIMEOUT, context.personal_key()).await;
    let (key, _) = match key.unwrap_or_else(slow) {
        Ok(found) => found,
        // Told by `im listen` and `im history`; not with every message.
        Err(Failure::NoPersonalKey | Failure::NoRefreshToken) => {
            return None;
        }
        Err(failure) => return Some(format!("sent, but not kept: {failure}")),
    };
    let kept =
        Files::of(context, &key, context.history_bytes).and_then(|mut files| files.append(&record));
    kept.err()
        .map(|error: history::HistoryError| format!("sent, but not kept: {error}"))
}

/// Kinds of notices that tell of changes in the address book (docs/notices.md).
fn changes_book(kind: &str) -> bool {
    ["group.", "partner.", "address-book.", "address_book."]
        .iter()
        .any(|family| kind.starts_with(family))
}

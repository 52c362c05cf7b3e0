//! The task itself: one errand at a time, with the address book's loading beside it.

use std::collections::VecDeque;
use std::future::pending;

use mosquitto_enterprise_push::client::PersonalKey;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::schedule::Schedule;
use super::{Errand, News};
use crate::book::{Synced, synchronise};
use crate::failure::Failure;
use crate::history::{Files, Record};
use crate::session::Context;

/// Messages that wait for the key; further ones are not kept.
const WAITING: usize = 1000;

/// A loading that is under way: it has the context meanwhile.
type Loading = JoinHandle<(Context, Result<Synced, Failure>)>;

pub(super) struct Task {
    /// With the latest credentials; a loading works on a copy.
    context: Context,
    errands: mpsc::Receiver<Errand>,
    news: mpsc::UnboundedSender<News>,
    schedule: Schedule,
    loading: Option<Loading>,
    history: History,
    /// The latest trouble told, so that it is not told again and again.
    told: Option<String>,
}

/// The history, as far as it can be written.
enum History {
    /// Not yet: the key is still to come.
    Waiting(VecDeque<Record>),
    /// Under this key.
    Open(Box<Files>, PersonalKey),
    Off,
}

impl Task {
    pub(super) fn new(
        context: Context,
        errands: mpsc::Receiver<Errand>,
        news: mpsc::UnboundedSender<News>,
    ) -> Task {
        let history = match context.history_bytes {
            0 => History::Off,
            _ => History::Waiting(VecDeque::new()),
        };
        Task {
            context,
            errands,
            news,
            schedule: Schedule::new(Instant::now()),
            loading: None,
            history,
            told: None,
        }
    }

    /// Until nobody is left to hand errands over.
    pub(super) async fn run(mut self) {
        loop {
            let due = self.schedule.due().filter(|_| self.loading.is_none());
            tokio::select! {
                errand = self.errands.recv() => match errand {
                    Some(errand) => self.carry_out(errand),
                    None => return,
                },
                loaded = loaded(&mut self.loading) => self.take(loaded),
                () = until(due) => self.load(),
            }
        }
    }

    fn carry_out(&mut self, errand: Errand) {
        match errand {
            Errand::Keep(record) => self.keep(record),
            Errand::Synchronise => self.schedule.soon(Instant::now()),
            Errand::TellKey(reply) => {
                // Should the asker have gone, nothing is lost.
                let _ = reply.send(self.context.told_key());
            }
        }
    }

    fn load(&mut self) {
        let mut context = self.context.clone();
        self.loading = Some(tokio::spawn(async move {
            let result = load(&mut context).await;
            (context, result)
        }));
    }

    /// A loading has ended.
    fn take(&mut self, loaded: Option<(Context, Result<Synced, Failure>)>) {
        self.loading = None;
        let now = Instant::now();
        let Some((context, result)) = loaded else {
            return self.schedule.failed(now, None);
        };
        self.context = context;
        self.open_history();
        match result {
            Ok(synced) => {
                self.schedule.done(now);
                self.told = None;
                self.tell_of(synced);
            }
            Err(failure) => {
                match &failure {
                    Failure::Service(error) if error.is_temporary() => {
                        self.schedule.failed(now, error.retry_after());
                    }
                    Failure::TimedOut(_) | Failure::Store(_) => self.schedule.failed(now, None),
                    _ => self.give_up(),
                }
                self.trouble(format!("address book not brought up to date: {failure}"));
            }
        }
    }

    fn tell_of(&mut self, synced: Synced) {
        if let Some(trouble) = &synced.trouble {
            self.trouble(format!("address book loaded anew: {trouble}"));
        }
        if synced.full || synced.entries > 0 {
            // Nobody listens any more: it ends soon.
            let _ = self.news.send(News::Synced(synced));
        }
    }

    /// Without a key, or with a login that is over, nothing more will come.
    fn give_up(&mut self) {
        self.schedule.stop();
        if matches!(self.history, History::Waiting(_)) {
            self.history = History::Off;
        }
    }

    /// Opens the history once the key is known, or is another one.
    fn open_history(&mut self) {
        let Some(key) = self.context.key.clone() else {
            return;
        };
        let waiting = match &mut self.history {
            History::Off => return,
            History::Open(_, known) if *known == key => return,
            History::Open(..) => VecDeque::new(),
            History::Waiting(waiting) => std::mem::take(waiting),
        };
        match Files::of(&self.context, &key, self.context.history_bytes) {
            Ok(files) => self.history = History::Open(Box::new(files), key),
            Err(error) => {
                self.history = History::Off;
                self.trouble(format!("history not kept: {error}"));
            }
        }
        waiting.into_iter().for_each(|record| self.keep(record));
    }

    fn keep(&mut self, record: Record) {
        let kept = match &mut self.history {
            History::Off => return,
            History::Open(files, _) => files.append(&record).map_err(|error| error.to_string()),
            History::Waiting(waiting) if waiting.len() < WAITING => {
                waiting.push_back(record);
                return;
            }
            History::Waiting(_) => Err("too many messages wait for the key".to_owned()),
        };
        if let Err(why) = kept {
            self.trouble(format!("history not kept: {why}"));
        }
    }

    fn trouble(&mut self, text: String) {
        if self.told.as_ref() != Some(&text) {
            self.told = Some(text.clone());
            let _ = self.news.send(News::Trouble(text));
        }
    }
}

/// Without a key there is no copy, so nothing to bring up to date.
async fn load(context: &mut Context) -> Result<Synced, Failure> {
    context.personal_key().await?;
    synchronise(context).await
}

/// Waits for the loading, if there is one; none when it broke off. Cancel-safe.
async fn loaded(loading: &mut Option<Loading>) -> Option<(Context, Result<Synced, Failure>)> {
    match loading {
        Some(loading) => loading.await.ok(),
        None => pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

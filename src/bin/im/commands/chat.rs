//! `im chat`: the full-screen mode. The session is received beside it; what the screen asks for is done in
//! tasks that tell it how they ended.

use std::io::IsTerminal;
use std::time::Duration;

use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt;
use mosquitto_enterprise_push::protocol::Topic;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::chat_work::Worker;
use super::listen_stop::stop;
use super::reception::{Connected, Front, Manner, Reception};
use super::save::save;
use crate::cli::Chat;
use crate::clock;
use crate::event::Event;
use crate::failure::Failure;
use crate::history::{self, Wanted};
use crate::keeping::News;
use crate::link::{Arrival, LinkError, Publisher};
use crate::names::{Names, kept_names};
use crate::screen::{Effect, Happening, Me, State, Terminal};
use crate::session::Context;

/// What may have happened before the screen takes it in; the session waits then.
const QUEUE: usize = 256;

/// How long the history may keep the screen waiting: its key may have to come from a service that is away.
const KEY_WAIT: Duration = Duration::from_secs(1);
/// Messages of the history that are shown.
const MOST_KEPT: usize = 1000;

pub(super) async fn run(options: Chat, mut context: Context) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        let text = "chat needs a terminal: use listen and send";
        return Err(Failure::Usage(text.to_owned()));
    }
    let (sender, happenings) = mpsc::channel(QUEUE);
    let (publisher, published) = watch::channel(None);
    let state = state(&mut context).await;
    let worker = Worker::new(&context, &options, sender.clone(), published)?;
    let front = Feed {
        sender,
        publisher,
        save: options.save,
    };
    let manner = Manner {
        subscribe: true,
        reconnect: true,
    };
    let mut reception = Reception::open(context, manner, front).await?;
    let worker = worker.keeping(reception.keeper());
    let terminal = Terminal::take().map_err(Failure::Output)?;
    let result = tokio::select! {
        biased;
        stopped = stop(None) => stopped.map(drop),
        result = reception.receive() => result,
        result = show(terminal, state, happenings, worker) => result,
    };
    // Only now: the terminal is given back at once, whatever the broker does.
    reception.close().await;
    result
}

/// As it was left: with the names of the address book and the history, as far as they can be read.
async fn state(context: &mut Context) -> State {
    let names = kept_names(context).await;
    let profile = &context.profile;
    let user = profile.session.user();
    let me = Me {
        uid: user.uid.to_owned(),
        eid: user.eid.to_owned(),
        kind: profile.kind,
    };
    let groups = profile.grant.topics.groups.iter();
    let groups: Vec<String> = groups
        .filter_map(|topic| match Topic::parse(topic) {
            Topic::Group { gid, .. } => Some(gid.to_owned()),
            _ => None,
        })
        .collect();
    let mut state = State::new(me, &groups, names);
    if let Ok(Ok((key, _))) = timeout(KEY_WAIT, context.personal_key()).await {
        let wanted = Wanted {
            limit: MOST_KEPT,
            ..Wanted::default()
        };
        let records = history::read(context, &key, &wanted).records.into_iter();
        state.restore(records.map(|record| (clock::local(record.timestamp_ms), record)));
    }
    state
}

/// Until the person quits. The terminal is given back when this ends or is dropped.
async fn show(
    mut terminal: Terminal,
    mut state: State,
    mut happenings: mpsc::Receiver<Happening>,
    mut worker: Worker,
) -> Result<(), Failure> {
    let mut keys = EventStream::new();
    loop {
        terminal.draw(&state).map_err(Failure::Output)?;
        let happening = tokio::select! {
            key = keys.next() => match key {
                Some(key) => of_terminal(key.map_err(Failure::Input)?),
                // The terminal has gone.
                None => return Ok(()),
            },
            Some(happening) = happenings.recv() => Some(happening),
        };
        // All that has happened meanwhile is drawn at once.
        let mut next = happening.or_else(|| happenings.try_recv().ok());
        while let Some(happening) = next {
            for effect in state.update(&clock::local(clock::now_ms()), happening) {
                if effect == Effect::Quit {
                    return Ok(());
                }
                worker.carry_out(effect);
            }
            next = happenings.try_recv().ok();
        }
    }
}

fn of_terminal(input: Input) -> Option<Happening> {
    match input {
        Input::Key(key) => Some(Happening::Key(key)),
        Input::Paste(text) => Some(Happening::Pasted(text)),
        Input::Resize(..) => Some(Happening::Resized),
        _ => None,
    }
}

/// Feeds the screen with what comes from the broker.
struct Feed {
    sender: mpsc::Sender<Happening>,
    publisher: watch::Sender<Option<Publisher>>,
    save: Option<std::path::PathBuf>,
}

impl Feed {
    async fn tell(&self, happening: Happening) {
        // The screen ends before this does only when all ends.
        let _ = self.sender.send(happening).await;
    }
}

impl Front for Feed {
    async fn connected(&mut self, connected: Connected<'_>) -> Result<(), Failure> {
        let publisher = connected.publisher.clone();
        self.publisher.send_replace(Some(publisher));
        self.tell(Happening::Connected).await;
        for (topic, reason) in connected.refused {
            let text = format!("the broker refused the subscription to {topic}: {reason}");
            self.tell(Happening::Said(text)).await;
        }
        Ok(())
    }

    async fn lost(&mut self, error: &LinkError, retry_in: Option<Duration>) -> Result<(), Failure> {
        self.publisher.send_replace(None);
        let why = error.to_string();
        let retry_in_s = retry_in.map(|wait| wait.as_secs_f64());
        self.tell(Happening::Lost { why, retry_in_s }).await;
        Ok(())
    }

    async fn arrived(&mut self, _: &Arrival, event: Event) -> Result<bool, Failure> {
        let (timestamp_ms, saved) = match (&event, &self.save) {
            (Event::Message(message), Some(folder)) if message.is_inline() => {
                (message.timestamp_ms, Some(save(message, folder)?))
            }
            (Event::Message(message), _) => (message.timestamp_ms, None),
            (Event::Notice(notice) | Event::Refused(notice), _) => (notice.time, None),
            _ => (clock::now_ms(), None),
        };
        self.tell(Happening::Arrived {
            time: clock::local(timestamp_ms),
            event: Box::new(event),
            saved: saved.map(|path| path.to_string_lossy().into_owned()),
        })
        .await;
        Ok(false)
    }

    async fn told(&mut self, news: News) -> Result<(), Failure> {
        let happening = match news {
            News::Synced(synced) => Happening::Named(Names::of_book(&synced.book)),
            News::Trouble(text) => Happening::Said(text),
        };
        self.tell(happening).await;
        Ok(())
    }

    async fn work(&mut self) -> Result<(), Failure> {
        std::future::pending().await
    }
}

//! Room 8: the worker. One thread with one single-threaded tokio runtime owns every socket; the broker's
//! thread talks to it through two bounded queues and is woken by the doorbell.
//!
//! The worker never calls the broker: even log lines go through the queue of updates.

mod audit;
mod backoff;
mod breaker;
mod copy;
mod cursor;
mod devices;
mod directory;
mod doorbell;
mod feed;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod introspection;
mod loopback;
mod mailbox;
mod metrics;
mod seal;
mod service;
mod thread;
mod undelivered;

use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};

pub use copy::{Copied, copied_directory};
pub use doorbell::Bell;
pub use loopback::{Loopback, Messenger, TURN, Takeover, Turns, USERNAME, open as open_loopback};
pub use mailbox::{Inbox, Update};

use crate::config::{Configuration, Settings};
use crate::engine::{AskKey, Level, Record, Undelivered};
use crate::metrics::{Counted, Metrics, Shared};
use crate::protocol::contract::DirectoryStep;
use crate::upstream::{Question, StaticService, UpstreamError};
use backoff::Backoff;
use breaker::Breaker;
use copy::Copy;
use cursor::{Cursor, Position};
use devices::DeviceFile;
use directory::Directory;
use mailbox::Outbox;
use service::Service;
use undelivered::UndeliveredFile;

/// Questions that may wait for the worker. Further ones are refused by [`Worker::ask`].
const MAX_QUESTIONS: usize = 4096;

/// New devices that may wait to be written. One that finds no room is written when it comes again.
const MAX_DEVICES: usize = 16_384;

/// What the worker needs of the process around it.
pub trait Platform: Send + Sync + 'static {
    /// Makes the broker's thread leave its wait and run TICK. Called from the worker's thread.
    fn ring(&self);
    /// Keeps all signals away from the calling thread: SIGHUP and SIGTERM belong to the broker.
    fn block_signals(&self);
    /// Puts the calling thread behind the broker's: logins wait for messages, and not the other way round.
    fn give_way(&self);
    /// Gives the calling thread a table of open files of its own, with nothing in it but the standard streams and
    /// the files of these numbers. Where the kernel cannot, or may not, do this, all stays as it is.
    fn separate_files(&self, keep: &[i32]);
    /// The session by which the plugin publishes where the broker has no call for it (1.x). Given out once.
    fn loopback(&self) -> Option<Loopback> {
        None
    }
}

/// A question on its way.
pub struct Request {
    /// Under which the answer comes back.
    pub key: AskKey,
    /// What to ask.
    pub question: Question,
}

/// The running worker. Dropping it stops the thread and waits for its end.
pub struct Worker {
    requests: Option<mpsc::Sender<Request>>,
    devices: mpsc::Sender<Box<str>>,
    recorder: audit::Recorder,
    figures: Arc<Mutex<Shared>>,
    counted: Counted,
    stop: watch::Sender<bool>,
    reload: watch::Sender<()>,
    thread: Option<JoinHandle<()>>,
    undelivered: Option<UndeliveredFile>,
}

/// What `state_dir` held.
#[derive(Default)]
pub struct Restored {
    /// The steps of the directory's copy.
    pub directory: Vec<DirectoryStep>,
    /// The devices that have been here, by client id.
    pub devices: Vec<String>,
    /// What was on its way when the broker stopped.
    pub undelivered: Vec<Undelivered>,
    /// What could not be used, for the log.
    pub complaints: Vec<String>,
    since: Option<u64>,
}

/// Why the worker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP client.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// Thread or runtime.
    #[error("cannot start the worker: {0}")]
    System(#[from] io::Error),
}

impl Worker {
    /// Starts the thread. Updates come out of the inbox, on the broker's thread.
    pub fn start(
        configuration: Configuration,
        settings: &Settings,
        platform: Arc<dyn Platform>,
    ) -> Result<(Worker, Inbox, Restored), StartError> {
        let service = Service::new(StaticService::new(settings)?, settings);
        let (requests, incoming) = mpsc::channel(MAX_QUESTIONS);
        let applied = cursor::Applied::default();
        let (outbox, inbox) = mailbox::open(Bell::new(Arc::clone(&platform)), Arc::clone(&applied));
        let (stop, stopped) = watch::channel(false);
        let (reload, reloads) = watch::channel(());
        let (cursor, directory, devices, mut restored) = restore(settings);
        let figures = Arc::<Mutex<Shared>>::default();
        let metrics = Metrics::new(Arc::clone(&figures), &build(settings));
        let counted = metrics.counted.clone();
        let complaints = &mut restored.complaints;
        let (recorder, audit) = audit::open(settings, service.settings(), &counted, complaints);
        let (new_devices, coming) = mpsc::channel(MAX_DEVICES);
        let job = Job {
            configuration,
            service,
            reload: reloads,
            breaker: Arc::default(),
            outbox,
            follow: settings.feed,
            applied,
            cursor,
            directory,
            devices,
            new_devices: coming,
            audit,
            metrics: Arc::new(metrics),
            loopback: platform.loopback(),
            since: restored.since,
        };
        let thread = thread::start(platform, move || job.run(incoming, stopped))?;
        let worker = Worker {
            requests: Some(requests),
            devices: new_devices,
            recorder,
            figures,
            counted,
            stop,
            reload,
            thread: Some(thread),
            undelivered: settings.state_dir.as_deref().map(UndeliveredFile::new),
        };
        Ok((worker, inbox, restored))
    }

    /// Makes the worker read the files of the settings again.
    pub fn reload(&self) {
        self.reload.send_replace(());
    }

    /// Keeps a new device in mind over restarts. Never waits.
    pub fn note_device(&self, client_id: Box<str>) {
        // Without room it is noted when it comes again.
        let _ = self.devices.try_send(client_id);
    }

    /// Puts something on record. Never waits: what finds no room is counted.
    pub fn record(&self, record: Record) {
        self.recorder.put(record);
    }

    /// Where the broker's thread leaves its figures, and what the worker has counted.
    pub fn figures(&self) -> (Arc<Mutex<Shared>>, Counted) {
        (Arc::clone(&self.figures), self.counted.clone())
    }

    /// Counts what could not be put on record.
    pub fn count_unrecorded(&self, records: u64) {
        self.recorder.count_dropped(records);
    }

    /// Sends a question; false when the queue is full. Never waits.
    pub fn ask(&self, request: Request) -> bool {
        self.requests
            .as_ref()
            .is_some_and(|queue| queue.try_send(request).is_ok())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            // A panic in the worker was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Job {
    configuration: Configuration,
    service: Service,
    reload: watch::Receiver<()>,
    breaker: Arc<Breaker>,
    outbox: Outbox,
    follow: bool,
    applied: cursor::Applied,
    cursor: Option<Cursor>,
    directory: Directory,
    devices: Option<DeviceFile>,
    new_devices: mpsc::Receiver<Box<str>>,
    audit: audit::Audit,
    metrics: Arc<Metrics>,
    loopback: Option<Loopback>,
    since: Option<u64>,
}

/// Reads what `state_dir` holds. Runs before the broker serves anybody, so that restored sessions are judged by
/// the directory from the first message on.
fn restore(settings: &Settings) -> (Option<Cursor>, Directory, Option<DeviceFile>, Restored) {
    let mut restored = Restored::default();
    let Some(folder) = settings.state_dir.as_deref() else {
        return (None, Directory::new(None, false), None, restored);
    };
    let devices = DeviceFile::new(folder);
    restored.devices = devices.read().unwrap_or_else(|error| {
        restored.complaints.push(error);
        Vec::new()
    });
    restored.undelivered = UndeliveredFile::new(folder).read().unwrap_or_else(|error| {
        restored.complaints.push(error);
        Vec::new()
    });
    if !settings.feed {
        return (None, Directory::new(None, false), Some(devices), restored);
    }
    let mut cursor = Cursor::new(folder, &settings.static_url);
    let position = cursor.load().unwrap_or_else(|error| {
        restored.complaints.push(format!("control feed: {error}"));
        None
    });
    restored.since = position.map(|position| position.id);
    let mut copy = Copy::new(folder, &settings.static_url);
    match copy.read(position.map_or(0, |position| position.copied)) {
        Ok(steps) => restored.directory = steps.unwrap_or_default(),
        Err(error) => restored.complaints.push(error),
    }
    let is_there = !restored.directory.is_empty();
    let directory = Directory::new(Some(copy), is_there);
    (Some(cursor), directory, Some(devices), restored)
}

impl Job {
    /// Works until it is told to stop. A panic is reported, and the work is taken up again: until then
    /// unknown tokens are refused, since nobody answers.
    async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let mut since = self.since;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        loop {
            let work = AssertUnwindSafe(self.work(&mut requests, &mut since)).catch_unwind();
            let panic = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                panic = work => panic,
            };
            if panic.is_ok() {
                break;
            }
            self.outbox
                .log(Level::Error, "worker: panic; it is started again")
                .await;
            self.outbox.put(Update::FeedLive(false)).await;
            tokio::time::sleep(backoff.next()).await;
        }
        self.audit.finish();
        let position = position(&self.applied, &self.directory);
        if let Some(cursor) = &mut self.cursor {
            // There is nobody left to tell: the broker's thread waits for our end.
            let _ = cursor.save(position);
        }
    }

    async fn work(&mut self, requests: &mut mpsc::Receiver<Request>, since: &mut Option<u64>) {
        let Job {
            configuration,
            service,
            reload,
            breaker,
            outbox,
            follow,
            applied,
            cursor,
            directory,
            devices,
            new_devices,
            audit,
            metrics,
            loopback,
            ..
        } = self;
        directory.resume();
        let feed = async {
            if *follow {
                feed::follow(service, since, directory, outbox, &metrics.counted).await;
            }
            pending::<()>().await;
        };
        let keep_position = async {
            if let Some(cursor) = cursor {
                let told = async |error| {
                    outbox
                        .log(Level::Error, format!("control feed: {error}"))
                        .await
                };
                cursor.keep(|| position(applied, directory), told).await;
            }
            pending::<()>().await;
        };
        let keep_devices = async {
            if let Some(devices) = devices {
                devices.keep(new_devices, outbox).await;
            }
            pending::<()>().await;
        };
        let keep_loopback = async {
            if let Some(loopback) = loopback {
                let listener = service.settings().borrow().loopback_listener;
                loopback.keep(listener, outbox).await;
            }
            pending::<()>().await;
        };
        tokio::select! {
            () = keep_loopback => {}
            () = metrics::keep(service.settings(), metrics, applied, outbox) => {}
            () = audit.keep(service, outbox) => {}
            () = keep_devices => {}
            () = feed => {}
            () = keep_position => {}
            () = directory.keep(service, outbox) => {}
            () = introspection::serve(service, breaker, requests, outbox, &metrics.counted) => {}
            () = breaker.watch(service, outbox) => {}
            () = service.renew(configuration, reload, outbox, &metrics.counted) => {}
            () = outbox.keep_ringing() => {}
        }
    }
}

/// What the metrics say about which program this is.
fn build(settings: &Settings) -> [(&'static str, String); 2] {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    [("version", version), ("node", settings.node.clone())]
}

/// Where feed and copy stand.
fn position(applied: &cursor::Applied, directory: &Directory) -> Position {
    Position {
        id: applied.load(Ordering::Acquire),
        copied: directory.copied(),
    }
}

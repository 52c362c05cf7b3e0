//! Keeps the audit log: takes records from the broker's thread, has them written where somebody may wait for the disk, and
//! sends on what lies in the spool.
//!
//! The broker's thread never waits: a record that finds the queue full is dropped and counted. The worker's other tasks do not
//! wait for the disk either.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::spawn_blocking;

use super::backoff::Backoff;
use super::mailbox::Outbox;
use super::service::Service;
use crate::audit::{Segment, Spool, Trail};
use crate::config::{Mode, Settings};
use crate::engine::{Level, Record};
use crate::metrics::Counted;
use crate::upstream::UpstreamError;

/// Records that may wait for the disk.
const MAX_RECORDS: usize = 32_768;
/// Records written at once.
const BATCH: usize = 2_000;
/// What is in the spool is sent on so often, or as soon as a segment is full.
const SHIPPING: Duration = Duration::from_secs(1);

/// The broker's end: where records are put.
pub(super) struct Recorder {
    queue: mpsc::Sender<Record>,
    /// Whether anybody wants records.
    wanted: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    counted: Counted,
}

impl Recorder {
    /// Puts a record in. Never waits.
    pub(super) fn put(&self, record: Record) {
        if self.wanted.load(Ordering::Relaxed) && self.queue.try_send(record).is_err() {
            self.count_dropped(1);
        }
    }

    /// Counts records that could not even be brought here.
    pub(super) fn count_dropped(&self, records: u64) {
        self.dropped.fetch_add(records, Ordering::Relaxed);
        self.counted.audit_dropped.inc_by(records);
    }
}

/// The worker's end.
pub(super) struct Audit {
    trail: Arc<Mutex<Trail>>,
    records: mpsc::Receiver<Record>,
    dropped: Arc<AtomicU64>,
    wanted: Arc<AtomicBool>,
    settings: watch::Receiver<Arc<Settings>>,
    written: Notify,
    counted: Counted,
    ships: bool,
}

/// Opens the log; nothing is written as long as nobody wants it. Complaints come out of the spool alone: the settings have
/// seen that the file can be written.
pub(super) fn open(
    settings: &Settings,
    changing: watch::Receiver<Arc<Settings>>,
    counted: &Counted,
    complaints: &mut Vec<String>,
) -> (Recorder, Audit) {
    let spool = settings.audit_ship.then_some(settings.state_dir.as_deref());
    let spool = spool.flatten().and_then(|folder| {
        let opened = open_spool(folder, settings.audit_spool_bytes);
        opened.map_err(|error| complaints.push(error)).ok()
    });
    let dropped = Arc::<AtomicU64>::default();
    let (queue, records) = mpsc::channel(MAX_RECORDS);
    let ships = spool.is_some();
    let wanted = Arc::new(AtomicBool::new(ships || settings.audit_file.is_some()));
    let recorder = Recorder {
        queue,
        wanted: Arc::clone(&wanted),
        dropped: Arc::clone(&dropped),
        counted: counted.clone(),
    };
    let file = settings.audit_file.as_deref();
    let mut trail = Trail::new(&settings.node, unix_ms(), file, spool);
    if settings.mode == Mode::Shadow {
        trail.mark_as_shadow();
    }
    let audit = Audit {
        trail: Arc::new(Mutex::new(trail)),
        records,
        dropped,
        wanted,
        settings: changing,
        written: Notify::new(),
        counted: counted.clone(),
        ships,
    };
    (recorder, audit)
}

fn open_spool(state_dir: &Path, most_bytes: u64) -> Result<Spool, String> {
    let folder = state_dir.join("audit");
    Spool::open(&folder, most_bytes)
        .map_err(|error| format!("audit log: spool `{}`: {error}", folder.display()))
}

impl Audit {
    /// Writes and sends, for ever.
    pub(super) async fn keep(&mut self, service: &Service, outbox: &Outbox) {
        let Audit {
            trail,
            records,
            dropped,
            wanted,
            settings,
            written,
            counted,
            ships,
        } = self;
        tokio::select! {
            () = write(trail, records, dropped, written, counted, outbox) => {}
            () = reopen(trail, wanted, settings) => {}
            () = ship(trail, written, counted, service, outbox), if *ships => {}
        }
    }

    /// Writes what is left when nothing more will come. What the spool then holds is sent on after the next start.
    pub(super) fn finish(&mut self) {
        let mut rest = Vec::new();
        while let Ok(record) = self.records.try_recv() {
            rest.push(record);
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if !rest.is_empty() || dropped > 0 {
            // There is nobody left to tell: the broker's thread waits for our end.
            let _ = lock(&self.trail).write(&rest, dropped, unix_ms());
        }
    }
}

async fn write(
    trail: &Arc<Mutex<Trail>>,
    records: &mut mpsc::Receiver<Record>,
    dropped: &AtomicU64,
    written: &Notify,
    counted: &Counted,
    outbox: &Outbox,
) {
    let mut batch = Vec::new();
    while records.recv_many(&mut batch, BATCH).await > 0 {
        counted.audit_queue.set(number(records.len()));
        let (trail, batch) = (Arc::clone(trail), std::mem::take(&mut batch));
        let records = batch.len();
        let dropped = dropped.swap(0, Ordering::Relaxed);
        let writing = spawn_blocking(move || {
            let mut trail = lock(&trail);
            let written = trail.write(&batch, dropped, unix_ms());
            (written, trail.spooled())
        });
        let (complaints, spooled) = writing.await.unwrap_or_else(|panic| {
            let text = format!("audit log: {panic}");
            (vec![(Level::Error, text)], 0)
        });
        counted
            .audit_records
            .inc_by(u64::try_from(records).unwrap_or_default());
        counted
            .audit_spool_bytes
            .set(i64::try_from(spooled).unwrap_or(i64::MAX));
        for (level, text) in complaints {
            outbox.log(level, text).await;
        }
        written.notify_one();
    }
}

/// On SIGHUP: the file may have been moved away, or is to be another.
async fn reopen(
    trail: &Arc<Mutex<Trail>>,
    wanted: &AtomicBool,
    settings: &mut watch::Receiver<Arc<Settings>>,
) {
    while settings.changed().await.is_ok() {
        let (trail, now) = (Arc::clone(trail), Arc::clone(&settings.borrow_and_update()));
        let reopening = spawn_blocking(move || {
            let mut trail = lock(&trail);
            trail.reopen(now.audit_file.as_deref());
            if let Some(spool) = trail.spool() {
                spool.set_most_bytes(now.audit_spool_bytes);
            }
            trail.is_wanted()
        });
        if let Ok(is_wanted) = reopening.await {
            wanted.store(is_wanted, Ordering::Relaxed);
        }
    }
}

/// Sends segment after segment, oldest first. An outage is told once, and its end.
async fn ship(
    trail: &Arc<Mutex<Trail>>,
    written: &Notify,
    counted: &Counted,
    service: &Service,
    outbox: &Outbox,
) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    let mut failing = false;
    loop {
        let Some((segment, text)) = oldest(trail, outbox).await else {
            written.notified().await;
            tokio::time::sleep(SHIPPING).await;
            continue;
        };
        let used = service.get();
        match used.send_logs(text).await {
            Ok(()) => {
                backoff.reset();
                if std::mem::take(&mut failing) {
                    let text = "audit log: the static service takes records again";
                    outbox.log(Level::Notice, text).await;
                }
                let done = with_spool(trail, move |spool| {
                    spool.remove(&segment)?;
                    Ok(spool.bytes())
                });
                let done = done.await.map(|left| {
                    let left = i64::try_from(left).unwrap_or(i64::MAX);
                    counted.audit_spool_bytes.set(left);
                });
                if let Err(error) = done {
                    let text = format!("audit log: spool: {error}");
                    outbox.log(Level::Error, text).await;
                }
            }
            Err(UpstreamError::Credentials(_))
                if service.has_other_credentials(&used, outbox).await => {}
            Err(error) if error.is_refusal() => set_aside(trail, segment, &error, outbox).await,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let text = format!("audit log: {error}; records wait in the spool");
                    outbox.log(Level::Warning, text).await;
                }
                tokio::time::sleep(backoff.next()).await;
            }
        }
    }
}

/// The oldest segment and what is in it. One that cannot be read is set aside.
async fn oldest(trail: &Arc<Mutex<Trail>>, outbox: &Outbox) -> Option<(Segment, Vec<u8>)> {
    let found = with_spool(trail, |spool| {
        let segment = spool.oldest();
        Ok(segment.map(|segment| (std::fs::read(&segment.path), segment)))
    });
    match found.await {
        Ok(None) => None,
        Ok(Some((Ok(text), segment))) => Some((segment, text)),
        Ok(Some((Err(error), segment))) => {
            let path = segment.path.display().to_string();
            let text = format!("audit log: `{path}`: {error}; its records are lost");
            outbox.log(Level::Error, text).await;
            // Gone already, if that was the error.
            let _ = with_spool(trail, move |spool| spool.set_aside(&segment)).await;
            None
        }
        Err(error) => {
            let text = format!("audit log: spool: {error}");
            outbox.log(Level::Error, text).await;
            None
        }
    }
}

async fn set_aside(
    trail: &Arc<Mutex<Trail>>,
    segment: Segment,
    error: &UpstreamError,
    outbox: &Outbox,
) {
    let aside = with_spool(trail, move |spool| spool.set_aside(&segment)).await;
    let kept = match aside {
        Ok(path) => format!("they are kept in `{}`", path.display()),
        Err(error) => format!("they cannot be kept either: {error}"),
    };
    let text = format!("audit log: {error}: it will not have these records; {kept}");
    outbox.log(Level::Error, text).await;
}

async fn with_spool<T: Send + 'static>(
    trail: &Arc<Mutex<Trail>>,
    work: impl FnOnce(&mut Spool) -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    let trail = Arc::clone(trail);
    let working = spawn_blocking(move || match lock(&trail).spool() {
        Some(spool) => work(spool),
        None => Err(std::io::ErrorKind::NotFound.into()),
    });
    working
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
}

/// A panic while the log was held has been told; what it holds is still what there is.
fn lock(trail: &Mutex<Trail>) -> MutexGuard<'_, Trail> {
    trail.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unix_ms() -> u64 {
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(unix.as_millis()).unwrap_or(u64::MAX)
}

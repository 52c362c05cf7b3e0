//! What the service writes down of its own doings (who logged in, who was refused, what administrators
//! changed), beside the records that brokers send.
//!
//! Writing never delays a request: records go into a bounded queue, and a task of its own stores what has
//! gathered in one transaction. What finds no room, or no database, is dropped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::clock::now_ms;
use crate::http::Metrics;
use crate::identity::UserId;
use crate::secret::unique_id;
use crate::storage::{LogRecord, Storage};

/// Records that may wait. At some 300 bytes each they take 3 MB at most.
const QUEUE: usize = 10_000;
/// Records of one transaction.
const BATCH: usize = 1_000;
/// How long the first record of a batch waits for others.
const GATHER: Duration = Duration::from_millis(200);
/// How long the end of the service waits for what is still in the queue.
const FLUSH: Duration = Duration::from_millis(500);

/// One thing that happened. Never holds a secret, or what a message says.
#[derive(Debug)]
pub(crate) struct Entry {
    event: &'static str,
    eid: Option<String>,
    uid: Option<String>,
    device: Option<String>,
    more: Map<String, Value>,
}

impl Entry {
    /// Something that happened in an enterprise.
    pub(crate) fn within(event: &'static str, eid: &str) -> Entry {
        Entry {
            event,
            eid: Some(eid.to_owned()),
            uid: None,
            device: None,
            more: Map::new(),
        }
    }

    /// Something that a user did, or that happened to one.
    pub(crate) fn of(event: &'static str, user: &UserId) -> Entry {
        Entry {
            uid: Some(user.uid().to_owned()),
            ..Entry::within(event, user.eid())
        }
    }

    /// On which device.
    pub(crate) fn on(mut self, device: &str) -> Entry {
        self.device = Some(device.to_owned());
        self
    }

    /// Another member of the record.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Entry {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    fn record(self) -> LogRecord {
        let (id, time_ms) = (unique_id(), now_ms());
        let mut record = self.more;
        record.insert("id".into(), json!(id));
        record.insert("time".into(), json!(time_ms));
        record.insert("event".into(), json!(self.event));
        let names = [
            ("eid", &self.eid),
            ("uid", &self.uid),
            ("device", &self.device),
        ];
        for (name, value) in names {
            if let Some(value) = value {
                record.insert(name.into(), json!(value));
            }
        }
        LogRecord {
            id,
            time_ms: Some(time_ms),
            event: Some(self.event.to_owned()),
            eid: self.eid,
            uid: self.uid,
            device: self.device,
            record: Value::Object(record).to_string(),
        }
    }
}

/// Where entries go.
#[derive(Debug)]
pub(crate) struct Journal {
    queue: mpsc::Sender<Job>,
    dropped: Arc<AtomicI64>,
}

#[derive(Debug)]
enum Job {
    Write(LogRecord),
    /// Answers once everything before it has been written.
    Flush(oneshot::Sender<()>),
}

impl Journal {
    /// Starts the task that writes; it ends with the journal.
    pub(crate) fn open(storage: Storage, metrics: Arc<Metrics>) -> Journal {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let dropped = Arc::default();
        let writer = Writer {
            storage,
            metrics,
            dropped: Arc::clone(&dropped),
        };
        tokio::spawn(writer.write(jobs));
        Journal { queue, dropped }
    }

    /// Writes an entry down, soon. Never waits.
    pub(crate) fn record(&self, entry: Entry) {
        if self.queue.try_send(Job::Write(entry.record())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything so far has been written, for a moment at most.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        let flushed = async {
            if self.queue.send(Job::Flush(done)).await.is_ok() {
                let _ = written.await;
            }
        };
        if tokio::time::timeout(FLUSH, flushed).await.is_err() {
            tracing::warn!("the last log records were not written");
        }
    }

    /// Entries that were lost.
    pub(crate) fn dropped(&self) -> i64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct Writer {
    storage: Storage,
    metrics: Arc<Metrics>,
    dropped: Arc<AtomicI64>,
}

impl Writer {
    async fn write(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.recv().await {
            let (mut records, mut flushed) = (Vec::new(), Vec::new());
            let mut sort = |job| match job {
                Job::Write(record) => records.push(record),
                Job::Flush(done) => flushed.push(done),
            };
            let hurry = matches!(first, Job::Flush(_));
            sort(first);
            if !hurry {
                gather(&mut jobs, &mut sort).await;
            }
            self.store(&records).await;
            for done in flushed {
                let _ = done.send(());
            }
        }
    }

    async fn store(&self, records: &[LogRecord]) {
        if records.is_empty() {
            return;
        }
        match self.storage.store_own_logs(records).await {
            Ok(stored) => self.metrics.logged("service", stored),
            Err(error) => {
                tracing::error!(%error, records = records.len(), "log records are lost");
                let lost = i64::try_from(records.len()).unwrap_or(i64::MAX);
                self.dropped.fetch_add(lost, Ordering::Relaxed);
            }
        }
    }
}

/// Takes what comes within [`GATHER`], up to a full batch or a flush.
async fn gather(jobs: &mut mpsc::Receiver<Job>, sort: &mut impl FnMut(Job)) {
    let deadline = tokio::time::Instant::now() + GATHER;
    for _ in 1..BATCH {
        let Ok(Some(job)) = tokio::time::timeout_at(deadline, jobs.recv()).await else {
            return;
        };
        let hurry = matches!(job, Job::Flush(_));
        sort(job);
        if hurry {
            return;
        }
    }
}

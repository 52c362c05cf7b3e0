//! What was on its way when the broker stopped, kept in `state_dir` until it starts again.
//!
//! The file `undelivered` is written at the broker's end, if there is anything to keep, and removed in the first turn
//! after a start, before its messages go on: should one of them bring the broker down, it does so once. It holds
//! messages as they are, as Mosquitto's own database does, so only the broker's user may read it. A line with the
//! format, a JSON line for each message, and the SHA-256 of all that.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::Worker;
use super::devices::is_client_id;
use super::seal::{sealed, unsealed};
use crate::engine::{Stage, Undelivered};

const FILE: &str = "undelivered";
const FORMAT: &str = "enterprise-push-undelivered-1";
/// Payloads kept, in bytes. Beyond that the later messages are left out.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The file.
pub(super) struct UndeliveredFile {
    path: PathBuf,
}

/// A line of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    topic: String,
    payload: String,
    qos: u8,
    retain: bool,
    void_at: u64,
    stage: LineStage,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum LineStage {
    Unrouted,
    Copies { to: Vec<Box<str>> },
    Unreleased { sender: Box<str> },
    Retained,
    Waiting { to: Vec<Box<str>> },
}

impl UndeliveredFile {
    /// In this folder.
    pub(super) fn new(folder: &Path) -> UndeliveredFile {
        UndeliveredFile {
            path: folder.join(FILE),
        }
    }

    /// What the file holds; nothing when there is none.
    pub(super) fn read(&self) -> Result<Vec<Undelivered>, String> {
        let failed = |why: &str| format!("{}: {why}: not used", self.path.display());
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&error.to_string())),
        };
        let mut lines = unsealed(&text).map_err(failed)?.lines();
        if lines.next() != Some(FORMAT) {
            return Err(failed("of another format"));
        }
        let read = |line| message(line).ok_or_else(|| failed("of another format"));
        lines.map(read).collect()
    }

    /// Writes what is to be kept. Gives back how many deliveries found no room.
    pub(super) fn write(&self, all: &[Undelivered]) -> Result<usize, String> {
        let mut left_out = 0;
        let mut bytes = 0;
        let mut text = format!("{FORMAT}\n");
        for one in all {
            bytes += one.payload.len();
            let line = serde_json::to_string(&line(one)).ok();
            match line.filter(|_| bytes <= MOST_BYTES) {
                Some(line) => {
                    text.push_str(&line);
                    text.push('\n');
                }
                None => left_out += one.count(),
            }
        }
        self.replace(&sealed(&text))
            .map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(left_out)
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let new = self.path.with_extension("new");
        // One that was left behind may have other rights.
        let _ = std::fs::remove_file(&new);
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, &self.path)
    }

    /// Removes the file, if there is one.
    pub(super) fn remove(&self) -> Result<(), String> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(format!("{}: {error}", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Worker {
    /// Keeps what is on its way at the broker's end. Gives back how many deliveries could not be kept, and why.
    pub fn keep_undelivered(&self, all: &[Undelivered]) -> Result<(), (usize, String)> {
        let lost = || all.iter().map(Undelivered::count).sum();
        let Some(file) = &self.undelivered else {
            return Err((lost(), "there is no plugin_opt_state_dir".to_owned()));
        };
        match file.write(all) {
            Ok(0) => Ok(()),
            Ok(left_out) => Err((left_out, "too much to keep".to_owned())),
            Err(why) => Err((lost(), why)),
        }
    }

    /// Forgets what was kept: it is about to go on.
    pub fn forget_undelivered(&self) -> Result<(), String> {
        let file = self.undelivered.as_ref();
        file.map_or(Ok(()), UndeliveredFile::remove)
    }
}

fn line(one: &Undelivered) -> Line {
    Line {
        topic: one.topic.clone(),
        payload: BASE64.encode(&one.payload),
        qos: one.qos,
        retain: one.retain,
        void_at: one.void_at_unix_s,
        stage: match &one.stage {
            Stage::Unrouted => LineStage::Unrouted,
            Stage::Copies(to) => LineStage::Copies { to: to.clone() },
            Stage::Waiting(to) => LineStage::Waiting { to: to.clone() },
            Stage::Unreleased(sender) => LineStage::Unreleased {
                sender: sender.clone(),
            },
            Stage::Retained => LineStage::Retained,
        },
    }
}

fn message(line: &str) -> Option<Undelivered> {
    let line: Line = serde_json::from_str(line).ok()?;
    let stage = match line.stage {
        LineStage::Unrouted => Stage::Unrouted,
        LineStage::Copies { to } => Stage::Copies(to),
        LineStage::Waiting { to } => Stage::Waiting(to),
        LineStage::Unreleased { sender } => Stage::Unreleased(sender),
        LineStage::Retained => Stage::Retained,
    };
    let client_ids = match &stage {
        Stage::Copies(to) | Stage::Waiting(to) => to.as_slice(),
        Stage::Unreleased(sender) => std::slice::from_ref(sender),
        Stage::Unrouted | Stage::Retained => &[],
    };
    if line.qos > 2 || !client_ids.iter().all(|id| is_client_id(id)) {
        return None;
    }
    Some(Undelivered {
        topic: line.topic,
        payload: BASE64.decode(line.payload).ok()?,
        qos: line.qos,
        retain: line.retain,
        void_at_unix_s: line.void_at,
        stage,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn all() -> Vec<Undelivered> {
        let stages = [
            Stage::Unrouted,
            Stage::Copies(vec!["bob@acme:pc".into(), "bob@acme:phone".into()]),
            Stage::Unreleased("alice@acme:pc".into()),
            Stage::Retained,
            Stage::Waiting(vec!["bob@acme:pc".into()]),
        ];
        let message = |stage| Undelivered {
            topic: "acme/im/msg/bob".to_owned(),
            payload: vec![0, 255, b'\n', b'"'],
            qos: 1,
            retain: false,
            void_at_unix_s: 17,
            stage,
        };
        stages.into_iter().map(message).collect()
    }

    #[test]
    fn what_is_written_is_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = UndeliveredFile::new(folder.path());
        assert_eq!(file.read(), Ok(vec![]));
        assert_eq!(file.write(&all()), Ok(0));
        assert_eq!(file.read(), Ok(all()));
        let mode = std::fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "messages are nobody else's");
        assert_eq!(file.remove(), Ok(()));
        assert_eq!(file.read(), Ok(vec![]));
        assert_eq!(file.remove(), Ok(()), "there is none any more");
    }

    #[test]
    fn changed_file_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = UndeliveredFile::new(folder.path());
        file.write(&all()).unwrap();
        let text = std::fs::read_to_string(&file.path).unwrap();
        let mut changed = vec![
            String::new(),
            "\n".to_owned(),
            text.replacen("bob@acme:pc", "bob@beta:pc", 1),
            text.trim_end().to_owned(),
            text.split_inclusive('\n').take(2).collect(),
        ];
        // Well sealed, and no such file.
        for lines in [
            "something else\n".to_owned(),
            format!("{FORMAT}\nno message\n"),
            format!(
                "{FORMAT}\n{}\n",
                r#"{"topic":"a","payload":"","qos":1,"retain":false,"void_at":0,"stage":{"copies":{"to":["nobody"]}}}"#
            ),
            format!(
                "{FORMAT}\n{}\n",
                r#"{"topic":"a","payload":"","qos":3,"retain":false,"void_at":0,"stage":"unrouted"}"#
            ),
        ] {
            changed.push(sealed(&lines));
        }
        for text in changed {
            std::fs::write(&file.path, &text).unwrap();
            let error = file.read().unwrap_err();
            assert!(error.ends_with("not used"), "{text}: {error}");
        }
    }
}

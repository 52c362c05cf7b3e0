//! The disk side by itself: cleaning, the folder's mark, reading.

mod cleaning;
mod folder;
mod pieces;

use std::path::PathBuf;

use axum::body::Bytes;
use futures_util::stream;

use super::{Announced, FileId, Files, Limits};
use crate::clock::now_s;
use crate::identity::UserId;
use crate::storage::scratch::Scratch;
use crate::storage::{NewFile, NewUser, Storage};

const LIMITS: Limits = Limits {
    max_bytes: 1 << 30,
    quota_bytes: 1 << 30,
    ttl_s: 3600,
};

/// Files of alice@acme.
struct Desk {
    files: Files,
    storage: Storage,
    scratch: Scratch,
    dir: tempfile::TempDir,
}

impl Desk {
    async fn open() -> Desk {
        let scratch = Scratch::new().await;
        let storage = scratch.open().await;
        let (eid, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
        storage.add_enterprise(&eid, &name).await.unwrap();
        storage.add_user(&alice_as_new()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path(), storage.clone(), LIMITS).await;
        Desk {
            files: files.unwrap(),
            storage,
            scratch,
            dir,
        }
    }

    /// An upload of `size` bytes, of which these came.
    async fn upload(&self, size: u64, content: &'static [u8]) -> FileId {
        let file = NewFile {
            id: FileId::random(),
            owner: alice(),
            name: "a".into(),
            content_type: "a/b".into(),
            size,
            expires_at_s: now_s() + 3 * 3600,
        };
        assert!(self.files.create(&file).await.unwrap());
        let announced = Announced {
            offset: 0,
            len: None,
        };
        if !content.is_empty() {
            let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(content))]);
            let appended = self.files.append(&file.id, announced, body).await;
            assert_eq!(appended.unwrap(), u64::try_from(content.len()).unwrap());
        }
        file.id
    }

    fn partial(&self, id: &FileId) -> PathBuf {
        self.files.folder.partial(id)
    }

    fn whole(&self, id: &FileId) -> PathBuf {
        self.files.folder.whole(id)
    }

    async fn has_row(&self, id: &FileId) -> bool {
        self.storage.file(id).await.unwrap().is_some()
    }
}

fn alice() -> UserId {
    "alice@acme".parse().unwrap()
}

fn alice_as_new() -> NewUser {
    NewUser {
        id: alice(),
        name: "Alice".parse().unwrap(),
        password_hash: None,
        roles: Vec::new(),
        channels: Vec::new(),
    }
}

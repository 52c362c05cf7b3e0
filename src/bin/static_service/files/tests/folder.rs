//! Whose folder it is, and that two replicas do not write to one upload.

use axum::body::Bytes;
use futures_util::stream;

use super::super::{Announced, FileError, Files, LinkKey, SignedLink};
use super::{Desk, LIMITS};

#[tokio::test]
async fn replicas_share_a_folder_and_make_the_same_links() {
    let desk = Desk::open().await;
    let (one, two) = (desk.scratch.open().await, desk.scratch.open().await);
    let dir = desk.dir.path();
    let (one, two) = tokio::join!(Files::open(dir, one, LIMITS), Files::open(dir, two, LIMITS));
    let id = desk.upload(3, b"abc").await;
    let link = SignedLink {
        id: &id,
        to: "*",
        expires_at_s: 1,
    };
    let sign = |key: &LinkKey| key.sign(&link);
    let signature = sign(&one.unwrap().links);
    assert_eq!(signature, sign(&two.unwrap().links));
    assert!(desk.files.links.is_signature(&link, &signature));
}

#[tokio::test]
async fn first_starts_at_once_agree_on_one_folder() {
    let desk = Desk::open().await;
    let fresh = crate::storage::scratch::Scratch::new().await;
    let (a, b) = (fresh.open().await, fresh.open().await);
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = tokio::join!(
        Files::open(dir.path(), a, LIMITS),
        Files::open(dir.path(), b, LIMITS)
    );
    assert_eq!(a.unwrap().store_id, b.unwrap().store_id);
    drop(desk);
}

#[tokio::test]
async fn a_folder_of_another_database_or_an_empty_one_is_refused_with_a_way_out() {
    let desk = Desk::open().await;
    let other = Desk::open().await;
    let empty = tempfile::tempdir().unwrap();
    for wrong in [other.dir.path(), empty.path()] {
        let refused = Files::open(wrong, desk.storage.clone(), LIMITS).await;
        let error = refused.unwrap_err().to_string();
        let want = format!(
            "{} is not the files folder of this database",
            wrong.display()
        );
        assert!(error.starts_with(&want), "{error}");
        assert!(error.contains(&desk.files.store_id), "{error}");
    }
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
    // What the error says to do works.
    std::fs::write(empty.path().join("store-id"), &desk.files.store_id).unwrap();
    let opened = Files::open(empty.path(), desk.storage.clone(), LIMITS).await;
    assert!(opened.is_ok());
}

#[tokio::test]
async fn an_upload_that_another_process_writes_to_is_locked() {
    let desk = Desk::open().await;
    let id = desk.upload(5, b"abc").await;
    let partial = desk.partial(&id);
    let elsewhere = std::fs::File::options().write(true).open(&partial).unwrap();
    elsewhere.try_lock().unwrap();
    let send = || {
        let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"de"))]);
        let announced = Announced {
            offset: 3,
            len: None,
        };
        desk.files.append(&id, announced, body)
    };
    assert!(matches!(send().await, Err(FileError::Locked)));
    drop(elsewhere);
    assert_eq!(send().await.unwrap(), 5);
}

//! Uploads: pieces, offsets, writers at once, and what a crash leaves.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{MIB, ROOT, Share, number};
use crate::secret::Digest;

/// A body that is sent as a test likes.
fn slow_body() -> (mpsc::UnboundedSender<std::io::Result<Bytes>>, Body) {
    let (into, pieces) = mpsc::unbounded_channel();
    let pieces = stream::unfold(pieces, |mut pieces: mpsc::UnboundedReceiver<_>| async {
        Some((pieces.recv().await?, pieces))
    });
    (into, Body::from_stream(pieces))
}

/// Waits until so much of an upload is on the disk.
async fn has_come(share: &Share, id: &str, bytes: u64) {
    let (partial, _) = share.paths(id);
    let wait = async {
        while std::fs::metadata(&partial).map_or(0, |file| file.len()) < bytes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    waited.expect("what was sent comes to the disk");
}

#[tokio::test]
async fn a_file_sent_in_pieces_is_complete_with_the_hash_of_all_of_it() {
    let share = Share::open().await;
    let body = json!({"name": "Plan.pdf", "size": 10, "content_type": "Application/PDF",
                      "expires_in_s": 60});
    let created = share.post(ROOT, &body).await;
    assert_eq!(created.status, 201);
    let id = created.member("id");
    let (scheme, host) = ("http", "static.test");
    let url = format!("{scheme}://{host}{ROOT}/{id}");
    assert_eq!(created.member("upload_url"), url);
    assert_eq!(created.headers["location"], url);
    assert_eq!(created.json()["offset"], 0);
    assert!(created.json()["chunk_bytes"].as_u64().unwrap() > 0);
    assert_eq!(share.offset(&id).await, 0);
    let first = share.send(&id, 0, "0123456").await;
    assert_eq!(
        (first.status.as_u16(), number(&first, "upload-offset")),
        (204, 7)
    );
    assert_eq!(share.offset(&id).await, 7);
    let info = share.info(&id).await;
    assert_eq!(
        (&info["complete"], &info["sha256"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(
        share.try_link(&id, "bob").await.problem(409),
        "the upload is at 7 of 10 bytes"
    );
    let last = share.send(&id, 7, "789").await;
    assert_eq!(
        (last.status.as_u16(), number(&last, "upload-offset")),
        (204, 10)
    );
    let want = json!({"id": id, "name": "Plan.pdf", "size": 10, "content_type": "application/pdf",
                      "sha256": Digest::of(b"0123456789").as_str(), "complete": true,
                      "expires_at": created.json()["expires_at"]});
    assert_eq!(share.info(&id).await, want);
}

#[tokio::test]
async fn a_file_sent_at_once_is_private_on_the_disk_and_has_one_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let share = Share::open().await;
    let id = share.upload(b"all of it").await;
    let info = share.info(&id).await;
    assert_eq!(info["sha256"], Digest::of(b"all of it").as_str());
    let (partial, whole) = share.paths(&id);
    assert!(!partial.exists());
    assert_eq!(std::fs::read(&whole).unwrap(), b"all of it");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&whole) & 0o777, 0o600);
    assert_eq!(mode(whole.parent().unwrap()) & 0o777, 0o700);
}

#[tokio::test]
async fn an_empty_file_is_complete_without_a_byte() {
    let share = Share::open().await;
    let id = share.create(0).await;
    assert_eq!(share.offset(&id).await, 0);
    assert_eq!(share.info(&id).await["sha256"], Digest::of(b"").as_str());
    let link = share.link(&id, "alice").await;
    assert_eq!(share.plain("GET", &link).await.body, "");
}

#[tokio::test]
async fn a_wrong_offset_is_told_the_right_one_and_changes_nothing() {
    let share = Share::open().await;
    let id = share.create(10).await;
    share.send(&id, 0, "01234").await;
    for offset in [0, 4, 6, 10, u64::MAX] {
        let answer = share.send(&id, offset, "x").await;
        assert_eq!(answer.problem(409), "the upload is at 5 bytes");
        assert_eq!(number(&answer, "upload-offset"), 5);
    }
    share.send(&id, 5, "56789").await;
    assert_eq!(
        share.send(&id, 5, "56789").await.problem(409),
        "the upload is at 10 bytes"
    );
    assert_eq!(share.send(&id, 10, "").await.status, 204);
    assert_eq!(share.send(&id, 10, "x").await.status, 413);
    assert_eq!(
        share.info(&id).await["sha256"],
        Digest::of(b"0123456789").as_str()
    );
}

#[tokio::test]
async fn more_than_was_declared_is_refused_whole() {
    let share = Share::open().await;
    let id = share.create(10).await;
    share.send(&id, 0, "01").await;
    assert_eq!(share.send(&id, 2, "23456789x").await.status, 413);
    assert_eq!(share.offset(&id).await, 2);
    // Without a length told beforehand, and with much on the disk by then.
    let big = share.create(MIB).await;
    let pieces = (0..40).map(|_| Ok::<_, std::io::Error>(vec![7; 32 * 1024]));
    let answer = share
        .send(&big, 0, Body::from_stream(stream::iter(pieces)))
        .await;
    assert_eq!(
        answer.problem(413),
        "more than the 1048576 bytes that were declared"
    );
    assert_eq!(share.offset(&big).await, 0);
}

#[tokio::test]
async fn of_two_writers_at_once_one_wins() {
    let share = Share::open().await;
    let id = share.create(8).await;
    let (first, body) = slow_body();
    let sending = share.send(&id, 0, body);
    tokio::pin!(sending);
    first.send(Ok("0123".into())).unwrap();
    let locked = tokio::select! {
        answer = &mut sending => panic!("the body has not ended: {answer:?}"),
        // A piece that is too small to be written at once, so only the lock can refuse the second.
        answer = async { has_come(&share, &id, 0).await; wait_for_lock(&share, &id).await } => answer,
    };
    assert_eq!(
        locked.problem(423),
        "another request is writing to this upload"
    );
    assert_eq!(locked.headers["retry-after"], "1");
    first.send(Ok("4567".into())).unwrap();
    drop(first);
    assert_eq!(sending.await.status, 204);
    assert_eq!(
        share.info(&id).await["sha256"],
        Digest::of(b"01234567").as_str()
    );
    assert_eq!(share.send(&id, 0, "xxxxxxxx").await.status, 409);
}

/// Sends what would be refused anyway, until the refusal is about the other writer.
async fn wait_for_lock(share: &Share, id: &str) -> super::Answer {
    loop {
        let answer = share.send(id, 1, "x").await;
        if answer.status == 423 {
            return answer;
        }
        assert_eq!(answer.status, 409);
    }
}

#[tokio::test]
async fn equal_requests_at_once_make_one_file() {
    let share = Share::open().await;
    let content = vec![9; 300_000];
    let id = share.create(300_000).await;
    let requests = (0..6).map(|_| share.send(&id, 0, content.clone()));
    let answers = futures_util::future::join_all(requests).await;
    let mut statuses: Vec<u16> = answers.iter().map(|one| one.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409, 409, 409, 409, 409]);
    assert_eq!(
        share.info(&id).await["sha256"],
        Digest::of(&content).as_str()
    );
}

#[tokio::test]
async fn a_file_removed_while_it_is_sent_leaves_nothing() {
    let share = Share::open().await;
    let id = share.create(MIB).await;
    let (into, body) = slow_body();
    let sending = share.send(&id, 0, body);
    tokio::pin!(sending);
    into.send(Ok(vec![1; 512 * 1024].into())).unwrap();
    let path = format!("{ROOT}/{id}");
    let removed = tokio::select! {
        answer = &mut sending => panic!("the body has not ended: {answer:?}"),
        answer = async { has_come(&share, &id, 512 * 1024).await; share.plain("DELETE", &path).await } => answer,
    };
    assert_eq!(removed.status, 204);
    into.send(Ok(vec![1; 512 * 1024].into())).unwrap();
    drop(into);
    assert_eq!(sending.await.problem(404), "no such file");
    assert!(share.is_gone(&id));
    assert_eq!(share.plain("HEAD", &path).await.status, 404);
}

#[tokio::test]
async fn what_a_crash_left_undone_is_done_by_the_next_who_asks() {
    let share = Share::open().await;
    let hash = Digest::of(b"0123456789");
    for renamed in [false, true] {
        let id = share.create(10).await;
        share.send(&id, 0, "01234").await;
        let (partial, whole) = share.paths(&id);
        // All came and, the second time, got its name; then the power failed.
        std::fs::write(&partial, "0123456789").unwrap();
        if renamed {
            std::fs::rename(&partial, &whole).unwrap();
        }
        assert_eq!(share.offset(&id).await, 10, "renamed: {renamed}");
        assert_eq!(share.info(&id).await["sha256"], hash.as_str());
        assert!(whole.exists() && !partial.exists());
    }
    // An empty last request does as well as asking.
    let id = share.create(10).await;
    share.send(&id, 0, "01234").await;
    std::fs::write(share.paths(&id).0, "0123456789").unwrap();
    assert_eq!(share.send(&id, 10, "").await.status, 204);
    assert_eq!(share.info(&id).await["complete"], true);
}

#[tokio::test]
async fn an_upload_whose_bytes_were_lost_begins_anew() {
    let share = Share::open().await;
    let id = share.create(4).await;
    share.send(&id, 0, "01").await;
    std::fs::remove_file(share.paths(&id).0).unwrap();
    assert_eq!(share.offset(&id).await, 0);
    assert_eq!(share.send(&id, 0, "abcd").await.status, 204);
    assert_eq!(
        share.info(&id).await["sha256"],
        Digest::of(b"abcd").as_str()
    );
}

#[tokio::test]
async fn a_full_disk_is_507_and_not_the_end() {
    let share = Share::open().await;
    let id = share.create(4).await;
    let (partial, _) = share.paths(&id);
    std::fs::create_dir_all(partial.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", &partial).unwrap();
    let answer = share.send(&id, 0, "abcd").await;
    assert_eq!(answer.problem(507), "the service's disk is full");
    std::fs::remove_file(&partial).unwrap();
    assert_eq!(share.send(&id, 0, "abcd").await.status, 204);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_kept_so_far() {
    let share = Share::open().await;
    let id = share.create(10).await;
    let (into, body) = slow_body();
    into.send(Ok("012".into())).unwrap();
    into.send(Err(std::io::Error::other("cut"))).unwrap();
    assert_eq!(
        share.send(&id, 0, body).await.problem(400),
        "the body was cut off"
    );
    assert_eq!(share.offset(&id).await, 3);
}

#[tokio::test]
async fn who_asks_after_a_cut_is_told_all_that_came() {
    let share = Share::open().await;
    let id = share.create(MIB).await;
    let (into, body) = slow_body();
    let sending = share.send(&id, 0, body);
    into.send(Ok(vec![1; 300 * 1024].into())).unwrap();
    let asking = async {
        has_come(&share, &id, 300 * 1024).await;
        // The rest is on its way when the question comes.
        let asking = share.offset(&id);
        into.send(Ok(vec![1; 100].into())).unwrap();
        drop(into);
        asking.await
    };
    let (sent, offset) = tokio::join!(sending, asking);
    assert_eq!((sent.status.as_u16(), offset), (204, 300 * 1024 + 100));
}

#[tokio::test]
async fn while_a_mount_is_missing_nothing_is_written_and_nothing_is_taken_for_lost() {
    let share = Share::open().await;
    let (id, whole) = (share.create(4).await, share.upload(b"abcd").await);
    let link = share.link(&whole, "alice").await;
    let folder = share.service.files_dir.path();
    let away = tempfile::tempdir().unwrap();
    let moved = away.path().join("files");
    std::fs::rename(folder, &moved).unwrap();
    std::fs::create_dir(folder).unwrap();
    let detail = "files are not available";
    assert_eq!(share.send(&id, 0, "abcd").await.problem(503), detail);
    assert_eq!(share.plain("GET", &link).await.problem(503), detail);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    std::fs::remove_dir(folder).unwrap();
    std::fs::rename(&moved, folder).unwrap();
    assert_eq!(share.send(&id, 0, "abcd").await.status, 204);
    assert_eq!(share.plain("GET", &link).await.body, "abcd");
}

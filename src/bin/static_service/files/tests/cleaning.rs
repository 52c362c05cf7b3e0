//! What goes, and, above all, what stays.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::super::cleaning::{IDLE, Place};
use super::super::{FileError, Files};
use super::{Desk, LIMITS, alice, alice_as_new};

/// Cleans everything once, as it will be `after` from now.
async fn clean(files: &Files, after: Duration) -> u64 {
    let mut place = Place::default();
    let mut gone = 0;
    // All subfolders, a slice of 16 at a time.
    for _ in 0..16 {
        gone += files
            .clean(&mut place, SystemTime::now() + after)
            .await
            .unwrap();
    }
    gone
}

const SOON: Duration = Duration::from_secs(60);
const LATER: Duration = IDLE.saturating_add(SOON);
const MUCH_LATER: Duration = IDLE.saturating_mul(4);

#[tokio::test]
async fn idle_uploads_go_with_their_bytes_and_complete_files_stay() {
    let desk = Desk::open().await;
    let complete = desk.upload(3, b"abc").await;
    let partly = desk.upload(5, b"abc").await;
    let never_begun = desk.upload(5, b"").await;
    assert_eq!(clean(&desk.files, SOON).await, 0);
    assert_eq!(clean(&desk.files, LATER).await, 2);
    assert!(desk.has_row(&complete).await && desk.whole(&complete).exists());
    for id in [&partly, &never_begun] {
        assert!(!desk.has_row(id).await && !desk.partial(id).exists());
    }
    assert_eq!(clean(&desk.files, LATER).await, 0);
}

#[tokio::test]
async fn an_upload_to_which_something_came_lately_or_is_coming_stays() {
    let desk = Desk::open().await;
    let lately = desk.upload(5, b"abc").await;
    let file = File::options()
        .write(true)
        .open(desk.partial(&lately))
        .unwrap();
    file.set_modified(SystemTime::now() + LATER - SOON).unwrap();
    let coming = desk.upload(5, b"abc").await;
    let writer = File::options()
        .write(true)
        .open(desk.partial(&coming))
        .unwrap();
    writer.try_lock().unwrap();
    assert_eq!(clean(&desk.files, LATER).await, 0);
    drop(writer);
    assert_eq!(clean(&desk.files, LATER).await, 1);
    assert!(desk.has_row(&lately).await && !desk.has_row(&coming).await);
}

#[tokio::test]
async fn expired_files_go_whatever_their_state() {
    let desk = Desk::open().await;
    let complete = desk.upload(3, b"abc").await;
    let partly = desk.upload(5, b"abc").await;
    assert_eq!(clean(&desk.files, MUCH_LATER).await, 2);
    for id in [&complete, &partly] {
        assert!(!desk.has_row(id).await);
        assert!(!desk.whole(id).exists() && !desk.partial(id).exists());
    }
}

#[tokio::test]
async fn bytes_without_a_row_go_when_they_are_old_and_foreign_names_stay() {
    let desk = Desk::open().await;
    let (whole, partial) = (desk.upload(3, b"abc").await, desk.upload(5, b"abc").await);
    for id in [&whole, &partial] {
        // The crash came between the row and the bytes.
        assert!(desk.storage.remove_file(id).await.unwrap());
    }
    let foreign = desk.whole(&whole).with_file_name("notes.txt");
    fs::write(&foreign, "x").unwrap();
    assert_eq!(clean(&desk.files, SOON).await, 0);
    assert_eq!(clean(&desk.files, LATER).await, 2);
    assert!(!desk.whole(&whole).exists() && !desk.partial(&partial).exists());
    assert!(foreign.exists());
}

#[tokio::test]
async fn rows_without_bytes_go_when_they_are_old() {
    let desk = Desk::open().await;
    let id = desk.upload(3, b"abc").await;
    fs::remove_file(desk.whole(&id)).unwrap();
    assert_eq!(clean(&desk.files, SOON).await, 0);
    assert_eq!(clean(&desk.files, LATER).await, 1);
    assert!(!desk.has_row(&id).await);
}

#[tokio::test]
async fn files_go_with_their_owner_and_give_their_room_back() {
    let desk = Desk::open().await;
    let ids = [
        desk.upload(1 << 29, b"abc").await,
        desk.upload(3, b"abc").await,
    ];
    desk.storage.remove_user(&alice()).await.unwrap();
    assert_eq!(clean(&desk.files, SOON).await, 2);
    for id in &ids {
        assert!(!desk.whole(id).exists() && !desk.partial(id).exists());
    }
    desk.storage.add_user(&alice_as_new()).await.unwrap();
    desk.upload(LIMITS.quota_bytes, b"").await;
}

#[tokio::test]
async fn nothing_goes_while_the_folder_is_not_the_right_one() {
    let desk = Desk::open().await;
    let id = desk.upload(3, b"abc").await;
    // As when a mount is missing.
    let away = tempfile::tempdir().unwrap();
    let moved = away.path().join("files");
    fs::rename(desk.dir.path(), &moved).unwrap();
    fs::create_dir(desk.dir.path()).unwrap();
    let cleaned = desk
        .files
        .clean(&mut Place::default(), SystemTime::now() + MUCH_LATER)
        .await;
    assert!(
        matches!(cleaned, Err(FileError::Foreign { .. })),
        "{cleaned:?}"
    );
    assert!(desk.has_row(&id).await);
    fs::remove_dir(desk.dir.path()).unwrap();
    fs::rename(&moved, desk.dir.path()).unwrap();
    assert_eq!(clean(&desk.files, MUCH_LATER).await, 1);
}

#[tokio::test]
async fn replicas_that_clean_at_once_remove_what_is_idle_and_nothing_else() {
    let desk = Desk::open().await;
    for _ in 0..20 {
        desk.upload(3, b"abc").await;
        desk.upload(5, b"abc").await;
    }
    let other = desk.scratch.open().await;
    let other = Files::open(desk.dir.path(), other, LIMITS).await.unwrap();
    let (one, two) = tokio::join!(clean(&desk.files, LATER), clean(&other, LATER));
    // One may find bytes whose row the other has just removed, and count them too.
    assert!((20..=40).contains(&(one + two)), "{one} and {two}");
    assert_eq!(clean(&desk.files, LATER).await, 0);
    assert!(desk.storage.files_after("", 100).await.unwrap().len() == 20);
    desk.upload(LIMITS.quota_bytes - 20 * 4096, b"").await;
}

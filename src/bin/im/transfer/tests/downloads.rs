//! Downloading: over cuts and over runs, and what does not end up on the disk.

use std::path::Path;

use super::fake::{Fake, hex};
use super::{content, impatient, patient, service, wanted};
use crate::transfer::{Downloaded, Place, Retry, TransferError, Wanted, download};

const SIZE: usize = 500_000;

async fn get(
    fake: &Fake,
    wanted: &Wanted,
    dir: &Path,
    retry: Retry,
) -> Result<Downloaded, TransferError> {
    let place = Place::Folder(dir.to_owned(), "film.bin".to_owned());
    download(&service(fake), wanted, place, retry, |_, _| {}).await
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.collect()
}

fn gets(fake: &Fake) -> Vec<String> {
    let asked = fake.desk().asked.clone();
    asked
        .into_iter()
        .filter(|asked| asked.starts_with("GET"))
        .collect()
}

#[tokio::test]
async fn file_comes_whole_is_checked_and_leaves_nothing_beside_it() {
    let fake = Fake::start().await;
    let url = fake.put("f1", &content(SIZE));
    let dir = tempfile::tempdir().unwrap();
    let hash = Some(hex(&content(SIZE)));
    let wanted = Wanted {
        sha256: hash.clone(),
        size: Some(SIZE as u64),
        ..wanted(&url)
    };
    let got = get(&fake, &wanted, dir.path(), impatient()).await.unwrap();
    assert_eq!(std::fs::read(&got.path).unwrap(), content(SIZE));
    assert_eq!((got.verified, got.resumed_from), (true, 0));
    assert_eq!(Some(got.sha256), hash);
    assert_eq!(names(dir.path()), ["film.bin"]);
}

#[tokio::test]
async fn cut_download_goes_on_in_the_same_run_and_in_the_next() {
    let fake = Fake::start().await;
    let url = fake.put("f1", &content(SIZE));
    let dir = tempfile::tempdir().unwrap();
    fake.desk().cut_after = Some(100_000);
    let cut = get(&fake, &wanted(&url), dir.path(), impatient()).await;
    let cut = cut.unwrap_err();
    assert!(matches!(cut, TransferError::Lost(_)), "{cut}");
    assert!(
        !dir.path().join("film.bin").exists(),
        "half a file under its name"
    );
    fake.desk().cut_after = Some(150_000);
    let got = get(&fake, &wanted(&url), dir.path(), patient())
        .await
        .unwrap();
    let asked = ["GET f1", "GET f1 bytes=100000-", "GET f1 bytes=250000-"];
    assert_eq!(gets(&fake), asked);
    assert_eq!((got.resumed_from, got.verified), (250_000, false));
    assert_eq!(std::fs::read(&got.path).unwrap(), content(SIZE));
}

#[tokio::test]
async fn file_that_has_changed_since_the_cut_begins_anew() {
    let fake = Fake::start().await;
    let url = fake.put("f1", &content(SIZE));
    let dir = tempfile::tempdir().unwrap();
    fake.desk().cut_after = Some(100_000);
    get(&fake, &wanted(&url), dir.path(), impatient())
        .await
        .unwrap_err();
    let other = content(SIZE / 2);
    fake.put("f1", &other);
    fake.desk().etag = "\"two\"".to_owned();
    let got = get(&fake, &wanted(&url), dir.path(), impatient())
        .await
        .unwrap();
    assert_eq!(std::fs::read(&got.path).unwrap(), other);
    assert_eq!(got.resumed_from, 0);
}

#[tokio::test]
async fn part_that_is_all_of_it_already_needs_no_more_bytes() {
    let fake = Fake::start().await;
    let url = fake.put("f1", &content(SIZE));
    let dir = tempfile::tempdir().unwrap();
    fake.desk().cut_after = Some(SIZE);
    // All bytes may have come before the cut is seen; both ends are right.
    if get(&fake, &wanted(&url), dir.path(), impatient())
        .await
        .is_err()
    {
        let got = get(&fake, &wanted(&url), dir.path(), impatient())
            .await
            .unwrap();
        assert_eq!(got.resumed_from, SIZE as u64);
    }
    let saved = std::fs::read(dir.path().join("film.bin")).unwrap();
    assert_eq!(saved, content(SIZE));
}

#[tokio::test]
async fn wrong_hash_wrong_size_and_too_much_leave_nothing_under_the_name() {
    let fake = Fake::start().await;
    let url = fake.put("f1", &content(SIZE));
    let plain = wanted(&url);
    let hash = Wanted {
        sha256: Some("0".repeat(64)),
        ..plain.clone()
    };
    let size = Wanted {
        size: Some(SIZE as u64 - 1),
        ..plain.clone()
    };
    let limit = Wanted {
        limit_bytes: SIZE as u64 - 1,
        ..plain
    };
    for (wanted, exit_code) in [(hash, 1), (size, 1), (limit, 4)] {
        let dir = tempfile::tempdir().unwrap();
        let error = get(&fake, &wanted, dir.path(), patient())
            .await
            .unwrap_err();
        assert_eq!(error.exit_code(), exit_code, "{error}");
        assert!(!dir.path().join("film.bin").exists(), "{error}");
    }
}

#[tokio::test]
async fn link_that_is_over_says_so() {
    let fake = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/api/v1/files/gone?signature=s", fake.url());
    let error = get(&fake, &wanted(&url), dir.path(), patient()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, TransferError::Gone(_)), "{error}");
    assert_eq!(gets(&fake).len(), 1);
}

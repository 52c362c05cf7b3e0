//! Uploading: in chunks, over cuts and over runs, and what is refused.

use mosquitto_enterprise_push::protocol::Content;

use super::fake::{Fake, hex};
use super::{content, impatient, patient, service, source};
use crate::content::Offer;
use crate::transfer::{Retry, Source, TransferError, Uploads, offer};

const SIZE: usize = 700_000;

async fn send(fake: &Fake, source: &Source, retry: Retry) -> Result<Offer, TransferError> {
    let uploads = Uploads::of(source.path.parent().unwrap());
    let moved = |_| {};
    offer(
        &service(fake),
        source,
        Content::File,
        "bob",
        &uploads,
        retry,
        moved,
    )
    .await
}

fn patches(fake: &Fake) -> Vec<String> {
    let asked = fake.desk().asked.clone();
    let patches = asked.into_iter().filter(|asked| asked.starts_with("PATCH"));
    patches.collect()
}

fn creations(fake: &Fake) -> usize {
    let desk = fake.desk();
    desk.asked
        .iter()
        .filter(|asked| *asked == "POST files")
        .count()
}

#[tokio::test]
async fn file_goes_up_in_chunks_and_its_offer_tells_everything() {
    let fake = Fake::start().await;
    fake.desk().chunk_bytes = Some(300_000);
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path(), SIZE);
    let uploads = Uploads::of(dir.path());
    let mut told = Vec::new();
    let moved = |bytes| told.push(bytes);
    let service = service(&fake);
    let offer = offer(
        &service,
        &source,
        Content::Video,
        "#dev",
        &uploads,
        impatient(),
        moved,
    );
    let offer = offer.await.unwrap();
    assert_eq!(
        patches(&fake),
        ["PATCH f1 0", "PATCH f1 300000", "PATCH f1 600000"]
    );
    assert_eq!(fake.desk().files["f1"].data, content(SIZE));
    assert_eq!(
        offer.url,
        format!("{}/api/v1/files/f1?to=x&signature=s", fake.url())
    );
    assert_eq!(offer.name, "film.bin");
    assert_eq!(
        (offer.size, offer.content),
        (Some(SIZE as u64), Content::Video)
    );
    assert_eq!(offer.sha256, Some(hex(&content(SIZE))));
    assert!(
        told.is_sorted() && told.last() == Some(&(SIZE as u64)),
        "{told:?}"
    );
    let asked = fake.desk().asked.clone();
    assert!(
        asked.contains(&r##"POST f1/links {"to":"#dev"}"##.to_owned()),
        "{asked:?}"
    );
    let expected = Some("Bearer session-secret".to_owned());
    assert!(
        fake.desk()
            .authorizations
            .iter()
            .all(|sent| *sent == expected)
    );
}

#[tokio::test]
async fn cut_upload_goes_on_where_the_server_is() {
    let fake = Fake::start().await;
    fake.desk().cut_after = Some(123_456);
    let dir = tempfile::tempdir().unwrap();
    send(&fake, &source(dir.path(), SIZE), patient())
        .await
        .unwrap();
    assert_eq!(patches(&fake), ["PATCH f1 0", "PATCH f1 123456"]);
    assert_eq!(fake.desk().files["f1"].data, content(SIZE));
    assert_eq!(creations(&fake), 1);
}

#[tokio::test]
async fn next_run_goes_on_and_the_one_after_uploads_nothing() {
    let fake = Fake::start().await;
    fake.desk().cut_after = Some(99_999);
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path(), SIZE);
    let cut = send(&fake, &source, impatient()).await.unwrap_err();
    assert!(matches!(cut, TransferError::Lost(_)), "{cut}");
    assert_eq!(cut.exit_code(), 5);
    for _ in 0..2 {
        send(&fake, &source, impatient()).await.unwrap();
    }
    assert_eq!(patches(&fake), ["PATCH f1 0", "PATCH f1 99999"]);
    assert_eq!(creations(&fake), 1);
}

#[tokio::test]
async fn upload_that_the_server_has_forgotten_is_made_anew() {
    let fake = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path(), SIZE);
    send(&fake, &source, impatient()).await.unwrap();
    fake.desk().files.clear();
    send(&fake, &source, impatient()).await.unwrap();
    assert_eq!(fake.desk().files["f1"].data, content(SIZE));
    assert_eq!(creations(&fake), 2);
}

#[tokio::test]
async fn busy_server_is_asked_again_and_a_refusal_is_final() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path(), 10);
    for status in [429, 503] {
        let fake = Fake::start().await;
        fake.desk().refuse = Some((status, "busy"));
        send(&fake, &source, patient()).await.unwrap();
        assert_eq!(creations(&fake), 2, "{status}");
    }
    for (status, exit_code) in [(413, 4), (507, 4), (403, 4), (404, 4)] {
        let fake = Fake::start().await;
        fake.desk().refuse = Some((status, "quota is used up"));
        let error = send(&fake, &source, patient()).await.unwrap_err();
        assert!(error.to_string().contains("quota is used up"), "{error}");
        assert_eq!((error.exit_code(), creations(&fake)), (exit_code, 1));
    }
}

#[tokio::test]
async fn file_that_arrived_damaged_is_offered_to_nobody() {
    let fake = Fake::start().await;
    fake.desk().wrong_hash = true;
    let dir = tempfile::tempdir().unwrap();
    let source = source(dir.path(), SIZE);
    let error = send(&fake, &source, patient()).await.unwrap_err();
    assert!(matches!(error, TransferError::Mismatch(_)), "{error}");
    let asked = fake.desk().asked.clone();
    assert!(
        !asked.iter().any(|asked| asked.contains("links")),
        "{asked:?}"
    );
    assert!(asked.contains(&"DELETE f1".to_owned()), "{asked:?}");
    fake.desk().wrong_hash = false;
    send(&fake, &source, patient()).await.unwrap();
    assert_eq!(creations(&fake), 2);
}

#[tokio::test]
async fn empty_file_is_a_file_too() {
    let fake = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let offer = send(&fake, &source(dir.path(), 0), impatient())
        .await
        .unwrap();
    assert_eq!((offer.size, patches(&fake).len()), (Some(0), 0));
}

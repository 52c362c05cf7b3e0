//! Nothing is held in memory: what has been taken from a body is on the disk, but for a piece or two.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};

use super::{MIB, Share};

/// A frame of the body.
const FRAME: u64 = 64 * 1024;
/// What may be in memory at a time.
const HELD: u64 = MIB;
const SIZE: u64 = 64 * MIB;

#[tokio::test]
async fn an_upload_is_taken_no_faster_than_it_is_written() {
    let share = Share::open().await;
    let id = share.create(SIZE).await;
    let (partial, _) = share.paths(&id);
    let most = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&most);
    let frames = stream::iter(0..SIZE / FRAME).map(move |frame| {
        let written = std::fs::metadata(&partial).map_or(0, |file| file.len());
        seen.fetch_max(frame * FRAME - written, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from(vec![5; usize::try_from(FRAME).unwrap()]))
    });
    let answer = share.send(&id, 0, Body::from_stream(frames)).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let most = most.load(Ordering::Relaxed);
    assert!((FRAME..=HELD).contains(&most), "{most} bytes were held");
}

#[tokio::test]
async fn a_download_comes_in_small_pieces() {
    let share = Share::open().await;
    let id = share
        .upload(&vec![5; usize::try_from(8 * MIB).unwrap()])
        .await;
    let link = share.link(&id, "alice").await;
    let request = super::request(&share.alice, "GET", &link, &[], Body::empty());
    let response = share.service.send(request).await;
    let mut frames = response.into_body().into_data_stream();
    let mut sum = 0;
    while let Some(frame) = frames.next().await {
        let len = u64::try_from(frame.unwrap().len()).unwrap();
        assert!(len <= MIB / 4, "a frame of {len} bytes");
        sum += len;
    }
    assert_eq!(sum, 8 * MIB);
}

//! Room: the largest file, and what an enterprise may have together.

use futures_util::future::join_all;
use serde_json::json;

use super::{MIB, ROOT, Share};
use crate::clock::now_s;

async fn create(share: &Share, size: u64) -> u16 {
    let body = json!({"name": "a", "size": size, "content_type": "a/b"});
    share.post(ROOT, &body).await.status.as_u16()
}

#[tokio::test]
async fn uploads_created_at_once_never_reserve_more_than_the_quota() {
    let share = Share::open().await;
    let answers = join_all((0..12).map(|_| create(&share, 50 * MIB))).await;
    let with = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((with(201), with(507)), (8, 4), "{answers:?}");
    // An empty file takes a little room too.
    assert_eq!(create(&share, 0).await, 507);
}

#[tokio::test]
async fn room_is_given_back_by_removal_and_by_expiry() {
    let share = Share::open().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(share.create(100 * MIB).await);
    }
    assert_eq!(create(&share, 1).await, 507);
    let removed = share.plain("DELETE", &format!("{ROOT}/{}", ids[0])).await;
    assert_eq!(removed.status, 204);
    assert_eq!(create(&share, 100 * MIB).await, 201);
    assert_eq!(create(&share, 1).await, 507);
    let later = now_s() + 3601;
    let expired = share.service.storage().remove_expired_files(later, 2).await;
    assert_eq!(expired.unwrap().len(), 2);
    assert_eq!(create(&share, 100 * MIB).await, 201);
    assert_eq!(create(&share, 100 * MIB).await, 201);
    assert_eq!(create(&share, 1).await, 507);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_it_is_sent() {
    let share = Share::open().await;
    for size in [100 * MIB + 1, 1 << 60, u64::MAX] {
        let body = json!({"name": "a", "size": size, "content_type": "a/b"});
        let answer = share.post(ROOT, &body).await;
        assert_eq!(answer.problem(413), "size: want at most 104857600 bytes");
    }
    assert_eq!(create(&share, 100 * MIB).await, 201);
}

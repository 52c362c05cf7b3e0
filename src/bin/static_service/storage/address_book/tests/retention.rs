//! For how long changes are told.

use super::super::BookAsked;
use super::{Copy, id, load, new_user, open_with};
use crate::clock::now_ms;

const DAY_MS: i64 = 24 * 3600 * 1000;

#[tokio::test]
async fn a_copy_from_before_what_is_kept_is_loaded_anew() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme", "carol@beta"]).await;
    let (mut old, mut other) = (
        load(&storage, "alice@acme").await,
        load(&storage, "carol@beta").await,
    );
    storage.remove_user(&id("bob@acme")).await.unwrap();
    let mut newer = load(&storage, "alice@acme").await;
    storage
        .prune_address_books(now_ms() + 29 * DAY_MS)
        .await
        .unwrap();
    let mut twin = old.clone();
    twin.bring_up_to_date(&storage, &id("alice@acme"), 10).await;
    assert_eq!(
        (twin.ids(), twin.full_loads),
        (vec!["user:alice".to_owned()], 1)
    );

    let later = now_ms() + 31 * DAY_MS;
    let gone = [
        storage.prune_address_books(later).await.unwrap(),
        storage.prune_address_books(later).await.unwrap(),
    ];
    assert_eq!(gone, [0, 1], "first the floor rises, then rows go");
    old.bring_up_to_date(&storage, &id("alice@acme"), 10).await;
    assert_eq!(
        (old.ids(), old.full_loads),
        (vec!["user:alice".to_owned()], 2)
    );
    // Nobody else has to: not who knows of it, and not other enterprises.
    newer
        .bring_up_to_date(&storage, &id("alice@acme"), 10)
        .await;
    other
        .bring_up_to_date(&storage, &id("carol@beta"), 10)
        .await;
    assert_eq!((newer.full_loads, other.full_loads), (1, 1));
}

#[tokio::test]
async fn a_copy_from_the_future_or_of_an_older_database_is_loaded_anew() {
    let (_dir, storage) = open_with(&["alice@acme"]).await;
    let version = storage.address_book_version("acme").await.unwrap();
    assert!((version - now_ms()).abs() < 60_000, "born in milliseconds");
    for since in [0, 7, version - 600_000, version + 1, i64::MAX] {
        let asked = BookAsked::Begin(Some(since));
        let page = storage.address_book(&id("alice@acme"), asked, 10).await;
        let page = page.unwrap().unwrap();
        assert!(
            page.full && page.entries.len() == 1 && page.version == version,
            "{since}"
        );
    }
}

#[tokio::test]
async fn a_load_that_takes_longer_than_changes_are_kept_begins_again() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme"]).await;
    let alice = id("alice@acme");
    let mut copy = load(&storage, "alice@acme").await;
    for uid in ["dan@acme", "eve@acme"] {
        storage.add_user(&new_user(uid)).await.unwrap();
    }
    assert!(!copy.page(&storage, &alice, 1).await);
    storage.remove_user(&id("bob@acme")).await.unwrap();
    storage
        .prune_address_books(now_ms() + 31 * DAY_MS)
        .await
        .unwrap();
    let cursor = copy.under_way.clone().unwrap();
    let page = storage
        .address_book(&alice, BookAsked::GoOn(cursor), 1)
        .await;
    assert!(page.unwrap().is_none());
    copy.bring_up_to_date(&storage, &alice, 1).await;
    assert_eq!(copy.ids(), ["user:alice", "user:dan", "user:eve"]);
    assert_eq!(copy.full_loads, 2);
}

#[tokio::test]
async fn who_gets_a_uid_that_somebody_had_learns_nothing_of_theirs() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme", "carol@beta"]).await;
    let (alice, carol) = (id("alice@acme"), id("carol@beta"));
    let dev = "dev@acme".parse().unwrap();
    storage
        .add_group(&dev, &"Dev".parse().unwrap())
        .await
        .unwrap();
    storage
        .add_member(&dev, &"alice".parse().unwrap())
        .await
        .unwrap();
    storage.link_partners(&alice, &carol, None).await.unwrap();
    let mut of_the_old = load(&storage, "alice@acme").await;
    let before = of_the_old.version.unwrap();
    storage.unlink_partners(&alice, &carol).await.unwrap();
    storage.remove_user(&alice).await.unwrap();
    let removed = storage.address_book_version("acme").await.unwrap();
    storage.add_user(&new_user("alice@acme")).await.unwrap();
    for since in before..=removed {
        let asked = BookAsked::Begin(Some(since));
        let page = storage
            .address_book(&alice, asked, 10)
            .await
            .unwrap()
            .unwrap();
        assert!(page.full && page.entries.len() == 2, "{page:?}");
    }
    of_the_old.bring_up_to_date(&storage, &alice, 10).await;
    assert_eq!(of_the_old.ids(), ["user:alice", "user:bob"]);
}

#[tokio::test]
async fn pruning_the_database_prunes_address_books_too() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme"]).await;
    let mut copy: Copy = load(&storage, "alice@acme").await;
    storage.remove_user(&id("bob@acme")).await.unwrap();
    storage.prune(now_ms() + 31 * DAY_MS).await.unwrap();
    copy.bring_up_to_date(&storage, &id("alice@acme"), 10).await;
    assert_eq!(copy.full_loads, 2);
}

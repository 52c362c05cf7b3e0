//! What is read, by whom, and what it costs to write.

use serde_json::json;

use super::super::{BookAsked, Section};
use super::{Copy, id, load, new_user, open_with};
use crate::profile::ProfileChange;
use crate::storage::{Relation, Storage};

/// Types and ids of what a copy would be told now.
async fn told(storage: &Storage, reader: &str, copy: &Copy) -> Vec<String> {
    let asked = BookAsked::Begin(copy.version);
    let page = storage.address_book(&id(reader), asked, 1_000).await;
    let page = page.unwrap().unwrap();
    assert!(!page.full);
    let entries = page
        .entries
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap());
    let word = |entry: serde_json::Value| {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let id = ["id", "did", "gid", "uid"].into_iter().find_map(text);
        format!("{}:{}", text("type").unwrap(), id.unwrap())
    };
    entries.map(word).collect()
}

async fn group(storage: &Storage, group: &str, members: &[&str]) {
    let id = group.parse().unwrap();
    storage
        .add_group(&id, &"Group".parse().unwrap())
        .await
        .unwrap();
    for uid in members {
        storage
            .add_member(&id, &uid.parse().unwrap())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn everybody_sees_colleagues_own_partners_and_own_groups_only() {
    let users = ["alice@acme", "bob@acme", "carol@beta", "dan@beta"];
    let (_dir, storage) = open_with(&users).await;
    group(&storage, "dev@acme", &["alice", "bob"]).await;
    group(&storage, "hr@acme", &["bob"]).await;
    group(&storage, "dev@beta", &["carol"]).await;
    let lab = "lab@acme".parse().unwrap();
    storage
        .add_department(&lab, &"Lab".parse().unwrap(), None)
        .await
        .unwrap();
    storage
        .set_department(&lab, &"alice".parse().unwrap())
        .await
        .unwrap();
    let (alice, carol) = (id("alice@acme"), id("carol@beta"));
    let upstream = Some(Relation::Upstream);
    storage
        .link_partners(&carol, &alice, upstream)
        .await
        .unwrap();

    let of_alice = load(&storage, "alice@acme").await;
    assert_eq!(
        of_alice.ids(),
        [
            "department:lab",
            "group:dev",
            "partner:carol@beta",
            "user:alice",
            "user:bob"
        ]
    );
    assert_eq!(
        of_alice.entry("partner", "carol@beta"),
        json!({"type": "partner", "eid": "beta", "uid": "carol", "name": "carol", "title": null,
               "phone": null, "email": null, "enterprise": "beta", "relation": "downstream",
               "avatar": null})
    );
    assert_eq!(
        of_alice.entry("user", "alice"),
        json!({"type": "user", "eid": "acme", "uid": "alice", "name": "alice", "title": null,
               "phone": null, "email": null, "department": "lab", "avatar": null})
    );
    assert_eq!(
        of_alice.entry("group", "dev"),
        json!({"type": "group", "gid": "dev", "name": "Group", "members": ["alice", "bob"]})
    );
    assert_eq!(
        of_alice.entry("department", "lab"),
        json!({"type": "department", "did": "lab", "name": "Lab", "parent": null})
    );
    let of_carol = load(&storage, "carol@beta").await;
    assert_eq!(
        of_carol.ids(),
        ["group:dev", "partner:alice@acme", "user:carol", "user:dan"]
    );
    assert_eq!(
        of_carol.entry("partner", "alice@acme")["relation"],
        "upstream"
    );
    assert_eq!(
        load(&storage, "dan@beta").await.ids(),
        ["user:carol", "user:dan"]
    );
}

#[tokio::test]
async fn a_link_changes_its_relation_and_keeps_it_when_none_is_given() {
    let (_dir, storage) = open_with(&["alice@acme", "carol@beta"]).await;
    let (alice, carol) = (id("alice@acme"), id("carol@beta"));
    storage.link_partners(&alice, &carol, None).await.unwrap();
    let copy = load(&storage, "alice@acme").await;
    let down = Some(Relation::Downstream);
    assert_eq!(
        storage.link_partners(&alice, &carol, down).await.unwrap(),
        0
    );
    for relation in [None, down] {
        let again = storage.link_partners(&alice, &carol, relation).await;
        assert!(again.unwrap_err().to_string().contains("exists already"));
    }
    assert_eq!(told(&storage, "alice@acme", &copy).await, ["partner:carol"]);
    let of_carol = load(&storage, "carol@beta").await;
    assert_eq!(
        of_carol.entry("partner", "alice@acme")["relation"],
        "upstream"
    );
}

#[tokio::test]
async fn changes_tell_what_changed_and_no_more() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme", "carol@beta"]).await;
    group(&storage, "dev@acme", &["alice"]).await;
    group(&storage, "hr@acme", &["bob"]).await;
    let copy = load(&storage, "alice@acme").await;
    assert!(told(&storage, "alice@acme", &copy).await.is_empty());
    let title = ProfileChange {
        title: Some(Some("Boss".parse().unwrap())),
        ..ProfileChange::default()
    };
    storage.set_profile(&id("bob@acme"), &title).await.unwrap();
    storage
        .remove_group(&"hr@acme".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(told(&storage, "alice@acme", &copy).await, ["user:bob"]);
    storage
        .remove_group(&"dev@acme".parse().unwrap())
        .await
        .unwrap();
    storage.add_user(&new_user("zoe@acme")).await.unwrap();
    storage.remove_user(&id("bob@acme")).await.unwrap();
    assert_eq!(
        told(&storage, "alice@acme", &copy).await,
        ["deleted:bob", "deleted:dev", "user:zoe"]
    );
}

#[tokio::test]
async fn a_suspended_enterprise_vanishes_from_partners_books_and_comes_back() {
    let (_dir, storage) = open_with(&["alice@acme", "carol@beta"]).await;
    let (alice, carol) = (id("alice@acme"), id("carol@beta"));
    storage.link_partners(&alice, &carol, None).await.unwrap();
    let mut copy = load(&storage, "alice@acme").await;
    let beta = "beta".parse().unwrap();
    storage.suspend_enterprise(&beta).await.unwrap();
    assert_eq!(
        told(&storage, "alice@acme", &copy).await,
        ["deleted:carol@beta"]
    );
    copy.bring_up_to_date(&storage, &alice, 1).await;
    assert_eq!(copy.ids(), ["user:alice"]);
    assert_eq!(load(&storage, "alice@acme").await.ids(), ["user:alice"]);
    storage.resume_enterprise(&beta).await.unwrap();
    assert_eq!(told(&storage, "alice@acme", &copy).await, ["partner:carol"]);
}

#[tokio::test]
async fn what_concerns_an_enterprise_alone_leaves_the_others_version() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme", "carol@beta"]).await;
    let version = async || storage.address_book_version("beta").await.unwrap();
    let before = version().await;
    group(&storage, "dev@acme", &["alice", "bob"]).await;
    storage.remove_user(&id("bob@acme")).await.unwrap();
    assert_eq!(version().await, before);
    let (alice, carol) = (id("alice@acme"), id("carol@beta"));
    storage.link_partners(&alice, &carol, None).await.unwrap();
    let linked = version().await;
    storage.remove_user(&alice).await.unwrap();
    assert!(before < linked && linked < version().await);
}

#[tokio::test]
async fn a_member_more_in_a_large_group_costs_a_row_and_not_one_for_each_member() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme"]).await;
    storage.add_many_users("acme", 2_000).await;
    group(&storage, "dev@acme", &[]).await;
    storage.add_all_users("dev@acme").await;
    let dev = "dev@acme".parse().unwrap();
    for _ in 0..3 {
        let alice = "alice".parse().unwrap();
        storage.remove_member(&dev, &alice).await.unwrap();
        assert_eq!(tombstones(&storage).await, 1);
        storage.add_member(&dev, &alice).await.unwrap();
        assert_eq!(tombstones(&storage).await, 0);
    }
    let copy = load(&storage, "bob@acme").await;
    let members = copy.entry("group", "dev")["members"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(members, 2_002);
}

async fn tombstones(storage: &Storage) -> i64 {
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM book_tombstone");
    count.fetch_one(&storage.read).await.unwrap()
}

#[tokio::test]
async fn pages_are_as_long_as_asked_and_large_groups_share_them_sparingly() {
    let (_dir, storage) = open_with(&["alice@acme"]).await;
    storage.add_many_users("acme", 30_000).await;
    for gid in ["a@acme", "b@acme", "c@acme"] {
        group(&storage, gid, &[]).await;
        storage.add_all_users(gid).await;
    }
    let mut asked = BookAsked::Begin(None);
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    loop {
        let page = storage.address_book(&id("alice@acme"), asked, 5_000).await;
        let page = page.unwrap().unwrap();
        let (of_users, of_groups): (Vec<_>, Vec<_>) = page
            .entries
            .iter()
            .partition(|entry| matches!(entry, crate::address_book::Entry::User(_)));
        users.push(of_users.len());
        groups.push(of_groups.len());
        let Some(next) = page.next else { break };
        asked = BookAsked::GoOn(next);
    }
    assert_eq!(users.iter().sum::<usize>(), 30_001);
    assert!(users.iter().all(|count| *count <= 5_000));
    // Two of 30,001 members each are more than a page wants.
    assert_eq!(groups.iter().rev().take(2).collect::<Vec<_>>(), [&1, &2]);
}

#[tokio::test]
async fn a_change_during_a_load_is_found_by_the_next() {
    let (_dir, storage) = open_with(&["alice@acme", "bob@acme", "dan@acme", "eve@acme"]).await;
    let alice = id("alice@acme");
    let mut copy = Copy::default();
    assert!(!copy.page(&storage, &alice, 2).await);
    assert_eq!(copy.under_way.as_ref().unwrap().section, Section::Users);
    let began = copy.under_way.as_ref().unwrap().version;
    storage.remove_user(&id("dan@acme")).await.unwrap();
    storage.add_user(&new_user("dan@acme")).await.unwrap();
    storage.remove_user(&id("bob@acme")).await.unwrap();
    storage.remove_user(&id("eve@acme")).await.unwrap();
    storage.add_user(&new_user("abe@acme")).await.unwrap();
    copy.bring_up_to_date(&storage, &alice, 2).await;
    assert_eq!(
        copy.version,
        Some(began),
        "all pages carry the first one's version"
    );
    copy.bring_up_to_date(&storage, &alice, 2).await;
    assert_eq!(copy.ids(), ["user:abe", "user:alice", "user:dan"]);
    assert_eq!(copy.full_loads, 1);
}

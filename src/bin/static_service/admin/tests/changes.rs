//! Changes, their events, and the notices for those whom they concern.

use serde_json::{Value, json};

use super::{Desk, json_of, notice};

/// A desk with alice@acme, carol@beta and the group dev@acme, whose events are read.
async fn desk() -> Desk {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.run("enterprise add beta --name Beta").await;
    desk.run("user add alice@acme --name Alice").await;
    desk.run("user add carol@beta").await;
    desk.run("group add dev@acme --name Devs").await;
    desk.events().await;
    desk
}

fn alice(roles: &[&str], channels: &[&str]) -> Value {
    json!({"eid": "acme", "uid": "alice", "name": "Alice", "roles": roles, "channels": channels,
           "groups": [], "partners": []})
}

#[tokio::test]
async fn enterprises_and_users_are_told_whole_and_nobody_gets_a_notice() {
    let mut desk = Desk::open().await;
    let acme = json!({"eid": "acme", "name": "Acme"});
    desk.yields(
        "enterprise add acme --name Acme",
        "enterprise.upserted",
        acme.clone(),
        &[],
    )
    .await;
    desk.yields(
        "user add alice@acme --name Alice --password correct-horse --role operator --role operator \
         --channel news/x --channel ads",
        "user.upserted",
        alice(&["operator"], &["ads", "news/x"]),
        &[],
    )
    .await;
    desk.yields(
        "session kick alice@acme --device pc --reason left",
        "session.kick",
        json!({"eid": "acme", "uid": "alice", "device": "pc", "reason": "left"}),
        &[],
    )
    .await;
    desk.run("group add dev@acme").await;
    desk.run("group member add dev@acme alice").await;
    desk.events().await;
    desk.yields(
        "enterprise suspend acme",
        "enterprise.suspended",
        json!({"eid": "acme"}),
        &[],
    )
    .await;
    desk.yields("enterprise resume acme", "enterprise.upserted", acme, &[])
        .await;
    desk.yields(
        "user remove alice@acme",
        "user.removed",
        json!({"eid": "acme", "uid": "alice"}),
        &[],
    )
    .await;
}

#[tokio::test]
async fn who_joins_or_leaves_a_group_is_told() {
    let mut desk = desk().await;
    let group = |name: &str, members: &[&str]| json!({"eid": "acme", "gid": "dev", "name": name, "members": members});
    let of = |name: &str| json!({"gid": "dev", "name": name});
    desk.yields(
        "group member add dev@acme alice",
        "group.upserted",
        group("Devs", &["alice"]),
        &[("alice@acme", "group.added", of("Devs"))],
    )
    .await;
    desk.yields(
        "group rename dev@acme --name Makers",
        "group.upserted",
        group("Makers", &["alice"]),
        &[],
    )
    .await;
    desk.yields(
        "group member remove dev@acme alice",
        "group.upserted",
        group("Makers", &[]),
        &[("alice@acme", "group.removed", of("Makers"))],
    )
    .await;
    desk.run("user add bob@acme").await;
    desk.run("group member add dev@acme bob").await;
    desk.run("group member add dev@acme alice").await;
    desk.events().await;
    desk.yields(
        "group remove dev@acme",
        "group.removed",
        json!({"eid": "acme", "gid": "dev"}),
        &[
            ("alice@acme", "group.removed", of("Makers")),
            ("bob@acme", "group.removed", of("Makers")),
        ],
    )
    .await;
}

#[tokio::test]
async fn both_partners_are_told_of_their_link() {
    let mut desk = desk().await;
    let pair = json!({"a": "alice@acme", "b": "carol@beta"});
    let (alice, carol) = (
        json!({"partner": "carol@beta"}),
        json!({"partner": "alice@acme"}),
    );
    desk.yields(
        "partner link carol@beta alice@acme",
        "partner.linked",
        pair.clone(),
        &[
            ("alice@acme", "partner.linked", alice.clone()),
            ("carol@beta", "partner.linked", carol.clone()),
        ],
    )
    .await;
    desk.yields(
        "partner unlink alice@acme carol@beta",
        "partner.unlinked",
        pair,
        &[
            ("alice@acme", "partner.unlinked", alice),
            ("carol@beta", "partner.unlinked", carol),
        ],
    )
    .await;
}

#[tokio::test]
async fn who_gains_or_loses_a_role_or_a_channel_is_told() {
    let mut desk = desk().await;
    for (line, event, kind, data) in [
        (
            "user role add alice@acme admin",
            alice(&["admin"], &[]),
            "role.changed",
            json!({"role": "admin", "change": "added"}),
        ),
        (
            "user channel add alice@acme news/today",
            alice(&["admin"], &["news/today"]),
            "channel.changed",
            json!({"channel": "news/today", "change": "added"}),
        ),
        (
            "user role remove alice@acme admin",
            alice(&[], &["news/today"]),
            "role.changed",
            json!({"role": "admin", "change": "removed"}),
        ),
        (
            "user channel remove alice@acme news/today",
            alice(&[], &[]),
            "channel.changed",
            json!({"channel": "news/today", "change": "removed"}),
        ),
    ] {
        let notices = [("alice@acme", kind, data)];
        desk.yields(line, "user.upserted", event, &notices).await;
    }
}

#[tokio::test]
async fn a_new_password_is_told_after_the_tokens_are_revoked() {
    let mut desk = desk().await;
    desk.run("user passwd alice@acme --password correct-horse")
        .await;
    let told = notice(&desk.events().await[0]);
    let password = (
        "alice@acme".to_owned(),
        "password.changed".to_owned(),
        json!({}),
    );
    assert_eq!(told, password);
    let alice = "alice@acme".parse().unwrap();
    desk.give_token(&alice).await;
    desk.events().await;
    desk.run("user passwd alice@acme --password battery-staple")
        .await;
    let kinds: Vec<_> = desk.events().await.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["token.revoked", "notice"]);
}

#[tokio::test]
async fn removing_a_large_group_tells_every_member_once_in_one_transaction() {
    const MEMBERS: u32 = 2_000;
    let desk = desk().await;
    desk.storage.add_many_users("acme", MEMBERS).await;
    desk.storage.add_all_users("dev@acme").await;
    let before = desk.seen;
    let last = desk.run("group remove dev@acme").await.json["event"].clone();
    let mut told = std::collections::BTreeSet::new();
    let mut ids = std::collections::BTreeSet::new();
    let events = desk.storage.events_after(before, 10_000).await.unwrap();
    assert_eq!(events[0].kind, "group.removed");
    for event in &events[1..] {
        ids.insert(json_of(event)["id"].to_string());
        told.insert(notice(event).0);
    }
    // alice is the one beyond the many.
    let want = MEMBERS as usize + 1;
    assert_eq!(
        (told.len(), ids.len(), events.len()),
        (want, want, want + 1)
    );
    let span = events.last().unwrap().id - events[0].id;
    assert_eq!(span, i64::from(MEMBERS) + 1, "nothing came between");
    assert_eq!(last, events.last().unwrap().id);
}

#[tokio::test]
async fn notices_reach_the_feed_with_their_scope() {
    let mut desk = desk().await;
    for (to, scope) in [
        ("--all", json!({"all": true})),
        ("--eid acme", json!({"eid": "acme"})),
        ("--user alice@acme", json!({"eid": "acme", "uid": "alice"})),
        ("--group dev@acme", json!({"eid": "acme", "gid": "dev"})),
    ] {
        let line = format!("notice send {to} --title Hi --data {{\"a\":1}} --retain --expiry-s 60");
        let done = desk.run(&line).await;
        let data = json_of(&desk.events().await[0]);
        assert_eq!(data["scope"], scope);
        assert_eq!(data["id"], done.json["id"]);
        assert_eq!(
            (&data["retain"], &data["expiry_s"]),
            (&true.into(), &60.into())
        );
        assert_eq!(data["data"], json!({"a": 1}));
        assert_eq!(data["kind"], "announcement");
    }
}

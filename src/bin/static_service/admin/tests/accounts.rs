//! Locks, devices and routing, as an administrator types them.

use serde_json::json;

use super::{Desk, json_of, notice};

async fn desk() -> Desk {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.run("user add alice@acme").await;
    desk.events().await;
    desk
}

#[tokio::test]
async fn a_lock_ends_everything_and_is_told_to_the_brokers() {
    let mut desk = desk().await;
    let alice = "alice@acme".parse().unwrap();
    desk.give_token(&alice).await;
    desk.events().await;
    desk.run("user lock alice@acme").await;
    let events = desk.events().await;
    assert_eq!(events[0].kind, "token.revoked");
    let kick = json!({"eid": "acme", "uid": "alice", "reason": "the user is locked"});
    assert_eq!(
        (events[1].kind.as_str(), json_of(&events[1])),
        ("session.kick", kick)
    );
    assert_eq!(events.len(), 2);
    assert!(
        desk.run("user show alice@acme")
            .await
            .text
            .contains("locked\tyes")
    );
    desk.run("user unlock alice@acme").await;
    assert!(desk.events().await.is_empty());
}

#[tokio::test]
async fn devices_are_shown_and_removed() {
    let mut desk = desk().await;
    let alice = "alice@acme".parse().unwrap();
    desk.give_device(&alice, "laptop").await;
    let shown = desk.run("user device list alice@acme").await;
    assert_eq!(shown.text, "laptop\tpc\t-\tsigned in");
    assert_eq!(shown.json["devices"][0]["device"], "laptop");
    desk.run("user device remove alice@acme laptop").await;
    let events = desk.events().await;
    assert_eq!(events[0].kind, "session.kick");
    let told = (
        "alice@acme".to_owned(),
        "device.removed".to_owned(),
        json!({"device": "laptop"}),
    );
    assert_eq!(notice(&events[1]), told);
    assert_eq!(desk.run("user device list alice@acme").await.text, "");
}

#[tokio::test]
async fn what_is_not_so_is_refused() {
    let mut desk = desk().await;
    for (line, want) in [
        ("user lock zed@acme", "no user zed@acme"),
        ("user unlock zed@acme", "no user zed@acme"),
        ("user unlock alice@acme", "no lock of user alice@acme"),
        ("user device list zed@acme", "no user zed@acme"),
        (
            "user device remove alice@acme pc",
            "no device pc of user alice@acme",
        ),
        ("user device remove zed@acme pc", "no device pc"),
        ("enterprise broker set nope tcp://h:1", "no enterprise nope"),
        ("enterprise broker unset nope", "no enterprise nope"),
        (
            "enterprise broker unset acme",
            "no broker of enterprise acme",
        ),
        ("user add bob@acme --password short", "shorter than 8"),
        ("user passwd alice@acme --password password1", "commonest"),
        ("user passwd alice@acme --password alice@acme", "user name"),
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(error.contains(want), "{line}: {error}");
    }
    assert!(desk.events().await.is_empty());
    assert!(super::parse(&["enterprise", "broker", "set", "acme", "http://h:1"]).is_err());
}

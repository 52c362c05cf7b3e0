//! Users' roles, channels and partners over HTTP.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn a_user_is_shown_with_all_rights() {
    let desk = Desk::of_the_admin().await;
    assert_eq!(
        desk.get("acme/users/alice").await,
        json!({"eid": "acme", "uid": "alice", "name": "ALICE", "department": null,
               "locked": false, "title": null, "phone": null, "email": null,
               "roles": ["operator"], "groups": ["dev"], "partners": ["carol@beta"],
               "channels": ["news/today"]})
    );
    desk.call("GET", "acme/users/carol").await.problem(404);
}

#[tokio::test]
async fn roles_and_channels_are_given_and_taken_and_each_change_is_told_once() {
    let mut desk = Desk::of_the_admin().await;
    for (path, kind) in [
        ("acme/users/alice/roles/hr", "role.changed to alice@acme"),
        (
            "acme/users/alice/channels/news%2Fsports",
            "channel.changed to alice@acme",
        ),
    ] {
        for told in [&["user.upserted", kind][..], &[]] {
            Desk::done(&desk.call("PUT", path).await);
            assert_eq!(desk.told().await, told, "{path}");
        }
        Desk::done(&desk.call("DELETE", path).await);
        assert_eq!(desk.told().await, ["user.upserted", kind]);
        desk.call("DELETE", path).await.problem(404);
        assert!(desk.told().await.is_empty());
    }
}

#[tokio::test]
async fn a_channel_given_over_http_is_the_one_that_login_tokens_carry() {
    let desk = Desk::of_the_admin().await;
    let path = "acme/users/bob/channels/news%2Fsports";
    Desk::done(&desk.call("PUT", path).await);
    let token = desk.service.login_token("bob@acme").await;
    let answer = desk.service.introspect(&[("token", &token)]).await.json();
    assert_eq!(answer["channels"], json!(["news/sports"]));
}

#[tokio::test]
async fn an_operator_links_partners_once() {
    let mut desk = Desk::of_the_operator().await;
    let told = [
        "partner.linked",
        "partner.linked to bob@acme",
        "partner.linked to carol@beta",
    ];
    for told in [&told[..], &[]] {
        Desk::done(&desk.call("PUT", "acme/users/bob/partners/carol@beta").await);
        assert_eq!(desk.told().await, told);
    }
    // The same link, from its other end.
    Desk::done(
        &desk
            .call("PUT", "beta/users/carol/partners/bob%40acme")
            .await,
    );
    assert!(desk.told().await.is_empty());
    Desk::done(
        &desk
            .call("DELETE", "beta/users/carol/partners/bob@acme")
            .await,
    );
    assert_eq!(desk.told().await.len(), 3);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_makes_no_sense_400() {
    let mut desk = Desk::of_the_operator().await;
    for (method, path, status) in [
        ("PUT", "acme/users/zed/roles/hr", 404),
        ("DELETE", "acme/users/zed/roles/hr", 404),
        ("DELETE", "acme/users/bob/roles/hr", 404),
        ("PUT", "acme/users/zed/channels/ads", 404),
        ("DELETE", "acme/users/bob/channels/ads", 404),
        ("PUT", "acme/users/zed/partners/carol@beta", 404),
        ("PUT", "acme/users/bob/partners/zed@nowhere", 404),
        ("DELETE", "acme/users/bob/partners/carol@beta", 404),
        ("PUT", "acme/users/bob/partners/alice@acme", 400),
        ("DELETE", "acme/users/bob/partners/alice@acme", 400),
    ] {
        desk.call(method, path).await.problem(status);
    }
    assert!(desk.told().await.is_empty());
}

#[tokio::test]
async fn a_profile_is_set_and_brokers_are_told_of_a_new_name_only() {
    let mut desk = Desk::of_the_admin().await;
    let path = "acme/users/alice/profile";
    let profile = json!({"title": "Boss", "phone": "+49 30 1", "email": "alice@acme.example"});
    for _ in 0..2 {
        Desk::done(&desk.call_json("PUT", path, &profile).await);
        assert!(desk.told().await.is_empty());
    }
    for told in [&["user.upserted"][..], &[]] {
        let named = json!({"name": "Alice Liddell", "phone": null});
        Desk::done(&desk.call_json("PUT", path, &named).await);
        assert_eq!(desk.told().await, told);
    }
    let shown = desk.get("acme/users/alice").await;
    assert_eq!(
        json!([
            shown["name"],
            shown["title"],
            shown["phone"],
            shown["email"]
        ]),
        json!(["Alice Liddell", "Boss", null, "alice@acme.example"])
    );
    let unknown = desk.call_json("PUT", "acme/users/zed/profile", &profile);
    unknown.await.problem(404);
}

#[tokio::test]
async fn an_operator_says_what_partners_are_to_each_other() {
    let mut desk = Desk::of_the_operator().await;
    let link = "acme/users/alice/partners/carol@beta";
    for _ in 0..2 {
        Desk::done(&desk.call("PUT", &format!("{link}?relation=upstream")).await);
    }
    // Which stays as it is when nothing is said of it.
    Desk::done(&desk.call("PUT", link).await);
    assert!(desk.told().await.is_empty(), "brokers know no relations");
    for (user, of, relation) in [
        ("alice@acme", 2, "upstream"),
        ("carol@beta", 1, "downstream"),
    ] {
        let session = desk.service.session(user).await;
        let path = "/api/v1/address-book";
        let book = desk.service.as_user("GET", path, &session, &[], Vec::new());
        let entries = book.await.json()["entries"].clone();
        assert_eq!(entries[of]["relation"], relation, "{entries}");
    }
}

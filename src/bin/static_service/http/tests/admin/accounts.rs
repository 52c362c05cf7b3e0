//! Accounts over HTTP. alice@acme is an operator, bob@acme an admin, carol@beta neither.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn a_user_is_created_logs_in_and_is_removed() {
    let mut desk = Desk::of_the_admin().await;
    let new = json!({"uid": "dora", "name": "Dora", "password": "correct horse",
                     "roles": ["hr"], "channels": ["news/today"]});
    let answer = desk.call_json("POST", "acme/users", &new).await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.headers["location"],
        "/api/v1/admin/enterprises/acme/users/dora"
    );
    assert_eq!(
        answer.json(),
        json!({"uid": "dora", "name": "Dora", "department": null})
    );
    assert_eq!(desk.told().await, ["user.upserted"]);
    desk.call_json("POST", "acme/users", &new)
        .await
        .problem(409);
    let shown = desk.get("acme/users/dora").await;
    assert_eq!(
        (&shown["roles"], &shown["locked"]),
        (&json!(["hr"]), &json!(false))
    );
    let session = desk.service.session_by("dora@acme", "correct horse").await;
    let token = desk.service.token(&session, "pc").await.member("token");
    desk.told().await;
    Desk::done(&desk.call("DELETE", "acme/users/dora").await);
    assert_eq!(desk.told().await, ["token.revoked", "user.removed"]);
    assert!(!desk.service.is_active(&token).await);
    desk.call("DELETE", "acme/users/dora").await.problem(404);
    desk.service
        .login("dora@acme", "correct horse")
        .await
        .problem(401);
}

#[tokio::test]
async fn whoever_is_not_there_cannot_be_removed_in_whatever_enterprise() {
    let desk = Desk::of_the_operator().await;
    for path in ["acme/users/zed", "nowhere/users/bob"] {
        desk.call("DELETE", path).await.problem(404);
    }
}

#[tokio::test]
async fn a_user_made_without_a_password_logs_in_once_one_is_set() {
    let desk = Desk::of_the_admin().await;
    let new = json!({"uid": "dora"});
    assert_eq!(desk.call_json("POST", "acme/users", &new).await.status, 201);
    desk.service.login("dora@acme", "").await.problem(401);
    let password = json!({"password": "correct horse"});
    Desk::done(
        &desk
            .call_json("PUT", "acme/users/dora/password", &password)
            .await,
    );
    desk.service.session_by("dora@acme", "correct horse").await;
}

#[tokio::test]
async fn a_password_set_by_an_administrator_ends_sessions_and_is_told() {
    let mut desk = Desk::of_the_operator().await;
    let login = desk.service.login_on("bob@acme", "laptop").await;
    let session = login.member("session_token");
    let token = desk.service.token(&session, "laptop").await.member("token");
    desk.told().await;
    let password = json!({"password": "correct horse"});
    Desk::done(
        &desk
            .call_json("PUT", "acme/users/bob/password", &password)
            .await,
    );
    assert_eq!(
        desk.told().await,
        ["token.revoked", "password.changed to bob@acme"]
    );
    assert!(!desk.service.is_active(&token).await);
    assert!(!desk.service.has_session(&session).await);
    let refresh = login.member("refresh_token");
    desk.service.refresh(&refresh).await.problem(401);
    desk.call_json("PUT", "acme/users/zed/password", &password)
        .await
        .problem(404);
}

#[tokio::test]
async fn passwords_that_will_not_do_and_bodies_of_another_shape_are_refused() {
    let mut desk = Desk::of_the_operator().await;
    for (password, want) in [
        ("short", "shorter"),
        ("password", "commonest"),
        ("carol@beta", "user name"),
        (&"x y".repeat(400), "longer"),
    ] {
        let body = json!({"password": password});
        let path = "beta/users/carol/password";
        let detail = desk.call_json("PUT", path, &body).await.problem(400);
        assert!(detail.contains(want), "{detail}");
    }
    for body in [
        json!({"uid": "dora", "password": "1234"}),
        json!({"uid": "d", "password": 12345678}),
    ] {
        desk.call_json("POST", "acme/users", &body)
            .await
            .problem(400);
    }
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{\"password\":987654321}",
        "{\"passwort\":\"987654321\"}",
        "{\"password\":\"987654321x\",\"more\":1}",
    ] {
        let path = "acme/users/bob/password";
        let answer = desk
            .send("PUT", path, "application/json", body.into())
            .await;
        assert!(!answer.problem(400).contains("987654321"));
    }
    for channel in ["", "a b", "news/#", "/"] {
        let body = json!({"uid": "dora", "channels": [channel]});
        desk.call_json("POST", "acme/users", &body)
            .await
            .problem(400);
    }
    assert!(desk.told().await.is_empty());
}

#[tokio::test]
async fn a_locked_user_is_out_until_unlocked() {
    let mut desk = Desk::of_the_operator().await;
    let login = desk.service.login_on("bob@acme", "laptop").await;
    let session = login.member("session_token");
    let token = desk.service.token(&session, "laptop").await.member("token");
    desk.told().await;
    for told in [&["token.revoked", "session.kick"][..], &[]] {
        Desk::done(&desk.call("PUT", "acme/users/bob/lock").await);
        assert_eq!(desk.told().await, told);
    }
    assert_eq!(desk.get("acme/users/bob").await["locked"], true);
    assert!(!desk.service.is_active(&token).await);
    let detail = desk.service.login("bob@acme", "pw-bob").await.problem(403);
    assert!(detail.contains("locked"), "{detail}");
    Desk::done(&desk.call("DELETE", "acme/users/bob/lock").await);
    desk.call("DELETE", "acme/users/bob/lock")
        .await
        .problem(404);
    desk.call("PUT", "acme/users/zed/lock").await.problem(404);
    desk.service.session("bob@acme").await;
}

#[tokio::test]
async fn devices_are_listed_in_pages_and_removed() {
    let mut desk = Desk::of_the_operator().await;
    for device in ["laptop", "phone", "tablet"] {
        desk.service.login_on("bob@acme", device).await;
    }
    let page = desk.get("acme/users/bob/devices?limit=2").await;
    let names = |page: &serde_json::Value| {
        let devices = page["devices"].as_array().unwrap();
        devices
            .iter()
            .map(|one| one["device"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&page), &page["next"]),
        (vec![json!("laptop"), json!("phone")], &json!("phone"))
    );
    let rest = desk.get("acme/users/bob/devices?after=phone").await;
    assert_eq!(
        (names(&rest), &rest["next"]),
        (vec![json!("tablet")], &json!(null))
    );
    desk.call("GET", "acme/users/zed/devices")
        .await
        .problem(404);
    Desk::done(&desk.call("DELETE", "acme/users/bob/devices/phone").await);
    assert_eq!(
        desk.told().await,
        ["session.kick", "device.removed to bob@acme"]
    );
    desk.call("DELETE", "acme/users/bob/devices/phone")
        .await
        .problem(404);
    assert_eq!(names(&desk.get("acme/users/bob/devices").await).len(), 2);
}

#[tokio::test]
async fn an_operators_account_is_for_operators_alone() {
    let mut desk = Desk::of_the_admin().await;
    let password = json!({"password": "correct horse"});
    desk.call_json("PUT", "acme/users/alice/password", &password)
        .await
        .problem(403);
    for (method, path) in [
        ("DELETE", "acme/users/alice"),
        ("PUT", "acme/users/alice/lock"),
        ("DELETE", "acme/users/alice/lock"),
        ("DELETE", "acme/users/alice/devices/pc"),
    ] {
        desk.call(method, path).await.problem(403);
    }
    let new = json!({"uid": "dora", "roles": ["hr", "operator"]});
    desk.call_json("POST", "acme/users", &new)
        .await
        .problem(403);
    assert!(desk.told().await.is_empty());
    desk.service.session("alice@acme").await;
}

#[tokio::test]
async fn another_enterprises_accounts_are_out_of_an_admins_reach() {
    let mut desk = Desk::of_the_admin().await;
    let password = json!({"password": "correct horse"});
    desk.call_json("PUT", "beta/users/carol/password", &password)
        .await
        .problem(403);
    desk.call_json("POST", "beta/users", &json!({"uid": "dora"}))
        .await
        .problem(403);
    for (method, path) in [
        ("DELETE", "beta/users/carol"),
        ("PUT", "beta/users/carol/lock"),
        ("GET", "beta/users/carol/devices"),
        ("DELETE", "beta/users/carol/devices/pc"),
        ("GET", "beta/broker"),
    ] {
        desk.call(method, path).await.problem(403);
    }
    assert!(desk.told().await.is_empty());
}

#[tokio::test]
async fn an_operator_routes_an_enterprise_to_a_broker_and_back() {
    let mut desk = Desk::of_the_operator().await;
    let broker_now = async |desk: &Desk| {
        let session = desk.service.session("carol@beta").await;
        desk.service.token(&session, "pc").await.member("broker")
    };
    let default = "mqtts://beta.example:8883";
    assert_eq!(
        desk.get("beta/broker").await,
        json!({"broker": default, "own": false})
    );
    let broker = json!({"broker": "wss://push.beta.example:443/mqtt"});
    for _ in 0..2 {
        Desk::done(&desk.call_json("PUT", "beta/broker", &broker).await);
    }
    assert_eq!(broker_now(&desk).await, broker["broker"]);
    let refresh = desk
        .service
        .login_on("carol@beta", "laptop")
        .await
        .member("refresh_token");
    let body = json!({"refresh_token": refresh, "login_token": true});
    let answer = desk.service.post_json("/api/v1/refresh", "", &body).await;
    assert_eq!(answer.json()["login"]["broker"], broker["broker"]);
    for bad in [
        "",
        "http://h:1",
        "tcp://h",
        "tcp://u@h:1",
        "tcp://h:1/a b",
        "x'; --",
    ] {
        let body = json!({"broker": bad});
        let detail = desk
            .call_json("PUT", "beta/broker", &body)
            .await
            .problem(400);
        assert!(detail.starts_with("broker: "), "{detail}");
    }
    for bad in [
        json!({"broker": 1}),
        json!({}),
        json!({"url": "tcp://h:1"}),
        json!(["tcp://h:1"]),
    ] {
        desk.call_json("PUT", "beta/broker", &bad)
            .await
            .problem(400);
    }
    Desk::done(&desk.call("DELETE", "beta/broker").await);
    desk.call("DELETE", "beta/broker").await.problem(404);
    assert_eq!(broker_now(&desk).await, default);
    desk.call("GET", "nowhere/broker").await.problem(404);
    desk.call_json("PUT", "nowhere/broker", &broker)
        .await
        .problem(404);
    desk.session = desk.service.session("bob@acme").await;
    desk.call_json("PUT", "acme/broker", &broker)
        .await
        .problem(403);
    desk.call("DELETE", "acme/broker").await.problem(403);
}

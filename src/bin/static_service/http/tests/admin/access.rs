//! Who may administer what.

use serde_json::json;

use super::super::Service;
use super::{Desk, ROOT};

/// A request of each kind for the enterprise `{eid}`.
const REQUESTS: [(&str, &str, &str); 19] = [
    ("GET", "{eid}/users", ""),
    ("GET", "{eid}/users/alice", ""),
    ("GET", "{eid}/groups", ""),
    ("POST", "{eid}/groups", r#"{"gid":"x"}"#),
    ("PUT", "{eid}/groups/dev", r#"{"name":"x"}"#),
    ("DELETE", "{eid}/groups/dev", ""),
    ("GET", "{eid}/groups/dev/members", ""),
    ("PUT", "{eid}/groups/dev/members/bob", ""),
    ("DELETE", "{eid}/groups/dev/members/bob", ""),
    ("GET", "{eid}/departments", ""),
    ("POST", "{eid}/departments", r#"{"did":"x"}"#),
    (
        "PUT",
        "{eid}/departments/x",
        r#"{"name":"x","parent":null}"#,
    ),
    ("DELETE", "{eid}/departments/x", ""),
    ("PUT", "{eid}/departments/x/members/bob", ""),
    ("PUT", "{eid}/users/carol/profile", r#"{"name":"x"}"#),
    ("PUT", "{eid}/users/carol/roles/admin", ""),
    ("DELETE", "{eid}/users/alice/roles/operator", ""),
    ("PUT", "{eid}/users/carol/channels/ads", ""),
    ("DELETE", "{eid}/users/carol/partners/alice@acme", ""),
];

/// Sends them all. Answers the details of the problems, which all have that status.
async fn refusals(desk: &Desk, eid: &str, status: u16) -> Vec<String> {
    let mut details = Vec::new();
    for (method, path, body) in REQUESTS {
        let path = path.replace("{eid}", eid);
        let answer = desk.send(method, &path, "application/json", body.into());
        details.push(answer.await.problem(status));
    }
    details
}

#[tokio::test]
async fn an_admin_has_no_say_in_other_enterprises_whether_they_exist_or_not() {
    let mut desk = Desk::of_the_admin().await;
    let existing = refusals(&desk, "beta", 403).await;
    assert_eq!(existing, refusals(&desk, "nowhere", 403).await);
    assert!(desk.told().await.is_empty());
}

#[tokio::test]
async fn who_is_neither_admin_nor_operator_is_refused_in_the_own_enterprise_too() {
    let mut desk = Desk::of("carol@beta").await;
    for eid in ["beta", "acme", "nowhere"] {
        refusals(&desk, eid, 403).await;
    }
    assert!(desk.told().await.is_empty());
}

#[tokio::test]
async fn without_a_live_session_nobody_is_let_in() {
    let mut desk = Desk::of_the_operator().await;
    for session in ["", "nonsense", "' OR '1'='1"] {
        desk.session = session.to_owned();
        refusals(&desk, "acme", 401).await;
    }
    let login_token = desk.service.login_token("alice@acme").await;
    desk.session = login_token;
    refusals(&desk, "acme", 401).await;
}

#[tokio::test]
async fn brokers_do_not_administer() {
    let service = Service::start().await;
    let answer = service.get(&format!("{ROOT}acme/users"), &[]).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_role_that_is_withdrawn_is_of_no_use_at_once() {
    let desk = Desk::of_the_admin().await;
    desk.get("acme/users").await;
    Desk::done(&desk.call("DELETE", "acme/users/bob/roles/admin").await);
    desk.call("GET", "acme/users").await.problem(403);
}

#[tokio::test]
async fn a_session_of_a_suspended_enterprise_administers_nothing() {
    let desk = Desk::of_the_operator().await;
    let acme = "acme".parse().unwrap();
    let storage = desk.service.storage();
    storage.suspend_enterprise(&acme).await.unwrap();
    desk.call("GET", "beta/users").await.problem(401);
}

#[tokio::test]
async fn an_operator_administers_every_enterprise() {
    let desk = Desk::of_the_operator().await;
    let users = desk.get("beta/users").await;
    assert_eq!(users["users"][0]["uid"], "carol");
    Desk::done(&desk.call("PUT", "beta/users/carol/roles/admin").await);
    for path in ["nowhere/users", "nowhere/groups", "nowhere/departments"] {
        desk.call("GET", path).await.problem(404);
    }
    let new = json!({"gid": "x"});
    desk.call_json("POST", "nowhere/groups", &new)
        .await
        .problem(404);
}

#[tokio::test]
async fn only_an_operator_gives_or_takes_the_role_operator() {
    let mut desk = Desk::of_the_admin().await;
    desk.call("PUT", "acme/users/bob/roles/operator")
        .await
        .problem(403);
    desk.call("DELETE", "acme/users/alice/roles/operator")
        .await
        .problem(403);
    // Not told either whether there is such a user.
    desk.call("PUT", "acme/users/zed/roles/operator")
        .await
        .problem(403);
    assert!(desk.told().await.is_empty());
    desk.session = desk.service.session("alice@acme").await;
    Desk::done(&desk.call("PUT", "acme/users/bob/roles/operator").await);
    assert_eq!(
        desk.told().await,
        ["user.upserted", "role.changed to bob@acme"]
    );
}

#[tokio::test]
async fn an_admin_unlinks_own_users_and_links_nobody() {
    let mut desk = Desk::of_the_admin().await;
    for partner in ["carol@beta", "zed@beta", "zed@nowhere"] {
        let path = format!("acme/users/bob/partners/{partner}");
        desk.call("PUT", &path).await.problem(403);
    }
    assert!(desk.told().await.is_empty());
    let link = "acme/users/alice/partners/carol@beta";
    Desk::done(&desk.call("DELETE", link).await);
    let told = [
        "partner.unlinked",
        "partner.unlinked to alice@acme",
        "partner.unlinked to carol@beta",
    ];
    assert_eq!(desk.told().await, told);
    // No difference between a partner that never was and one that was unlinked.
    let detail = desk.call("DELETE", link).await.problem(404);
    let other = desk
        .call("DELETE", "acme/users/alice/partners/zed@beta")
        .await
        .problem(404);
    assert_eq!(detail.replace("carol", "zed"), other);
}

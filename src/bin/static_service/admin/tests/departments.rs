//! Departments: a tree, and one department a user.

use serde_json::{Value, json};

use super::Desk;

/// `firm` with `sales` and `lab` below it, and `eu` below `sales`; alice is in `eu`.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    for line in [
        "enterprise add acme --name Acme",
        "enterprise add beta --name Beta",
        "user add alice@acme",
        "user add bob@acme",
        "user add carol@beta",
        "department add firm@acme --name Firm",
        "department add sales@acme --parent firm",
        "department add eu@acme --parent sales",
        "department add lab@acme --parent firm",
        "department add firm@beta",
        "department member set eu@acme alice",
    ] {
        desk.run(line).await;
    }
    desk
}

async fn tree(desk: &Desk) -> Vec<(String, Value)> {
    let listed = desk.run("department list acme").await.json;
    let entries = listed["departments"].as_array().unwrap().iter();
    entries
        .map(|entry| {
            (
                entry["did"].as_str().unwrap().to_owned(),
                entry["parent"].clone(),
            )
        })
        .collect()
}

fn edges(edges: &[(&str, Value)]) -> Vec<(String, Value)> {
    let edge = |(did, parent): &(&str, Value)| ((*did).to_owned(), parent.clone());
    edges.iter().map(edge).collect()
}

#[tokio::test]
async fn departments_move_with_all_below_them_and_never_below_themselves() {
    let desk = desk().await;
    for line in [
        "department move firm@acme --parent eu",
        "department move firm@acme --parent firm",
        "department move sales@acme --parent eu",
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(
            error.contains("cannot move below itself"),
            "{line}: {error}"
        );
    }
    desk.run("department move sales@acme --parent lab").await;
    desk.run("department move lab@acme --top").await;
    let want = edges(&[
        ("eu", json!("sales")),
        ("firm", Value::Null),
        ("lab", Value::Null),
        ("sales", json!("lab")),
    ]);
    assert_eq!(tree(&desk).await, want);
}

#[tokio::test]
async fn a_department_with_anything_in_it_goes_only_when_asked_to_recursively() {
    let desk = desk().await;
    for line in ["department remove sales@acme", "department remove eu@acme"] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(
            error.contains("has departments or members"),
            "{line}: {error}"
        );
    }
    let done = desk.run("department remove sales@acme --recursive").await;
    assert_eq!(done.json, json!({"removed": 2}));
    let want = edges(&[("firm", Value::Null), ("lab", json!("firm"))]);
    assert_eq!(tree(&desk).await, want);
    let alice = desk.run("user show alice@acme").await.json;
    assert_eq!(
        alice["department"],
        Value::Null,
        "users stay, and belong to none"
    );
    desk.run("department remove lab@acme").await;
    assert_eq!(
        desk.run("department list beta").await.json["departments"][0]["did"],
        "firm"
    );
}

#[tokio::test]
async fn a_user_belongs_to_one_department_at_most() {
    let desk = desk().await;
    desk.run("department member set lab@acme alice").await;
    let members = async |line: &str| desk.run(line).await.json["members"].clone();
    assert_eq!(
        members("department member list lab@acme").await,
        json!(["alice"])
    );
    assert_eq!(members("department member list eu@acme").await, json!([]));
    desk.run("department member unset lab@acme alice").await;
    assert_eq!(members("department member list lab@acme").await, json!([]));
}

#[tokio::test]
async fn removing_a_user_takes_it_out_of_its_department() {
    let desk = desk().await;
    desk.run("user remove alice@acme").await;
    desk.run("department remove eu@acme").await;
}

#[tokio::test]
async fn departments_give_no_rights_and_so_no_events() {
    let mut desk = desk().await;
    desk.events().await;
    for line in [
        "department add new@acme",
        "department rename new@acme --name Newer",
        "department move new@acme --parent firm",
        "department member set new@acme bob",
        "department remove new@acme --recursive",
    ] {
        desk.run(line).await;
    }
    assert!(desk.events().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_done_to_departments_is_named() {
    let desk = desk().await;
    for (line, want) in [
        (
            "department add firm@acme",
            "department firm@acme exists already",
        ),
        ("department add x@nope", "no enterprise nope"),
        (
            "department add x@acme --parent nope",
            "no department nope@acme",
        ),
        (
            "department add x@beta --parent lab",
            "no department lab@beta",
        ),
        (
            "department move lab@acme --parent nope",
            "no department nope@acme",
        ),
        ("department move nope@acme --top", "no department nope@acme"),
        ("department move lab@acme --parent firm", "exists already"),
        ("department rename firm@acme --name Firm", "exists already"),
        (
            "department rename lab@beta --name X",
            "no department lab@beta",
        ),
        ("department remove nope@acme", "no department nope@acme"),
        ("department member set eu@acme alice", "exists already"),
        ("department member set eu@acme carol", "no user carol@acme"),
        (
            "department member set nope@acme alice",
            "no department nope@acme",
        ),
        ("department member unset lab@acme alice", "no member alice"),
        ("department list nope", "no enterprise nope"),
        (
            "department member list nope@acme",
            "no department nope@acme",
        ),
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(error.contains(want), "{line}: {error}");
    }
}

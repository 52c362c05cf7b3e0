//! Departments over HTTP.

use serde_json::json;

use super::Desk;

/// A desk of acme's admin with `firm`, `lab` below it, and bob in `lab`.
async fn desk() -> Desk {
    let desk = Desk::of_the_admin().await;
    for new in [
        json!({"did": "firm", "name": "The Firm", "parent": null}),
        json!({"did": "lab", "parent": "firm"}),
    ] {
        let created = desk.call_json("POST", "acme/departments", &new).await;
        assert_eq!(created.status, 201, "{created:?}");
    }
    Desk::done(&desk.call("PUT", "acme/departments/lab/members/bob").await);
    desk
}

#[tokio::test]
async fn a_tree_is_built_and_read() {
    let mut desk = desk().await;
    assert_eq!(
        desk.get("acme/departments").await,
        json!({"departments": [{"did": "firm", "name": "The Firm", "parent": null},
                               {"did": "lab", "name": "lab", "parent": "firm"}],
               "next": null})
    );
    assert_eq!(
        desk.get("acme/departments/lab/members").await,
        json!({"members": ["bob"], "next": null})
    );
    assert_eq!(desk.get("acme/users/bob").await["department"], "lab");
    assert!(desk.told().await.is_empty(), "departments give no rights");
}

#[tokio::test]
async fn putting_renames_and_moves_and_may_be_repeated() {
    let desk = desk().await;
    for _ in 0..2 {
        let lab = json!({"name": "Laboratory", "parent": null});
        Desk::done(&desk.call_json("PUT", "acme/departments/lab", &lab).await);
    }
    let listed = desk.get("acme/departments?after=firm").await;
    let lab = json!([{"did": "lab", "name": "Laboratory", "parent": null}]);
    assert_eq!(listed["departments"], lab);
    for _ in 0..2 {
        Desk::done(&desk.call("PUT", "acme/departments/firm/members/bob").await);
    }
    desk.call("DELETE", "acme/departments/lab/members/bob")
        .await
        .problem(404);
    Desk::done(
        &desk
            .call("DELETE", "acme/departments/firm/members/bob")
            .await,
    );
}

#[tokio::test]
async fn what_would_break_the_tree_is_a_conflict() {
    let desk = desk().await;
    let below_itself = json!({"name": "x", "parent": "lab"});
    for did in ["firm", "lab"] {
        let path = format!("acme/departments/{did}");
        desk.call_json("PUT", &path, &below_itself)
            .await
            .problem(409);
    }
    let again = json!({"did": "lab"});
    desk.call_json("POST", "acme/departments", &again)
        .await
        .problem(409);
    for path in [
        "acme/departments/firm",
        "acme/departments/lab?recursive=false",
    ] {
        desk.call("DELETE", path).await.problem(409);
    }
    Desk::done(
        &desk
            .call("DELETE", "acme/departments/firm?recursive=true")
            .await,
    );
    assert_eq!(desk.get("acme/departments").await["departments"], json!([]));
}

#[tokio::test]
async fn parents_and_members_of_other_enterprises_are_not_there() {
    let mut desk = Desk::of_the_operator().await;
    let new = json!({"did": "beta-lab"});
    assert_eq!(
        desk.call_json("POST", "beta/departments", &new)
            .await
            .status,
        201
    );
    let child = json!({"did": "child", "parent": "beta-lab"});
    desk.call_json("POST", "acme/departments", &child)
        .await
        .problem(404);
    desk.session = desk.service.session("bob@acme").await;
    let lab = json!({"did": "lab"});
    assert_eq!(
        desk.call_json("POST", "acme/departments", &lab)
            .await
            .status,
        201
    );
    let moved = json!({"name": "lab", "parent": "beta-lab"});
    desk.call_json("PUT", "acme/departments/lab", &moved)
        .await
        .problem(404);
    for (method, path) in [
        ("PUT", "acme/departments/lab/members/carol"),
        ("PUT", "acme/departments/beta-lab/members/bob"),
        ("GET", "acme/departments/beta-lab/members"),
        ("DELETE", "acme/departments/beta-lab"),
    ] {
        desk.call(method, path).await.problem(404);
    }
}

#[tokio::test]
async fn two_moves_at_once_never_make_a_cycle() {
    let desk = Desk::of_the_admin().await;
    for did in ["a", "b"] {
        let new = json!({"did": did});
        desk.call_json("POST", "acme/departments", &new).await;
    }
    for _ in 0..10 {
        let (below_b, below_a) = (
            json!({"name": "a", "parent": "b"}),
            json!({"name": "b", "parent": "a"}),
        );
        let (a, b) = tokio::join!(
            desk.call_json("PUT", "acme/departments/a", &below_b),
            desk.call_json("PUT", "acme/departments/b", &below_a)
        );
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        for did in ["a", "b"] {
            let top = json!({"name": did, "parent": null});
            let path = format!("acme/departments/{did}");
            Desk::done(&desk.call_json("PUT", &path, &top).await);
        }
    }
}

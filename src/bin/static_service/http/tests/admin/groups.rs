//! Groups over HTTP.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;

#[tokio::test]
async fn a_group_is_created_filled_renamed_and_removed_and_each_change_is_told_once() {
    let mut desk = Desk::of_the_admin().await;
    let new = json!({"gid": "ops", "name": "Operations"});
    let created = desk.call_json("POST", "acme/groups", &new).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json(), new);
    let place = created.headers["location"].to_str().unwrap();
    assert_eq!(place, "/api/v1/admin/enterprises/acme/groups/ops");
    assert_eq!(desk.told().await, ["group.upserted"]);
    desk.call_json("POST", "acme/groups", &new)
        .await
        .problem(409);

    for told in [&["group.upserted", "group.added to alice@acme"][..], &[]] {
        Desk::done(&desk.call("PUT", "acme/groups/ops/members/alice").await);
        assert_eq!(desk.told().await, told);
    }
    assert_eq!(
        desk.get("acme/groups/ops/members").await,
        json!({"members": ["alice"], "next": null})
    );
    for told in [&["group.upserted"][..], &[]] {
        let name = json!({"name": "Ops"});
        Desk::done(&desk.call_json("PUT", "acme/groups/ops", &name).await);
        assert_eq!(desk.told().await, told);
    }
    Desk::done(&desk.call("DELETE", "acme/groups/ops/members/alice").await);
    let told = ["group.upserted", "group.removed to alice@acme"];
    assert_eq!(desk.told().await, told);
    desk.call("DELETE", "acme/groups/ops/members/alice")
        .await
        .problem(404);

    Desk::done(&desk.call("PUT", "acme/groups/ops/members/bob").await);
    desk.told().await;
    Desk::done(&desk.call("DELETE", "acme/groups/ops").await);
    let told = ["group.removed", "group.removed to bob@acme"];
    assert_eq!(desk.told().await, told);
    desk.call("DELETE", "acme/groups/ops").await.problem(404);
    assert!(desk.told().await.is_empty(), "what failed told nothing");
}

#[tokio::test]
async fn a_group_without_a_name_is_called_by_its_gid() {
    let desk = Desk::of_the_admin().await;
    let new = json!({"gid": "ops"});
    let created = desk.call_json("POST", "acme/groups", &new).await;
    assert_eq!(created.json(), json!({"gid": "ops", "name": "ops"}));
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let desk = Desk::of_the_admin().await;
    for (method, path) in [
        ("DELETE", "acme/groups/nope"),
        ("GET", "acme/groups/nope/members"),
        ("PUT", "acme/groups/nope/members/bob"),
        ("PUT", "acme/groups/dev/members/zed"),
        // Of another enterprise, and so not there.
        ("PUT", "acme/groups/dev/members/carol"),
        ("DELETE", "acme/groups/dev/members/bob"),
    ] {
        desk.call(method, path).await.problem(404);
    }
    let name = json!({"name": "x"});
    desk.call_json("PUT", "acme/groups/nope", &name)
        .await
        .problem(404);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let desk = Desk::of_the_admin().await;
    desk.service.storage().add_many_users("acme", 5).await;
    let mut path = "acme/users?limit=3".to_owned();
    let mut found = Vec::new();
    loop {
        let page = desk.get(&path).await;
        let uids = page["users"].as_array().unwrap().iter();
        found.extend(uids.map(|user| user["uid"].as_str().unwrap().to_owned()));
        match &page["next"] {
            Value::String(next) => path = format!("acme/users?limit=3&after={next}"),
            _ => break,
        }
    }
    let want = [
        "alice", "bob", "many-1", "many-2", "many-3", "many-4", "many-5",
    ];
    assert_eq!(found, want);
}

#[tokio::test]
async fn of_many_that_do_the_same_at_once_one_does_it() {
    let mut desk = Desk::of_the_admin().await;
    let put = "acme/groups/dev/members/bob";
    for (method, path, body, statuses, told) in [
        (
            "POST",
            "acme/groups",
            r#"{"gid":"x"}"#,
            [201, 409],
            &["group.upserted"][..],
        ),
        (
            "PUT",
            put,
            "",
            [204, 204],
            &["group.upserted", "group.added to bob@acme"],
        ),
        (
            "DELETE",
            put,
            "",
            [204, 404],
            &["group.upserted", "group.removed to bob@acme"],
        ),
        (
            "DELETE",
            "acme/groups/x",
            "",
            [204, 404],
            &["group.removed"],
        ),
    ] {
        let shared = Arc::new(desk);
        let tasks = (0..8).map(|_| {
            let desk = Arc::clone(&shared);
            tokio::spawn(async move {
                let answer = desk.send(method, path, "application/json", body.into());
                answer.await.status.as_u16()
            })
        });
        let mut found = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            found.push(task.await.unwrap());
        }
        found.sort_unstable();
        let mut want = [statuses[1]; 8];
        want[0] = statuses[0];
        assert_eq!(found, want, "{method} {path}");
        desk = Arc::into_inner(shared).unwrap();
        assert_eq!(desk.told().await, told, "{method} {path}");
    }
}

#[tokio::test]
async fn members_that_come_while_their_group_goes_are_told_of_both_or_refused() {
    let mut desk = Desk::of_the_admin().await;
    for _ in 0..10 {
        let new = json!({"gid": "brief"});
        assert_eq!(
            desk.call_json("POST", "acme/groups", &new).await.status,
            201
        );
        desk.told().await;
        let (joined, left) = tokio::join!(
            desk.call("PUT", "acme/groups/brief/members/alice"),
            desk.call("DELETE", "acme/groups/brief")
        );
        Desk::done(&left);
        let told = desk.told().await;
        if joined.status == 204 {
            let both = [
                "group.upserted",
                "group.added to alice@acme",
                "group.removed",
            ];
            assert_eq!(told[..3], both);
            assert_eq!(told[3..], ["group.removed to alice@acme"]);
        } else {
            joined.problem(404);
            assert_eq!(told, ["group.removed"]);
        }
    }
}

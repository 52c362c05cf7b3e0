//! What administrators should not send: a 4xx problem document each time, and nothing is changed.

use serde_json::json;

use super::Desk;

/// Every request that takes a body, with a body that it takes.
const WITH_BODY: [(&str, &str, &str); 6] = [
    ("POST", "acme/users", r#"{"uid":"u","name":"U"}"#),
    ("POST", "acme/groups", r#"{"gid":"g","name":"G"}"#),
    ("PUT", "acme/groups/dev", r#"{"name":"Devs"}"#),
    (
        "POST",
        "acme/departments",
        r#"{"did":"d","name":"D","parent":null}"#,
    ),
    (
        "PUT",
        "acme/departments/lab",
        r#"{"name":"L","parent":null}"#,
    ),
    (
        "PUT",
        "acme/users/bob/profile",
        r#"{"name":"Bob","title":null}"#,
    ),
];

/// Every change that takes none; `{}` stands for a name.
const WITHOUT_BODY: [(&str, &str); 18] = [
    ("DELETE", "{}/broker"),
    ("DELETE", "acme/users/{}"),
    ("PUT", "acme/users/{}/lock"),
    ("DELETE", "acme/users/{}/lock"),
    ("DELETE", "acme/users/{}/devices/pc"),
    ("DELETE", "acme/users/alice/devices/{}"),
    ("DELETE", "acme/groups/{}"),
    ("PUT", "acme/groups/{}/members/bob"),
    ("DELETE", "acme/groups/dev/members/{}"),
    ("DELETE", "acme/departments/{}"),
    ("PUT", "acme/departments/{}/members/bob"),
    ("DELETE", "acme/departments/lab/members/{}"),
    ("PUT", "acme/users/{}/roles/hr"),
    ("DELETE", "acme/users/alice/roles/{}"),
    ("PUT", "acme/users/{}/channels/ads"),
    ("DELETE", "acme/users/alice/channels/{}"),
    ("PUT", "acme/users/{}/partners/carol@beta"),
    ("DELETE", "acme/users/alice/partners/{}"),
];

const READING: [&str; 8] = [
    "{}/broker",
    "acme/users/{}/devices",
    "acme/users/{}",
    "acme/groups/{}/members",
    "acme/departments/{}/members",
    "{}/users",
    "{}/groups",
    "{}/departments",
];

async fn desk() -> Desk {
    let mut desk = Desk::of_the_operator().await;
    let lab = json!({"did": "lab"});
    desk.call_json("POST", "acme/departments", &lab).await;
    desk.told().await;
    desk
}

#[tokio::test]
async fn bodies_of_the_wrong_shape_are_refused_without_echo() {
    let mut desk = desk().await;
    for (method, path, good) in WITH_BODY {
        let renamed = good.replace("\"name\"", "\"987654321\"");
        let number = good.replace("\"name\":\"", "\"name\":987654321,\"x\":\"");
        let twice = good.replace("\"name\"", "\"name\":\"987654321\",\"name\"");
        let listed = format!("[{good}]");
        for body in [
            "",
            "{",
            "null",
            "[]",
            "{}",
            "\"987654321\"",
            "987654321",
            &renamed,
            &number,
            &twice,
            &listed,
        ] {
            let answer = desk.send(method, path, "application/json", body.into());
            let detail = answer.await.problem(400);
            assert!(
                !detail.contains("987654321"),
                "{method} {path} {body}: {detail}"
            );
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
            desk.send(method, path, kind, good.into())
                .await
                .problem(415);
        }
        let bytes = vec![0xff; 10];
        desk.send(method, path, "application/json", bytes)
            .await
            .problem(400);
    }
    assert!(desk.told().await.is_empty());
    assert_eq!(
        desk.get("acme/departments").await["departments"][0]["name"],
        "lab"
    );
}

#[tokio::test]
async fn oversized_bodies_are_refused_also_where_none_is_wanted() {
    let mut desk = desk().await;
    let big = vec![b' '; 64 * 1024 + 1];
    let with = WITH_BODY.map(|(method, path, _)| (method, path.to_owned()));
    let without = WITHOUT_BODY.map(|(method, path)| (method, path.replace("{}", "x")));
    for (method, path) in with.into_iter().chain(without.clone()) {
        let answer = desk.send(method, &path, "application/json", big.clone());
        answer.await.problem(413);
    }
    for (method, path) in without {
        let answer = desk.send(method, &path, "application/json", b"{}".into());
        answer.await.problem(400);
    }
    assert!(desk.told().await.is_empty());
}

#[tokio::test]
async fn names_in_bodies_are_checked() {
    let mut desk = desk().await;
    for name in ["", " ", "a\nb", "a\u{0}b", &"x".repeat(201)] {
        for (method, path, body) in [
            ("POST", "acme/users", json!({"uid": "u", "name": name})),
            ("POST", "acme/groups", json!({"gid": "g", "name": name})),
            ("PUT", "acme/groups/dev", json!({"name": name})),
            ("PUT", "acme/users/bob/profile", json!({"name": name})),
            (
                "POST",
                "acme/departments",
                json!({"did": "d", "name": name}),
            ),
            (
                "PUT",
                "acme/departments/lab",
                json!({"name": name, "parent": null}),
            ),
        ] {
            let detail = desk.call_json(method, path, &body).await.problem(400);
            assert!(detail.starts_with("name: "), "{detail}");
        }
    }
    for id in [
        "",
        "a/b",
        "../x",
        "a@b",
        "x'; --",
        "a b",
        "a\u{0}",
        "é",
        &"x".repeat(65),
    ] {
        for (path, body) in [
            ("acme/users", json!({"uid": id})),
            ("acme/users", json!({"uid": "u", "roles": [id]})),
            ("acme/groups", json!({"gid": id})),
            ("acme/departments", json!({"did": id})),
            ("acme/departments", json!({"did": "d", "parent": id})),
        ] {
            desk.call_json("POST", path, &body).await.problem(400);
        }
        let moved = json!({"name": "L", "parent": id});
        desk.call_json("PUT", "acme/departments/lab", &moved)
            .await
            .problem(400);
    }
    assert!(desk.told().await.is_empty());
}

/// Percent-encoded where a URI could not carry it.
const TRICKS: [&str; 16] = [
    "..",
    "%2e%2e",
    ".",
    "a%2Fb",
    "..%2F..%2Fbeta",
    "%2Fetc%2Fpasswd",
    "a%00",
    "%ff%fe",
    "a%20b",
    "dev%0a",
    "'%20OR%20'1'='1",
    "x';DROP%20TABLE%20app_user;--",
    "%25",
    "a%40b%40c",
    "$1",
    "%C3%A9",
];

#[tokio::test]
async fn tricks_in_paths_find_nothing_and_change_nothing() {
    let mut desk = desk().await;
    let before = desk.get("acme/users").await;
    let long = "x".repeat(65);
    let reading = READING.map(|path| ("GET", path));
    for (method, path) in WITHOUT_BODY.into_iter().chain(reading) {
        for trick in TRICKS.into_iter().chain([long.as_str()]) {
            let path = path.replace("{}", trick);
            let answer = desk.call(method, &path).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 404), "{method} {path}: {answer:?}");
            answer.problem(status);
        }
    }
    assert!(desk.told().await.is_empty());
    assert_eq!(desk.get("acme/users").await, before);
}

#[tokio::test]
async fn what_is_asked_of_a_list_is_checked() {
    let desk = desk().await;
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1&limit=2",
        "limit=99999999999",
        "after=a/b",
        "after=%00",
        "after='--",
        "after=a&after=b",
    ] {
        for list in [
            "users",
            "groups",
            "departments",
            "groups/dev/members",
            "users/alice/devices",
        ] {
            desk.call("GET", &format!("acme/{list}?{query}"))
                .await
                .problem(400);
        }
    }
    for query in [
        "relation=",
        "relation=boss",
        "relation=partner&relation=partner",
    ] {
        let path = format!("acme/users/alice/partners/carol@beta?{query}");
        desk.call("PUT", &path).await.problem(400);
    }
    for query in ["recursive=1", "recursive=", "recursive=true&recursive=true"] {
        let path = format!("acme/departments/lab?{query}");
        desk.call("DELETE", &path).await.problem(400);
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let desk = desk().await;
    for (method, path, status) in [
        ("GET", "acme", 404),
        ("GET", "acme/", 404),
        ("GET", "acme/nothing", 404),
        ("PUT", "acme/users//roles/hr", 400),
        ("GET", "acme/users/../../beta/users", 404),
        ("PATCH", "acme/groups/dev", 405),
        ("PATCH", "acme/users", 405),
        ("POST", "acme/users/alice/lock", 405),
        ("GET", "acme/users/alice/roles/hr", 405),
    ] {
        desk.call(method, path).await.problem(status);
    }
}

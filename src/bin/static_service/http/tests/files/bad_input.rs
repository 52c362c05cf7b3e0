//! What makes no sense is refused with its name, and nothing of a client's becomes a path.

use axum::body::Body;
use serde_json::{Value, json};

use super::{ROOT, Share};

async fn created(share: &Share, change: Value) -> super::Answer {
    let mut body = json!({"name": "a.txt", "size": 1, "content_type": "text/plain"});
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    share.post(ROOT, &body).await
}

#[tokio::test]
async fn uploads_with_odd_names_and_types_are_refused() {
    let share = Share::open().await;
    for (change, named) in [
        (json!({"name": ""}), "name is empty"),
        (json!({"name": " "}), "name is empty"),
        (json!({"name": "a\nb"}), "name holds a control"),
        (json!({"name": "a\u{0}b"}), "name holds a control"),
        (json!({"name": "x".repeat(256)}), "name is longer"),
        (json!({"name": "../../etc/passwd"}), "name: want"),
        (json!({"name": "a\\b"}), "name: want"),
        (json!({"name": ".."}), "name: want"),
        (json!({"name": "cod\u{202e}gpj.exe"}), "name: want"),
        (json!({"content_type": "text"}), "content_type: want"),
        (json!({"content_type": "text/"}), "content_type: want"),
        (
            json!({"content_type": "text/html; charset=x"}),
            "content_type: want",
        ),
        (
            json!({"content_type": "text/pl\r\nSet-Cookie: a"}),
            "content_type: want",
        ),
        (json!({"content_type": "a/b/c"}), "content_type: want"),
        (
            json!({"content_type": format!("a/{}", "b".repeat(128))}),
            "content_type: want",
        ),
        (json!({"expires_in_s": 0}), "expires_in_s: want 1 to 3600"),
        (
            json!({"expires_in_s": 3601}),
            "expires_in_s: want 1 to 3600",
        ),
        (json!({"size": -1}), "want {\"name\""),
        (json!({"size": 1.5}), "want {\"name\""),
        (json!({"size": "1"}), "want {\"name\""),
        (json!({"size": null}), "want {\"name\""),
        (json!({"name": 7}), "want {\"name\""),
        (json!({"expires_in_s": "x"}), "want {\"name\""),
    ] {
        let detail = created(&share, change.clone()).await.problem(400);
        assert!(detail.starts_with(named), "{change}: {detail}");
    }
    let odd = json!({"name": "Robert'); DROP TABLE stored_file;--", "content_type": "a/b+c.d-e"});
    assert_eq!(created(&share, odd).await.status, 201);
}

#[tokio::test]
async fn what_is_no_id_of_ours_is_no_file() {
    let share = Share::open().await;
    let id = share.upload(b"x").await;
    for odd in [
        "x".to_owned(),
        id.to_uppercase(),
        format!("{id}0"),
        format!("{id}.part"),
        "..%2F..%2Fetc%2Fpasswd".to_owned(),
        format!("..%2F{}", &id[..29]),
        "%00".to_owned(),
        "%FF".to_owned(),
        "'%20OR%20'1'='1".to_owned(),
        "store-id".to_owned(),
        "0".repeat(32),
    ] {
        for (method, end) in [
            ("HEAD", ""),
            ("GET", "?to=a&expires=1&signature=a"),
            ("DELETE", ""),
            ("GET", "/info"),
        ] {
            let answer = share.plain(method, &format!("{ROOT}/{odd}{end}")).await;
            let want = if *odd == "0".repeat(32) && end.starts_with('?') {
                403
            } else {
                404
            };
            assert_eq!(answer.status, want, "{method} {odd}{end}");
        }
        assert_eq!(share.send(&odd, 0, "x").await.problem(404), "no such file");
    }
}

#[tokio::test]
async fn pieces_say_what_they_are_and_where_they_go() {
    let share = Share::open().await;
    let path = format!("{ROOT}/{}", share.create(5).await);
    let kind = ("content-type", "application/offset+octet-stream");
    let send = |headers: Vec<(&'static str, &'static str)>| {
        let (share, path) = (&share, &path);
        async move { share.call("PATCH", path, &headers, Body::from("x")).await }
    };
    for offset in [
        "",
        "-1",
        "+0",
        "1.0",
        "x",
        "0x0",
        "99999999999999999999",
        " ",
    ] {
        let detail = send(vec![kind, ("upload-offset", offset)])
            .await
            .problem(400);
        assert!(detail.contains("Upload-Offset"), "{offset}: {detail}");
    }
    send(vec![kind]).await.problem(400);
    send(vec![kind, ("upload-offset", "0"), ("upload-offset", "0")])
        .await
        .problem(400);
    for kind in ["application/octet-stream", "text/plain", ""] {
        let answer = send(vec![("content-type", kind), ("upload-offset", "0")]).await;
        let want = "want content type application/offset+octet-stream";
        assert_eq!(answer.problem(415), want);
    }
    assert_eq!(share.plain("PUT", &path).await.status, 405);
    let with_body = share.call("DELETE", &path, &[], Body::from("{}")).await;
    assert_eq!(with_body.problem(400), "want no body");
}

#[tokio::test]
async fn nobody_without_a_session_comes_near() {
    let share = Share::open().await;
    let path = format!("{ROOT}/{}", share.upload(b"x").await);
    for (method, path) in [
        ("POST", ROOT.to_owned()),
        ("HEAD", path.clone()),
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/info")),
        ("POST", format!("{path}/links")),
        ("GET", format!("{ROOT}/x")),
    ] {
        let answer = share.plain_as("nobody", method, &path).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
}

#[tokio::test]
async fn links_need_a_host_that_is_one() {
    let share = Share::open().await;
    let body = json!({"name": "a", "size": 0, "content_type": "a/b"}).to_string();
    for host in ["", "a b", "evil@host", "a/b", "h:x"] {
        let request = axum::http::Request::post(ROOT)
            .header("host", host)
            .header("authorization", format!("Bearer {}", share.alice))
            .header("content-type", "application/json")
            .body(Body::from(body.clone()));
        let answer = share.service.call(request.unwrap()).await;
        assert_eq!(
            answer.problem(400),
            "want a Host header: host or host:port",
            "{host}"
        );
    }
}

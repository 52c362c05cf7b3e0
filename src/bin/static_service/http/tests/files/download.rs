//! Downloads: headers, ranges, conditions.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Answer, ROOT, Share};
use crate::secret::Digest;

const CONTENT: &[u8] = b"0123456789";

struct Linked {
    share: Share,
    link: String,
    tag: String,
}

impl Linked {
    async fn new() -> Linked {
        let share = Share::open().await;
        let id = share.upload(CONTENT).await;
        let link = share.link(&id, "alice").await;
        let tag = format!("\"{}\"", Digest::of(CONTENT).as_str());
        Linked { share, link, tag }
    }

    async fn get(&self, headers: &[(&str, &str)]) -> Answer {
        let answer = self.share.call("GET", &self.link, headers, Body::empty());
        answer.await
    }
}

#[tokio::test]
async fn a_download_says_what_it_is_and_is_never_shown_in_a_browser() {
    let linked = Linked::new().await;
    let answer = linked.get(&[]).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, CONTENT));
    let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(CONTENT)));
    let want = [
        ("content-length", "10"),
        ("content-type", "application/pdf"),
        (
            "content-disposition",
            "attachment; filename=\"Plan.pdf\"; filename*=UTF-8''Plan.pdf",
        ),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-cache"),
        ("accept-ranges", "bytes"),
        ("etag", linked.tag.as_str()),
        ("repr-digest", digest.as_str()),
    ];
    for (name, value) in want {
        assert_eq!(answer.headers[name], value, "{name}");
    }
    let head = linked.share.plain("HEAD", &linked.link).await;
    assert_eq!((head.status.as_u16(), &head.body[..]), (200, &b""[..]));
    for (name, value) in want {
        assert_eq!(head.headers[name], value, "HEAD: {name}");
    }
}

#[tokio::test]
async fn a_range_is_a_part_and_says_which() {
    let linked = Linked::new().await;
    for (range, body, said) in [
        ("bytes=4-", &b"456789"[..], "bytes 4-9/10"),
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
    ] {
        let answer = linked.get(&[("range", range)]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (206, body),
            "{range}"
        );
        assert_eq!(answer.headers["content-range"], said);
        assert_eq!(answer.headers["content-length"], body.len().to_string());
        assert_eq!(answer.headers["etag"], linked.tag);
    }
    let answer = linked.get(&[("range", "bytes=10-")]).await;
    assert_eq!(answer.problem(416), "the file has 10 bytes");
    assert_eq!(answer.headers["content-range"], "bytes */10");
    for whole in ["bytes=0-1,3-4", "bytes=9-1", "lines=0-1", "nonsense"] {
        let answer = linked.get(&[("range", whole)]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, CONTENT),
            "{whole}"
        );
    }
}

#[tokio::test]
async fn conditions_go_by_the_hash() {
    let linked = Linked::new().await;
    let weak = format!("W/{}", linked.tag);
    let several = format!("\"x\", {}", linked.tag);
    for same in [&linked.tag, &weak, &several, "*"] {
        let answer = linked.get(&[("if-none-match", same)]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (304, &b""[..]),
            "{same}"
        );
        assert_eq!(answer.headers["etag"], linked.tag);
    }
    assert_eq!(linked.get(&[("if-none-match", "\"x\"")]).await.status, 200);
    let resumed = |tag| [("range", "bytes=5-"), ("if-range", tag)];
    assert_eq!(linked.get(&resumed(&linked.tag)).await.status, 206);
    for other in ["\"x\"", &weak, "Tue, 01 Jan 2030 00:00:00 GMT", "nonsense"] {
        let answer = linked.get(&resumed(other)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, CONTENT),
            "{other}"
        );
    }
}

#[tokio::test]
async fn names_of_all_languages_arrive() {
    let share = Share::open().await;
    let body = json!({"name": "Prüfung \"A\" 日本.txt", "size": 0, "content_type": "text/plain"});
    let id = share.post(ROOT, &body).await.member("id");
    let link = share.link(&id, "alice").await;
    let answer = share.plain("GET", &link).await;
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"Pr_fung _A_ __.txt\"; \
         filename*=UTF-8''Pr%C3%BCfung%20%22A%22%20%E6%97%A5%E6%9C%AC.txt"
    );
}

#[tokio::test]
async fn a_file_whose_bytes_are_lost_is_not_found() {
    let linked = Linked::new().await;
    let id = &linked.link[ROOT.len() + 1..ROOT.len() + 33];
    std::fs::remove_file(linked.share.paths(id).1).unwrap();
    assert_eq!(linked.get(&[]).await.problem(404), "no such file");
}

//! Pictures of users.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};

use super::{Answer, Service};

/// A PNG of that size, as far as its header goes.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut image = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    image.extend(width.to_be_bytes());
    image.extend(height.to_be_bytes());
    image.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    image
}

/// A baseline JPEG of 32 by 16, as far as its headers go.
fn jpeg() -> Vec<u8> {
    let mut image = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    image.extend(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    image.extend([0xff, 0xc0, 0, 17, 8, 0, 16, 0, 32, 3]);
    image.extend([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xd9]);
    image
}

/// A lossless WebP of 32 by 16, as far as its header goes.
fn webp() -> Vec<u8> {
    let size: u32 = 31 | (15 << 14);
    let mut image = b"RIFF\x1c\0\0\0WEBPVP8L\x10\0\0\0\x2f".to_vec();
    image.extend(size.to_le_bytes());
    image.extend([0; 11]);
    image
}

async fn put(service: &Service, user: &str, image: Vec<u8>) -> Answer {
    let session = service.session(user).await;
    let headers = [(CONTENT_TYPE.as_str(), "text/html")];
    service
        .as_user("PUT", "/api/v1/avatar", &session, &headers, image)
        .await
}

async fn get(service: &Service, session: &str, of: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/api/v1/avatars/{of}");
    service
        .as_user("GET", &path, session, headers, Vec::new())
        .await
}

#[tokio::test]
async fn a_picture_is_what_its_bytes_are_and_nothing_else() {
    let service = Service::start().await;
    let session = service.session("bob@acme").await;
    for (image, kind) in [
        (png(64, 64), "image/png"),
        (jpeg(), "image/jpeg"),
        (webp(), "image/webp"),
    ] {
        assert_eq!(put(&service, "alice@acme", image.clone()).await.status, 204);
        let answer = get(&service, &session, "acme/alice", &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, image);
        for (name, value) in [
            (CONTENT_TYPE, kind),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'"),
            (CACHE_CONTROL, "private, no-cache"),
        ] {
            assert_eq!(answer.headers[&name], value, "{kind}");
        }
    }
}

#[tokio::test]
async fn the_address_book_tells_of_a_new_picture_by_its_digest() {
    let service = Service::start().await;
    let session = service.session("bob@acme").await;
    let digest = async || {
        let path = "/api/v1/address-book";
        let book = service
            .as_user("GET", path, &session, &[], Vec::new())
            .await;
        book.json()["entries"][0]["avatar"].clone()
    };
    let alice = "alice@acme".parse().unwrap();
    assert!(
        service
            .storage()
            .contact(&alice)
            .await
            .unwrap()
            .unwrap()
            .avatar
            .is_none()
    );
    put(&service, "bob@acme", png(1, 1)).await;
    put(&service, "alice@acme", png(2, 2)).await;
    let first = service
        .storage()
        .contact(&alice)
        .await
        .unwrap()
        .unwrap()
        .avatar;
    let answer = get(&service, &session, "acme/alice", &[]).await;
    assert_eq!(
        answer.headers[ETAG],
        format!("\"{}\"", first.clone().unwrap())
    );
    assert!(digest().await.is_string());
    // The same picture again is no change.
    let version = service
        .storage()
        .address_book_version("beta")
        .await
        .unwrap();
    assert_eq!(put(&service, "alice@acme", png(2, 2)).await.status, 204);
    assert_eq!(
        service
            .storage()
            .address_book_version("beta")
            .await
            .unwrap(),
        version
    );
    put(&service, "alice@acme", png(3, 3)).await;
    assert_ne!(
        service
            .storage()
            .contact(&alice)
            .await
            .unwrap()
            .unwrap()
            .avatar,
        first
    );
    assert!(
        service
            .storage()
            .address_book_version("beta")
            .await
            .unwrap()
            > version
    );
}

#[tokio::test]
async fn who_has_a_picture_already_is_not_sent_it_again() {
    let service = Service::start().await;
    put(&service, "alice@acme", png(2, 2)).await;
    let session = service.session("bob@acme").await;
    let tag = get(&service, &session, "acme/alice", &[]).await.headers[ETAG].clone();
    let known = [(IF_NONE_MATCH.as_str(), tag.to_str().unwrap())];
    let answer = get(&service, &session, "acme/alice", &known).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
    assert_eq!(answer.headers[ETAG], tag);
    put(&service, "alice@acme", png(3, 3)).await;
    assert_eq!(
        get(&service, &session, "acme/alice", &known).await.status,
        200
    );
    // Not even that is told to who may not see it.
    let alice = "alice@acme".parse().unwrap();
    let carol = "carol@beta".parse().unwrap();
    service
        .storage()
        .unlink_partners(&alice, &carol)
        .await
        .unwrap();
    let session = service.session("carol@beta").await;
    for tag in [known[0], (IF_NONE_MATCH.as_str(), "*")] {
        get(&service, &session, "acme/alice", &[tag])
            .await
            .problem(404);
    }
}

#[tokio::test]
async fn pictures_are_seen_by_colleagues_and_linked_partners_only() {
    let service = Service::start().await;
    for user in ["alice@acme", "bob@acme", "carol@beta"] {
        assert_eq!(put(&service, user, png(2, 2)).await.status, 204);
    }
    let unknown = {
        let session = service.session("carol@beta").await;
        get(&service, &session, "nowhere/zed", &[])
            .await
            .problem(404)
    };
    for (reader, of, seen) in [
        ("alice@acme", "acme/alice", true),
        ("alice@acme", "acme/bob", true),
        ("alice@acme", "beta/carol", true),
        ("bob@acme", "acme/alice", true),
        ("bob@acme", "beta/carol", false),
        ("bob@acme", "beta/alice", false),
        ("carol@beta", "acme/alice", true),
        ("carol@beta", "acme/bob", false),
        ("carol@beta", "beta/carol", true),
        ("carol@beta", "acme/zed", false),
    ] {
        let session = service.session(reader).await;
        let answer = get(&service, &session, of, &[]).await;
        if seen {
            assert_eq!(answer.status, 200, "{reader} {of}");
        } else {
            assert_eq!(answer.problem(404), unknown, "{reader} {of}");
        }
    }
    let session = service.session("alice@acme").await;
    let beta = "beta".parse().unwrap();
    service.storage().suspend_enterprise(&beta).await.unwrap();
    get(&service, &session, "beta/carol", &[])
        .await
        .problem(404);
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let service = Service::start().await;
    let svg = b"<svg/>".to_vec();
    let html = b"<html><script>alert(1)</script>".to_vec();
    let mut cut = png(2, 2);
    cut.truncate(18);
    for image in [
        Vec::new(),
        svg,
        html,
        cut,
        b"GIF89a\x02\0\x02\0\0\0\0".to_vec(),
        b"BM\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        vec![0xff, 0xd8, 0xff],
        b"RIFF\0\0\0\0WEBP".to_vec(),
        vec![0; 1_000],
    ] {
        let shown = String::from_utf8_lossy(&image).into_owned();
        let detail = put(&service, "alice@acme", image).await.problem(415);
        assert!(detail.contains("PNG"), "{shown}: {detail}");
    }
    for (width, height) in [
        (0, 1),
        (1, 0),
        (4_097, 1),
        (1, 100_000),
        (u32::MAX, u32::MAX),
    ] {
        put(&service, "alice@acme", png(width, height))
            .await
            .problem(400);
    }
    let mut large = png(2, 2);
    large.resize(256 * 1024, 0);
    assert_eq!(put(&service, "alice@acme", large.clone()).await.status, 204);
    large.push(0);
    put(&service, "alice@acme", large).await.problem(413);
}

#[tokio::test]
async fn damaged_pictures_are_answered_whatever_is_in_them() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    for good in [png(2, 2), jpeg(), webp()] {
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            bad.truncate(good.len().max(at + 1));
            for image in [bad, good[..at].to_vec()] {
                let answer = service.as_user("PUT", "/api/v1/avatar", &session, &[], image);
                let status = answer.await.status.as_u16();
                assert!(matches!(status, 204 | 400 | 415), "{at}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_picture_is_removed_once() {
    let service = Service::start().await;
    put(&service, "alice@acme", png(2, 2)).await;
    let session = service.session("alice@acme").await;
    let remove = async |body: &[u8]| {
        let body = body.to_vec();
        service
            .as_user("DELETE", "/api/v1/avatar", &session, &[], body)
            .await
    };
    remove(b"{}").await.problem(400);
    assert_eq!(remove(b"").await.status, 204);
    remove(b"").await.problem(404);
    get(&service, &session, "acme/alice", &[])
        .await
        .problem(404);
}

#[tokio::test]
async fn tricks_in_paths_and_methods_find_nothing() {
    let service = Service::start().await;
    put(&service, "alice@acme", png(2, 2)).await;
    let session = service.session("alice@acme").await;
    for of in [
        "acme/..",
        "../alice",
        "acme/%2e%2e",
        "acme/al%00ice",
        "acme/%ff",
        "acme/'%20OR%20'1'='1",
        "acme/alice%2Fx",
        "acme/$1",
        "acme/alice@acme",
        "acme",
        "acme/alice/x",
    ] {
        let answer = get(&service, &session, of, &[]).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 404), "{of}: {status}");
        answer.problem(status);
    }
    for (method, path) in [
        ("GET", "/api/v1/avatar"),
        ("POST", "/api/v1/avatar"),
        ("PUT", "/api/v1/avatars/acme/alice"),
        ("DELETE", "/api/v1/avatars/acme/alice"),
    ] {
        let answer = service.as_user(method, path, &session, &[], Vec::new());
        answer.await.problem(405);
    }
    for (method, path) in [
        ("PUT", "/api/v1/avatar"),
        ("DELETE", "/api/v1/avatar"),
        ("GET", "/api/v1/avatars/acme/alice"),
    ] {
        let answer = service.as_user(method, path, "nonsense", &[], Vec::new());
        answer.await.problem(401);
    }
}

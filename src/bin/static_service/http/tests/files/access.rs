//! Who may do what with a file, and that a right that is withdrawn ends at once.

use serde_json::json;

use super::super::{CHEAP, new_user};
use super::{ROOT, Share};
use crate::identity::{GroupId, MemberId, UserId};
use crate::password::Passwords;
use crate::storage::Grant;

/// With dave@beta, whom nobody knows.
async fn share() -> (Share, [String; 3]) {
    let share = Share::open().await;
    let passwords = Passwords::new(CHEAP).unwrap();
    let dave = new_user(&passwords, "dave@beta", None).await;
    share.service.storage().add_user(&dave).await.unwrap();
    let mut sessions = Vec::new();
    for user in ["bob@acme", "carol@beta", "dave@beta"] {
        sessions.push(share.service.session(user).await);
    }
    (share, sessions.try_into().unwrap())
}

async fn status(share: &Share, session: &str, path: &str) -> u16 {
    share.plain_as(session, "GET", path).await.status.as_u16()
}

#[tokio::test]
async fn a_link_is_good_for_its_recipient_alone() {
    let (share, [bob, carol, dave]) = share().await;
    let id = share.upload(b"x").await;
    for (to, want) in [
        ("alice", [200, 403, 404, 404]),
        ("bob", [403, 200, 404, 404]),
        ("bob@acme", [403, 200, 404, 404]),
        ("carol@beta", [403, 403, 200, 404]),
        ("#dev", [200, 403, 404, 404]),
        ("*", [200, 200, 404, 404]),
    ] {
        let link = share.link(&id, to).await;
        let mut found = Vec::new();
        for session in [&share.alice, &bob, &carol, &dave] {
            found.push(status(&share, session, &link).await);
        }
        assert_eq!(found, want, "{to}");
        assert_eq!(status(&share, "nobody", &link).await, 401);
    }
}

#[tokio::test]
async fn a_right_that_is_withdrawn_ends_at_once() {
    let (share, [bob, carol, _]) = share().await;
    let storage = share.service.storage();
    let id = share.upload(b"x").await;
    let (dev, uid): (GroupId, MemberId) = ("dev@acme".parse().unwrap(), "bob".parse().unwrap());
    storage.add_member(&dev, &uid).await.unwrap();
    let link = share.link(&id, "#dev").await;
    assert_eq!(status(&share, &bob, &link).await, 200);
    storage.remove_member(&dev, &uid).await.unwrap();
    assert_eq!(status(&share, &bob, &link).await, 403);

    let partners: [UserId; 2] = ["alice@acme".parse().unwrap(), "carol@beta".parse().unwrap()];
    let link = share.link(&id, "carol@beta").await;
    assert_eq!(status(&share, &carol, &link).await, 200);
    storage
        .unlink_partners(&partners[0], &partners[1])
        .await
        .unwrap();
    assert_eq!(status(&share, &carol, &link).await, 404);
}

#[tokio::test]
async fn links_are_made_for_those_only_whom_the_owner_can_reach() {
    let (share, _) = share().await;
    let id = share.upload(b"x").await;
    let other = "ops@acme".parse().unwrap();
    let name = "Operations".parse().unwrap();
    share
        .service
        .storage()
        .add_group(&other, &name)
        .await
        .unwrap();
    for unknown in ["zoe", "dave@beta", "zoe@nowhere", "#none", "#ops"] {
        let detail = share.try_link(&id, unknown).await.problem(404);
        assert!(
            detail.starts_with("to: want a colleague"),
            "{unknown}: {detail}"
        );
    }
    for malformed in [
        "",
        "#",
        "a b",
        "bob@",
        "bob' OR '1'='1",
        "../bob",
        "bob@beta@x",
    ] {
        let detail = share.try_link(&id, malformed).await.problem(400);
        assert!(detail.starts_with("to: "), "{malformed}: {detail}");
    }
}

#[tokio::test]
async fn a_link_cannot_be_changed() {
    let (share, [bob, ..]) = share().await;
    let (id, other) = (share.upload(b"x").await, share.upload(b"y").await);
    let link = share.link(&id, "alice").await;
    let (path, signature) = link.split_once("&signature=").unwrap();
    let expires: i64 = path.rsplit_once('=').unwrap().1.parse().unwrap();
    let later = link.replace(&expires.to_string(), &(expires + 1).to_string());
    for changed in [
        link.replace("to=alice", "to=bob"),
        link.replace("to=alice", "to=%2A"),
        link.replace(&id, &other),
        later,
        format!("{path}&signature={}", "A".repeat(43)),
        format!("{path}&signature="),
        format!("{link}A"),
    ] {
        for session in [&share.alice, &bob] {
            let answer = share.plain_as(session, "GET", &changed).await;
            assert_eq!(
                answer.problem(403),
                "the link is not one of ours",
                "{changed}"
            );
        }
    }
    for malformed in [
        path.to_owned(),
        format!("{ROOT}/{id}"),
        format!("{ROOT}/{id}?to=alice&expires=soon&signature={signature}"),
        format!("{link}&to=alice"),
    ] {
        let answer = share.plain("GET", &malformed).await;
        let detail = answer.problem(400);
        assert!(
            detail.starts_with("want the query of a link"),
            "{malformed}: {detail}"
        );
    }
}

#[tokio::test]
async fn a_file_whose_time_is_over_is_gone() {
    let (share, _) = share().await;
    let body = json!({"name": "a", "size": 0, "content_type": "a/b", "expires_in_s": 1});
    let id = share.post(ROOT, &body).await.member("id");
    let link = share.link(&id, "alice").await;
    let wait = async {
        while status(&share, &share.alice, &link).await == 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait)
        .await
        .unwrap();
    for path in [link, format!("{ROOT}/{id}/info")] {
        assert_eq!(
            share.plain("GET", &path).await.problem(410),
            "the file has expired"
        );
    }
}

#[tokio::test]
async fn a_suspended_enterprise_shares_nothing_until_it_is_resumed() {
    let (share, [_, carol, _]) = share().await;
    let id = share.upload(b"x").await;
    let link = share.link(&id, "carol@beta").await;
    let acme = "acme".parse().unwrap();
    share
        .service
        .storage()
        .suspend_enterprise(&acme)
        .await
        .unwrap();
    assert_eq!(status(&share, &carol, &link).await, 404);
    assert_eq!(status(&share, &share.alice, &link).await, 401);
    share
        .service
        .storage()
        .resume_enterprise(&acme)
        .await
        .unwrap();
    assert_eq!(status(&share, &carol, &link).await, 200);
}

#[tokio::test]
async fn files_go_with_their_owner_and_never_to_a_namesake() {
    let (share, [bob, ..]) = share().await;
    let id = share.upload(b"x").await;
    let link = share.link(&id, "bob").await;
    let storage = share.service.storage();
    let alice = "alice@acme".parse().unwrap();
    storage.remove_user(&alice).await.unwrap();
    assert_eq!(status(&share, &bob, &link).await, 404);
    let passwords = Passwords::new(CHEAP).unwrap();
    let namesake = new_user(&passwords, "alice@acme", None).await;
    storage.add_user(&namesake).await.unwrap();
    let session = share.service.session("alice@acme").await;
    assert_eq!(
        status(&share, &session, &format!("{ROOT}/{id}/info")).await,
        404
    );
    assert_eq!(status(&share, &bob, &link).await, 404);
}

#[tokio::test]
async fn only_the_owner_and_administrators_have_anything_to_do_with_a_file() {
    let (share, [bob, carol, _]) = share().await;
    let path = format!("{ROOT}/{}", share.upload(b"x").await);
    let storage = share.service.storage();
    let admin = Grant::Role("admin".parse().unwrap());
    storage
        .grant(&"carol@beta".parse().unwrap(), &admin)
        .await
        .unwrap();
    for session in [&bob, &carol] {
        for (method, path) in [
            ("HEAD", path.clone()),
            ("DELETE", path.clone()),
            ("GET", format!("{path}/info")),
        ] {
            let answer = share.plain_as(session, method, &path).await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    storage
        .grant(&"bob@acme".parse().unwrap(), &admin)
        .await
        .unwrap();
    assert_eq!(share.plain_as(&bob, "DELETE", &path).await.status, 204);
    assert_eq!(share.plain_as(&bob, "DELETE", &path).await.status, 404);
    assert_eq!(
        share.plain("GET", &format!("{path}/info")).await.status,
        404
    );
}

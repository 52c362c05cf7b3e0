//! `GET /api/v1/address-book`.

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use serde_json::{Value, json};

use super::{Answer, Service};

/// A client that keeps its session.
struct Client {
    service: Service,
    session: String,
}

impl Client {
    async fn of(user: &str) -> Client {
        let service = Service::start().await;
        let session = service.session(user).await;
        Client { service, session }
    }

    async fn get(&self, query: &str) -> Answer {
        self.get_with(query, &[]).await
    }

    async fn get_with(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/api/v1/address-book{query}");
        self.service
            .as_user("GET", &path, &self.session, headers, Vec::new())
            .await
    }

    async fn book(&self, query: &str) -> Value {
        let answer = self.get(query).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json()
    }

    /// All pages of a load, which have one version.
    async fn pages(&self, query: &str) -> (Value, Vec<Value>) {
        let mut page = self.book(query).await;
        let first = page.clone();
        let mut entries = page["entries"].as_array().unwrap().clone();
        while let Some(cursor) = page["next_cursor"].as_str() {
            page = self.book(&format!("{query}&cursor={cursor}")).await;
            assert_eq!(page["version"], first["version"]);
            assert_eq!(page["full"], first["full"]);
            entries.extend(page["entries"].as_array().unwrap().clone());
        }
        (first, entries)
    }
}

fn user(eid: &str, uid: &str) -> Value {
    json!({"type": "user", "eid": eid, "uid": uid, "name": uid.to_uppercase(), "title": null,
           "phone": null, "email": null, "department": null, "avatar": null})
}

#[tokio::test]
async fn the_first_load_is_everything_and_the_next_one_only_what_changed() {
    let client = Client::of("alice@acme").await;
    let book = client.book("").await;
    assert_eq!(
        (&book["full"], &book["next_cursor"]),
        (&json!(true), &json!(null))
    );
    let carol = json!({"type": "partner", "eid": "beta", "uid": "carol", "name": "CAROL",
        "title": null, "phone": null, "email": null, "enterprise": "beta",
        "relation": "partner", "avatar": null});
    let dev = json!({"type": "group", "gid": "dev", "name": "Developers", "members": ["alice"]});
    let all = json!([user("acme", "alice"), user("acme", "bob"), carol, dev]);
    assert_eq!(book["entries"], all);

    let since = format!("?since={}", book["version"]);
    let none =
        json!({"version": book["version"], "full": false, "next_cursor": null, "entries": []});
    assert_eq!(client.book(&since).await, none);
    let bob = "bob@acme".parse().unwrap();
    client.service.storage().remove_user(&bob).await.unwrap();
    let changes = client.book(&since).await;
    assert_eq!(
        (&changes["full"], &changes["entries"]),
        (
            &json!(false),
            &json!([{"type": "deleted", "of": "user", "id": "bob"}])
        )
    );
    assert!(changes["version"].as_i64() > book["version"].as_i64());
    for since in ["?since=0", "?since=9007199254740992"] {
        let anew = client.book(since).await;
        assert_eq!(
            (&anew["full"], &anew["version"]),
            (&json!(true), &changes["version"])
        );
    }
}

#[tokio::test]
async fn a_load_comes_in_pages_of_one_version_whatever_their_length() {
    let client = Client::of("alice@acme").await;
    client.service.storage().add_many_users("acme", 23).await;
    let (_, whole) = client.pages("?limit=5000").await;
    assert_eq!(whole.len(), 27);
    for limit in [1, 2, 9, 26, 27] {
        let (_, entries) = client.pages(&format!("?limit={limit}")).await;
        assert_eq!(entries, whole, "{limit}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_with_the_load_it_belongs_to_whatever_since_stands_beside_it() {
    let client = Client::of("alice@acme").await;
    let (first, entries) = client.pages("?since=3&limit=1").await;
    assert_eq!((&first["full"], entries.len()), (&json!(true), 4));
    let version = first["version"].as_i64().unwrap();
    let storage = client.service.storage();
    for uid in ["bob@acme", "carol@beta"] {
        storage.remove_user(&uid.parse().unwrap()).await.unwrap();
    }
    let (first, entries) = client.pages(&format!("?since={version}&limit=1")).await;
    assert_eq!((&first["full"], entries.len()), (&json!(false), 2));
}

#[tokio::test]
async fn nothing_new_is_304_until_something_changes() {
    let client = Client::of("alice@acme").await;
    let answer = client.get("").await;
    let tag = answer.headers[ETAG].to_str().unwrap().to_owned();
    assert_eq!(answer.headers[CACHE_CONTROL], "private, no-cache");
    let since = format!("?since={}", answer.json()["version"]);
    for query in ["", &since] {
        for tag in [
            &*tag,
            tag.trim_start_matches("W/"),
            &format!("\"x\", {tag}"),
            "*",
        ] {
            let same = client
                .get_with(query, &[(IF_NONE_MATCH.as_str(), tag)])
                .await;
            assert_eq!(same.status, 304, "{tag}");
            assert!(same.body.is_empty());
            assert_eq!(same.headers[ETAG], answer.headers[ETAG]);
        }
    }
    // A colleague's tag says nothing of one's own groups.
    let session = client.service.session("bob@acme").await;
    let bob = Client { session, ..client };
    let headers = [(IF_NONE_MATCH.as_str(), &*tag)];
    assert_eq!(bob.get_with("", &headers).await.status, 200);

    let client = Client::of("alice@acme").await;
    let answer = client.get("").await;
    let tag = answer.headers[ETAG].to_str().unwrap();
    let bob = "bob@acme".parse().unwrap();
    client.service.storage().remove_user(&bob).await.unwrap();
    let answer = client.get_with("", &[(IF_NONE_MATCH.as_str(), tag)]).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.headers[ETAG], tag);
}

#[tokio::test]
async fn address_books_are_compressed_for_who_can_read_it_and_secrets_never_are() {
    let client = Client::of("alice@acme").await;
    client.service.storage().add_many_users("acme", 500).await;
    let gzip = [(ACCEPT_ENCODING.as_str(), "gzip")];
    let (plain, small) = (client.get("").await, client.get_with("", &gzip).await);
    assert!(!plain.headers.contains_key(CONTENT_ENCODING));
    assert_eq!(small.headers[CONTENT_ENCODING], "gzip");
    assert_eq!(&small.body[..2], [0x1f, 0x8b], "gzip's mark");
    assert!(small.body.len() * 5 < plain.body.len());
    let vary: Vec<_> = small.headers.get_all(VARY).iter().collect();
    assert!(
        vary.contains(&&"authorization".parse().unwrap()),
        "{vary:?}"
    );
    assert!(
        vary.contains(&&"accept-encoding".parse().unwrap()),
        "{vary:?}"
    );

    let body = json!({"username": "alice@acme", "password": "pw-alice"}).to_string();
    let headers = [gzip[0], (CONTENT_TYPE.as_str(), "application/json")];
    for path in ["/api/v1/login", "/api/v1/token"] {
        let body = match path {
            "/api/v1/login" => body.clone(),
            _ => json!({"device": "pc", "kind": "pc"}).to_string(),
        };
        let answer = client
            .service
            .as_user("POST", path, &client.session, &headers, body.into())
            .await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key(CONTENT_ENCODING), "{path}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_named() {
    let client = Client::of("alice@acme").await;
    for (query, name) in [
        ("?since=", "since: "),
        ("?since=-1", "since: "),
        ("?since=x", "since: "),
        ("?since=1.5", "since: "),
        ("?since=%00", "since: "),
        ("?since=1%27--", "since: "),
        ("?since=99999999999999999999", "since: "),
        ("?limit=0", "limit: "),
        ("?limit=5001", "limit: "),
        ("?limit=-1", "limit: "),
        ("?limit=", "limit: "),
        ("?limit=99999999999", "limit: "),
        ("?cursor=", "cursor: "),
        ("?cursor=x", "cursor: "),
        ("?cursor=%F0%9F%8C%B5", "cursor: "),
        ("?cursor=..%2F..%2F", "cursor: "),
        ("?since=1&since=2", "query: "),
        ("?limit=1&limit=2", "query: "),
        ("?cursor=a&cursor=b", "query: "),
        ("?since=%ff", "since: "),
    ] {
        let detail = client.get(query).await.problem(400);
        assert!(detail.starts_with(name), "{query}: {detail}");
    }
    let long = format!("?cursor={}", "A".repeat(5_000));
    client.get(&long).await.problem(400);
}

#[tokio::test]
async fn a_forged_cursor_reads_nothing_that_is_not_the_readers_own() {
    use base64::Engine as _;
    let client = Client::of("bob@acme").await;
    let version = client.book("").await["version"].as_i64().unwrap();
    let allowed = client.book("").await["entries"].as_array().unwrap().clone();
    for text in [
        format!("-~{version}~4~0~a"),
        format!("-~{version}~5~0~"),
        format!("-~{version}~5~0~carol@beta"),
        format!("-~{version}~3~0~"),
        format!("{version}~{version}~1~0~"),
        format!("0~{version}~0~0~"),
        format!("-~{}~3~0~", version + 1),
        "-~9007199254740993~3~0~".to_owned(),
        format!("{}~{version}~3~9223372036854775807~zzz", version - 1),
    ] {
        let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&text);
        let answer = client.get(&format!("?cursor={cursor}")).await;
        match answer.status.as_u16() {
            200 => {
                let entries = answer.json()["entries"].clone();
                let own = |entry: &Value| allowed.contains(entry);
                assert!(
                    entries.as_array().unwrap().iter().all(own),
                    "{text}: {entries}"
                );
            }
            status => assert!(
                !answer.problem(status).is_empty() && status == 410,
                "{text}"
            ),
        }
    }
}

#[tokio::test]
async fn only_a_live_session_opens_an_address_book() {
    let mut client = Client::of("alice@acme").await;
    let live = std::mem::take(&mut client.session);
    for session in ["", "nonsense", "' OR '1'='1"] {
        client.session = session.to_owned();
        client.get("").await.problem(401);
    }
    client.session = client.service.login_token("alice@acme").await;
    client.get("").await.problem(401);
    client.session = live;
    let acme = "acme".parse().unwrap();
    client
        .service
        .storage()
        .suspend_enterprise(&acme)
        .await
        .unwrap();
    client.get("").await.problem(401);
    client
        .service
        .storage()
        .resume_enterprise(&acme)
        .await
        .unwrap();
    let alice = "alice@acme".parse().unwrap();
    client.service.storage().remove_user(&alice).await.unwrap();
    client.get("").await.problem(401);
}

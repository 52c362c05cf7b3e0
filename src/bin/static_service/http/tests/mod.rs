//! The whole service in-process: router, feed and a database of its own.

mod address_book;
mod admin;
mod avatars;
mod bad_input;
mod brokers;
mod devices;
mod directory;
mod feed;
mod files;
mod introspection;
mod limits;
mod login;
mod logs;
mod logs_query;
mod openapi;
mod operation;
mod password;
mod profile;
mod refresh;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{AccountSettings, App, GENERATED_PREFIX, Settings, TrustedProxies, router};
use crate::files::Files;
use crate::password::{Cost, Passwords};
use crate::secret::Secret;
use crate::storage::scratch::Scratch;
use crate::storage::{NewUser, Storage};

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
};

/// A service with enterprises `acme` (users alice and bob, group dev) and `beta` (user carol, linked
/// to alice); everybody's password is `pw-` and the uid. The broker is `b1`.
pub(super) struct Service {
    pub(super) app: Arc<App>,
    router: Router,
    pub(super) broker_secret: Secret,
    pub(super) scratch: Arc<Scratch>,
    pub(super) files_dir: Arc<tempfile::TempDir>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap().to_owned()
    }

    /// Checks that this is a problem document and answers its detail.
    #[track_caller]
    pub(super) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let document = self.json();
        assert_eq!(document["status"], status);
        assert!(document["title"].is_string());
        document["detail"].as_str().unwrap().to_owned()
    }
}

impl Service {
    pub(super) async fn start() -> Service {
        Service::start_with(86_400).await
    }

    pub(super) async fn start_with(token_ttl_s: u32) -> Service {
        Service::start_as(settings(token_ttl_s)).await
    }

    /// One that believes those proxies.
    pub(super) async fn start_behind(proxies: TrustedProxies) -> Service {
        let mut settings = settings(86_400);
        settings.accounts.proxies = proxies;
        Service::start_as(settings).await
    }

    async fn start_as(settings: Settings) -> Service {
        let scratch = Arc::new(Scratch::new().await);
        let storage = scratch.open().await;
        let passwords = Passwords::new(CHEAP).unwrap();
        let broker_secret = Secret::random();
        fill(&storage, &passwords, &broker_secret).await;
        let files_dir = Arc::new(tempfile::tempdir().unwrap());
        Service::on(scratch, files_dir, settings, broker_secret).await
    }

    async fn on(
        scratch: Arc<Scratch>,
        files_dir: Arc<tempfile::TempDir>,
        settings: Settings,
        broker_secret: Secret,
    ) -> Service {
        let storage = scratch.open().await;
        let passwords = Passwords::new(CHEAP).unwrap();
        let files = Files::open(files_dir.path(), storage.clone(), files::LIMITS);
        let files = Some(files.await.unwrap());
        let app = Arc::new(App::new(storage, passwords, settings).with_files(files));
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        Service {
            router: router(Arc::clone(&app)).layer(MockConnectInfo(peer)),
            app,
            broker_secret,
            scratch,
            files_dir,
        }
    }

    /// Another one on the same database.
    pub(super) async fn replica(&self) -> Service {
        let (scratch, files_dir) = (Arc::clone(&self.scratch), Arc::clone(&self.files_dir));
        let settings = self.app.settings.clone();
        Service::on(scratch, files_dir, settings, self.broker_secret.clone()).await
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.app.storage
    }

    pub(super) async fn send(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.send(request).await.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        }
    }

    /// A request with a session.
    pub(super) async fn as_user(
        &self,
        method: &str,
        path: &str,
        session: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {session}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.call(request.body(Body::from(body)).unwrap()).await
    }

    pub(super) async fn post_json(&self, path: &str, bearer: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {bearer}"))
            .body(Body::from(body.to_string()));
        self.call(request.unwrap()).await
    }

    pub(super) async fn login(&self, username: &str, password: &str) -> Answer {
        let body = json!({ "username": username, "password": password });
        self.post_json("/api/v1/login", "", &body).await
    }

    /// A login that registers the device, a pc.
    pub(super) async fn login_on(&self, username: &str, device: &str) -> Answer {
        let uid = username.split('@').next().unwrap();
        let body = json!({ "username": username, "password": format!("pw-{uid}"),
                           "device": device, "kind": "pc" });
        let answer = self.post_json("/api/v1/login", "", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer
    }

    /// Presents a refresh token.
    pub(super) async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refresh_token": token });
        self.post_json("/api/v1/refresh", "", &body).await
    }

    /// Whether a session token is good.
    pub(super) async fn has_session(&self, token: &str) -> bool {
        let request = Request::get("/api/v1/devices")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty());
        let answer = self.call(request.unwrap()).await;
        answer.status == StatusCode::OK
    }

    /// A session token.
    pub(super) async fn session(&self, username: &str) -> String {
        let uid = username.split('@').next().unwrap();
        let answer = self.login(username, &format!("pw-{uid}")).await;
        answer.member("session_token")
    }

    /// A session token, by a password of another form.
    pub(super) async fn session_by(&self, username: &str, password: &str) -> String {
        let answer = self.login(username, password).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.member("session_token")
    }

    pub(super) async fn token(&self, session: &str, device: &str) -> Answer {
        let body = json!({ "device": device, "kind": "pc" });
        self.post_json("/api/v1/token", session, &body).await
    }

    /// A login token for `username` on `pc`.
    pub(super) async fn login_token(&self, username: &str) -> String {
        let session = self.session(username).await;
        self.token(&session, "pc").await.member("token")
    }

    pub(super) fn basic(&self) -> String {
        basic("b1", self.broker_secret.reveal())
    }

    pub(super) async fn post_form(&self, path: &str, auth: &str, form: &[(&str, &str)]) -> Answer {
        let form = serde_urlencoded(form);
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, auth)
            .body(Body::from(form));
        self.call(request.unwrap()).await
    }

    pub(super) async fn introspect(&self, form: &[(&str, &str)]) -> Answer {
        self.post_form("/oauth2/introspect", &self.basic(), form)
            .await
    }

    /// Whether a token is active.
    pub(super) async fn is_active(&self, token: &str) -> bool {
        let answer = self.introspect(&[("token", token)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()["active"].as_bool().unwrap()
    }

    pub(super) async fn get(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> axum::response::Response {
        let mut request = Request::get(path).header(AUTHORIZATION, self.basic());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

fn settings(token_ttl_s: u32) -> Settings {
    Settings {
        broker: "tcp://127.0.0.1:1883".into(),
        broker_for: BTreeMap::from([("beta".into(), "mqtts://beta.example:8883".into())]),
        token_ttl_s,
        session_ttl_s: 600,
        brokers_show_certificates: false,
        accounts: AccountSettings {
            refresh_ttl_s: 3600,
            refresh_reuse_s: 60,
            proxies: TrustedProxies::default(),
        },
    }
}

pub(super) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Form encoding, every byte escaped.
fn serde_urlencoded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|b| format!("%{b:02X}"))
            .collect::<String>()
    };
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", escape(value));
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}

async fn fill(storage: &Storage, passwords: &Passwords, broker_secret: &Secret) {
    for eid in ["acme", "beta"] {
        let (id, name) = (eid.parse().unwrap(), eid.parse().unwrap());
        storage.add_enterprise(&id, &name).await.unwrap();
    }
    for (user, role) in [
        ("alice@acme", Some("operator")),
        ("bob@acme", None),
        ("carol@beta", None),
    ] {
        storage
            .add_user(&new_user(passwords, user, role).await)
            .await
            .unwrap();
    }
    let dev = "dev@acme".parse().unwrap();
    storage
        .add_group(&dev, &"Developers".parse().unwrap())
        .await
        .unwrap();
    storage
        .add_member(&dev, &"alice".parse().unwrap())
        .await
        .unwrap();
    let (alice, carol) = ("alice@acme".parse().unwrap(), "carol@beta".parse().unwrap());
    storage.link_partners(&carol, &alice, None).await.unwrap();
    let hash = format!("{GENERATED_PREFIX}{}", broker_secret.digest().as_str());
    storage
        .add_broker(&"b1".parse().unwrap(), &hash)
        .await
        .unwrap();
}

async fn new_user(passwords: &Passwords, user: &str, role: Option<&str>) -> NewUser {
    let uid = user.split('@').next().unwrap();
    let password = Secret::new(format!("pw-{uid}"));
    NewUser {
        id: user.parse().unwrap(),
        name: uid.to_uppercase().parse().unwrap(),
        password_hash: Some(passwords.hash(password).await.unwrap()),
        roles: role.iter().map(|role| role.parse().unwrap()).collect(),
        channels: role.iter().map(|_| "news/today".parse().unwrap()).collect(),
    }
}

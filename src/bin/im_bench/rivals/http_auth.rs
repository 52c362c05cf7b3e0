//! The service that RabbitMQ's rabbitmq_auth_backend_http asks: forms to `/user`, `/vhost`, `/resource` and `/topic`,
//! answered "allow" or "deny" in plain text, as slowly as wanted, and counted. A thread of its own.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::routing::post;
use axum::serve::ListenerExt;
use tokio::sync::oneshot;

use crate::people::{EID, User};

type Fields = HashMap<String, String>;

#[derive(Default)]
struct Desk {
    delay_ms: AtomicU64,
    asked: AtomicU64,
}

/// A running service.
pub(super) struct HttpAuth {
    desk: Arc<Desk>,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl HttpAuth {
    /// Starts it on a free port.
    pub(super) fn start() -> anyhow::Result<HttpAuth> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .context("the HTTP authorisation service cannot listen")?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let at_work = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name("http-auth".to_owned())
            .spawn(move || runtime.block_on(serve(listener, at_work, stopped)))?;
        Ok(HttpAuth {
            desk,
            address,
            running: Some((stop, thread)),
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How long every answer takes from now on.
    pub(super) fn set_delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.desk.delay_ms.store(ms, Ordering::Release);
    }

    /// Questions since the last call.
    pub(super) fn take_asked(&self) -> u64 {
        self.desk.asked.swap(0, Ordering::AcqRel)
    }
}

impl Drop for HttpAuth {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

async fn serve(listener: tokio::net::TcpListener, desk: Arc<Desk>, stopped: oneshot::Receiver<()>) {
    let routes = Router::new()
        .route("/{question}", post(answer))
        .with_state(desk);
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::select! {
        _ = stopped => {}
        _ = axum::serve(listener, routes) => {}
    }
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    Path(question): Path<String>,
    Form(fields): Form<Fields>,
) -> &'static str {
    desk.asked.fetch_add(1, Ordering::AcqRel);
    let delay = desk.delay_ms.load(Ordering::Acquire);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if is_allowed(&question, &fields) {
        "allow"
    } else {
        "deny"
    }
}

/// By the same patterns as the files of Mosquitto's own access controls.
fn is_allowed(question: &str, fields: &Fields) -> bool {
    let field = |name| fields.get(name).map_or("", String::as_str);
    let Some(uid) = field("username").strip_suffix(&format!("@{EID}")) else {
        return false;
    };
    match question {
        "user" => field("password") == User::named(uid).token(),
        // Its own queues and the exchange that all topics go through: what counts is the topic.
        "vhost" | "resource" => true,
        "topic" => may(uid, field("permission"), field("routing_key")),
        _ => false,
    }
}

/// RabbitMQ writes `.` where MQTT has `/`.
fn may(uid: &str, permission: &str, routing_key: &str) -> bool {
    let levels: Vec<&str> = routing_key.split('.').collect();
    match (permission, levels.as_slice()) {
        (_, [EID, "im", "msg", "g", _])
        | ("write", [EID, "im", "msg", _])
        | ("read", [EID, "im", "pres", _]) => true,
        ("read", [EID, "im", "msg", owner]) | ("write", [EID, "im", "pres", owner]) => {
            *owner == uid
        }
        ("read", [EID, "notice", ..]) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn only_the_users_own_token_is_let_in() {
        let alice = User::named("a1");
        let (name, token) = (alice.username(), alice.token());
        let with = |password: &str| fields(&[("username", &name), ("password", password)]);
        assert!(is_allowed("user", &with(&token)));
        assert!(!is_allowed("user", &with(&User::named("a2").token())));
        assert!(!is_allowed(
            "user",
            &fields(&[("username", "a1"), ("password", &token)])
        ));
        assert!(!is_allowed("anything", &with(&token)));
    }

    #[test]
    fn topics_are_judged_as_the_patterns_of_the_files_do() {
        for (permission, key, want) in [
            ("write", "bench.im.msg.b2", true),
            ("read", "bench.im.msg.a1", true),
            ("read", "bench.im.msg.b2", false),
            ("read", "bench.im.msg.*", false),
            ("read", "bench.im.msg.g.all", true),
            ("write", "bench.im.msg.g.all", true),
            ("write", "bench.im.pres.a1", true),
            ("write", "bench.im.pres.b2", false),
            ("write", "bench.notice.news", false),
            ("read", "bench.notice.news", true),
            ("read", "elsewhere.im.msg.a1", false),
        ] {
            assert_eq!(may("a1", permission, key), want, "{permission} {key}");
        }
    }

    #[test]
    fn answers_over_http_are_words_and_counted() {
        let auth = HttpAuth::start().unwrap();
        let bob = User::named("b1");
        let form = format!("username={}&password={}", bob.username(), bob.token());
        let mut stream = TcpStream::connect(auth.address).unwrap();
        let head = "POST /user HTTP/1.1\r\nhost: b\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded";
        let ask = format!("{head}\r\ncontent-length: {}\r\n\r\n{form}", form.len());
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("allow"), "{answer}");
        assert_eq!(auth.take_asked(), 1);
        assert_eq!(auth.take_asked(), 0);
    }
}

//! The service behind a real socket: TLS, certificates, limits, stopping.

mod authority;
mod stopping;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::listen::Door;
use super::stop::Stopping;
use super::tls::Tls;
use crate::http::{AccountSettings, App, Settings, TrustedProxies, router};
use crate::password::{Cost, Passwords};
use crate::secret::Digest;
use crate::storage::scratch::Scratch;

const BROKER: &str = "b1";
const SECRET: &str = "s";

/// A service on a free port.
struct Served {
    address: SocketAddr,
    app: Arc<App>,
    stop: Arc<Notify>,
    ended: JoinHandle<()>,
    _scratch: Scratch,
}

/// How it differs from the simplest one.
struct How {
    tls: Option<Arc<Tls>>,
    brokers_show_certificates: bool,
    places: usize,
    stop_delay: std::time::Duration,
}

impl Default for How {
    fn default() -> How {
        How {
            tls: None,
            brokers_show_certificates: false,
            places: 100,
            stop_delay: std::time::Duration::ZERO,
        }
    }
}

impl Served {
    async fn start(how: How) -> Served {
        let scratch = Scratch::new().await;
        let app = Arc::new(app(&scratch, how.brokers_show_certificates).await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(Notify::new());
        let asked = Arc::clone(&stop);
        let asked = async move { asked.notified().await };
        let stopping = Stopping::after(Arc::clone(&app), how.stop_delay, asked);
        let door = Door::with_places(listener, how.tls, how.places, &app);
        let router = router(Arc::clone(&app));
        Served {
            address,
            app,
            stop,
            ended: tokio::spawn(async move { door.serve(router, &stopping).await }),
            _scratch: scratch,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}

async fn app(scratch: &Scratch, brokers_show_certificates: bool) -> App {
    let storage = scratch.open().await;
    let hash = format!("sha256:{}", Digest::of(SECRET.as_bytes()).as_str());
    let broker = BROKER.parse().unwrap();
    storage.add_broker(&broker, &hash).await.unwrap();
    let settings = Settings {
        broker: "tcp://h:1".into(),
        broker_for: Default::default(),
        token_ttl_s: 1,
        session_ttl_s: 1,
        brokers_show_certificates,
        accounts: AccountSettings {
            refresh_ttl_s: 1,
            refresh_reuse_s: 1,
            proxies: TrustedProxies::default(),
        },
    };
    let cost = Cost {
        memory_kib: 8,
        passes: 1,
    };
    App::new(storage, Passwords::new(cost).unwrap(), settings)
}

/// A request as it is written.
fn get(path: &str) -> String {
    let basic = STANDARD.encode(format!("{BROKER}:{SECRET}"));
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\r\n")
}

//! `static-service serve`: binds, serves, follows other processes' writes, prunes, and stops.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::clock::now_ms;
use crate::database::DatabaseArgs;
use crate::files::{FileArgs, Files};
use crate::http::{App, Settings, router};
use crate::identity::EnterpriseId;
use crate::password::{Cost, Passwords};
use crate::service_key::ServiceKey;
use crate::storage::{Location, Storage};

/// Time between looks for what can be deleted.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);
/// How long requests under way may take after a signal.
const DRAIN: Duration = Duration::from_millis(800);
/// Rest after a failure of the database, before it is asked again; doubled while it goes on failing.
const RETRY: Duration = Duration::from_millis(500);
/// The longest rest.
const LONGEST_RETRY: Duration = Duration::from_secs(4);
/// Schemes under which clients know brokers.
const SCHEMES: [&str; 7] = ["tcp", "mqtt", "mqtts", "ssl", "tls", "ws", "wss"];

/// What to serve, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// The broker's address as clients use it, such as tcp://push.example:1883
    #[arg(long, value_name = "URL", value_parser = broker_url)]
    broker: String,
    /// Another broker for one enterprise
    #[arg(long, value_name = "EID=URL", value_parser = broker_for)]
    broker_for: Vec<(String, String)>,
    /// Lifetime of a login token, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    token_ttl_s: u32,
    /// Lifetime of a client's session, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800)]
    session_ttl_s: u32,
    /// File that holds the service key (32 random bytes or more); without it the key is kept in the
    /// database. All replicas need the same
    #[arg(long, value_name = "FILE")]
    service_key_file: Option<PathBuf>,
    /// File that gets the bound address once requests are served
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    files: FileArgs,
}

impl ServeArgs {
    fn settings(&self) -> Settings {
        Settings {
            broker: self.broker.clone(),
            broker_for: self.broker_for.iter().cloned().collect::<BTreeMap<_, _>>(),
            token_ttl_s: self.token_ttl_s,
            session_ttl_s: self.session_ttl_s,
        }
    }
}

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let location = args.database.location()?;
    let storage = Storage::open(&location)
        .await
        .with_context(|| format!("cannot open {location}"))?;
    find_service_key(&storage, args.service_key_file.as_deref()).await?;
    let app = App::new(
        storage.clone(),
        Passwords::new(Cost::OWASP)?,
        args.settings(),
    )
    .with_files(open_files(&args.files, &location, &storage).await?);
    let listener = TcpListener::bind(&args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let stop = asked_to_stop()?;
    announce(listener.local_addr()?, args.ready_file.as_deref())?;
    let files = app.files.clone();
    tokio::select! {
        served = run(Arc::new(app), listener, stop) => served?,
        () = follow(&storage) => (),
        () = prune(&storage) => (),
        () = keep_files_clean(files) => (),
    }
    storage.close().await;
    Ok(())
}

/// The files, if this service is to keep any.
async fn open_files(
    args: &FileArgs,
    location: &Location,
    storage: &Storage,
) -> anyhow::Result<Option<Files>> {
    let database = match location {
        Location::File(file) => Some(file.as_path()),
        Location::Server(_) => None,
    };
    let Some(folder) = args.folder(database) else {
        return Ok(None);
    };
    let opened = Files::open(&folder, storage.clone(), args.limits());
    let mut files = opened
        .await
        .with_context(|| format!("cannot keep files in {}", folder.display()))?;
    files.public_url = args.public_url.clone();
    Ok(Some(files))
}

/// The key of the file, or that of the database, which is made when there is none: at the start, so that
/// what is wrong with it is not found out at the first login.
async fn find_service_key(storage: &Storage, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(file) => storage.use_service_key(ServiceKey::read(file)?),
        None => drop(storage.service_key().await?),
    }
    Ok(())
}

/// Completes on SIGTERM or SIGINT.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
    })
}

/// Serves requests until `stop`, then lets those under way finish for a moment.
async fn run(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let stopping = Arc::new(Notify::new());
    let stopped = Arc::clone(&stopping);
    // Events are small and urgent: no waiting for more to send (Nagle).
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    let service = router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(async move { stopped.notified().await })
        .into_future();
    tokio::pin!(server);
    tokio::select! {
        ended = &mut server => bail!("server ended: {ended:?}"),
        () = stop => app.hub.close(),
    }
    stopping.notify_one();
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        tracing::warn!("requests were cut off");
    }
    Ok(())
}

/// Says where we listen: on stdout for scripts, and in the ready file.
#[allow(clippy::print_stdout)] // The one line that this command is documented to print.
fn announce(address: SocketAddr, ready_file: Option<&Path>) -> anyhow::Result<()> {
    println!("listening on http://{address}");
    std::io::stdout().flush()?;
    let Some(file) = ready_file else {
        return Ok(());
    };
    write_atomically(file, &format!("{address}\n"))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Whoever sees the file sees all of it.
fn write_atomically(file: &Path, text: &str) -> std::io::Result<()> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, file)
}

/// Follows what `admin` and other replicas write; starts over when the database fails.
async fn follow(storage: &Storage) {
    let mut rest = RETRY;
    loop {
        let began = Instant::now();
        if let Err(error) = storage.follow_foreign_writes().await {
            tracing::error!(%error, "cannot follow other processes' writes");
        }
        if began.elapsed() > LONGEST_RETRY {
            rest = RETRY;
        }
        tokio::time::sleep(rest).await;
        rest = LONGEST_RETRY.min(rest * 2);
    }
}

async fn keep_files_clean(files: Option<Arc<Files>>) {
    match files {
        Some(files) => files.keep_clean().await,
        None => std::future::pending().await,
    }
}

async fn prune(storage: &Storage) {
    loop {
        match storage.prune(now_ms()).await {
            Ok(rows) => tracing::debug!(rows, "pruned"),
            Err(error) => tracing::error!(%error, "cannot prune"),
        }
        tokio::time::sleep(PRUNE_INTERVAL).await;
    }
}

fn broker_url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").ok_or("want scheme://host:port")?;
    if !SCHEMES.contains(&scheme) {
        return Err(format!("scheme is none of {}", SCHEMES.join(", ")));
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').ok_or("want a port")?;
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err("want host:port".to_owned());
    }
    Ok(text.to_owned())
}

fn broker_for(text: &str) -> Result<(String, String), String> {
    let (eid, url) = text.split_once('=').ok_or("want EID=URL")?;
    let eid: EnterpriseId = eid.parse().map_err(|error| format!("{error}"))?;
    Ok((eid.as_str().to_owned(), broker_url(url)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::scratch::Scratch;

    #[test]
    fn broker_addresses_are_checked_at_start() {
        for good in [
            "tcp://127.0.0.1:1883",
            "mqtts://push.example:8883",
            "wss://h:443/mqtt",
        ] {
            assert!(broker_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:1883",
            "http://h:1",
            "tcp://h",
            "tcp://:1",
            "tcp://h:x",
        ] {
            assert!(broker_url(bad).is_err(), "{bad}");
        }
        assert!(broker_for("acme=tcp://h:1").is_ok());
        assert!(broker_for("ac/me=tcp://h:1").is_err());
    }

    #[tokio::test]
    async fn stopping_ends_open_streams_and_idle_connections_within_a_second() {
        use base64::Engine as _;
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let scratch = Scratch::new().await;
        let storage = scratch.open().await;
        let hash = format!("sha256:{}", crate::secret::Digest::of(b"s").as_str());
        storage
            .add_broker(&"b1".parse().unwrap(), &hash)
            .await
            .unwrap();
        let settings = Settings {
            broker: "tcp://h:1".into(),
            broker_for: BTreeMap::new(),
            token_ttl_s: 1,
            session_ttl_s: 1,
        };
        let cost = Cost {
            memory_kib: 8,
            passes: 1,
        };
        let app = App::new(storage, Passwords::new(cost).unwrap(), settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let server = tokio::spawn(run(Arc::new(app), listener, async move {
            stopped.notified().await
        }));
        let idle = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let basic = base64::engine::general_purpose::STANDARD.encode("b1:s");
        let request = format!(
            "GET /control/v1/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        while !text.contains(": feed") {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        let start = std::time::Instant::now();
        stop.notify_one();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(b"0\r\n\r\n"), "the stream ends as HTTP says");
        server.await.unwrap().unwrap();
        assert!(start.elapsed() < Duration::from_secs(1));
        drop(idle);
    }

    #[test]
    fn the_ready_file_is_written_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ready");
        write_atomically(&file, "127.0.0.1:1\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "127.0.0.1:1\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

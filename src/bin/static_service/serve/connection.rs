//! One connection: its handshake, its protocol, and the patience with it.
//!
//! HTTP/1.1 in the clear; over TLS what was negotiated, HTTP/2 or HTTP/1.1.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::HOST;
use axum::http::uri::{Authority, Scheme};
use axum::http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::tls::H2;
use crate::http::{ClientCertificate, Metrics};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may be idle before it. Longer than
/// the 60 s for which the plugin keeps unused connections, and the 90 s of other clients: they must be the
/// ones that close them, or a question might meet a closing door.
const HEAD: Duration = Duration::from_secs(100);
/// The largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// HTTP/2: requests at a time on one connection.
const MAX_STREAMS: u32 = 128;
/// HTTP/2: time between looks whether the other side is still there, and how long it may take to answer.
const PING: Duration = Duration::from_secs(30);

/// A connection to be attended to.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) router: Router,
    pub(super) watcher: Watcher,
    pub(super) metrics: Arc<Metrics>,
}

impl Connection {
    /// Answers its requests until either side ends it.
    pub(super) async fn attend(mut self, stream: TcpStream) {
        let _open = self.metrics.connection_opened();
        // Events are small and urgent: no waiting for more to send (Nagle).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        match self.acceptor.take() {
            None => self.speak_http1(stream, false, false).await,
            Some(acceptor) => self.attend_tls(acceptor, stream).await,
        }
    }

    async fn attend_tls(self, acceptor: TlsAcceptor, stream: TcpStream) {
        let (peer, metrics) = (self.peer, Arc::clone(&self.metrics));
        let refused = |why: &str| {
            metrics.handshake_failed();
            tracing::debug!(%peer, why, "TLS handshake failed");
        };
        match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => refused(&error.to_string()),
            Err(_) => refused("it took too long"),
        }
    }

    async fn speak(self, stream: TlsStream<TcpStream>) {
        let session = stream.get_ref().1;
        // The handshake fails on a certificate of somebody else's: one that is here is verified.
        let certified = session.peer_certificates().is_some();
        if session.alpn_protocol() == Some(H2) {
            return self.speak_http2(stream, certified).await;
        }
        self.speak_http1(stream, true, certified).await;
    }

    async fn speak_http1<S>(self, stream: S, over_tls: bool, certified: bool)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_header_size(MAX_HEAD_BYTES)
            .serve_connection(
                TokioIo::new(stream),
                service(self.router, self.peer, over_tls, certified),
            );
        ended(self.peer, self.watcher.watch(connection).await);
    }

    async fn speak_http2<S>(self, stream: S, certified: bool)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD_BYTES as u32)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .serve_connection(
                TokioIo::new(stream),
                service(self.router, self.peer, false, certified),
            );
        ended(self.peer, self.watcher.watch(connection).await);
    }
}

/// The routes, with what the connection knows of its other end.
fn service(
    router: Router,
    peer: SocketAddr,
    over_tls: bool,
    certified: bool,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send + 'static,
> + Send
+ 'static {
    let router = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        if over_tls {
            say_https(&mut request);
        }
        let known = request.extensions_mut();
        known.insert(ConnectInfo(peer));
        if certified {
            known.insert(ClientCertificate);
        }
        router.call(request)
    })
}

/// HTTP/1.1 says no scheme; handlers that make URLs need it.
fn say_https(request: &mut Request<Incoming>) {
    let host = request.headers().get(HOST).cloned();
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let mut parts = request.uri().clone().into_parts();
    let (None, Some(authority)) = (&parts.authority, authority) else {
        return;
    };
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = Some(authority);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

fn ended(peer: SocketAddr, result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

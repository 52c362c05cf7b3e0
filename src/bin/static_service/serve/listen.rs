//! The door: takes connections in, a bounded number at a time, and lets those inside finish when the
//! service stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::arguments::ServeArgs;
use super::connection::Connection;
use super::stop::Stopping;
use super::tls::Tls;
use crate::http::{App, Metrics};

/// How long requests under way may take after a signal.
const DRAIN: Duration = Duration::from_millis(800);
/// Rest after a failed accept: usually the process is out of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A listener and what its connections get.
pub(super) struct Door {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    places: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Door {
    /// A door for `listener`; with `tls` it speaks nothing else.
    pub(super) fn new(
        listener: TcpListener,
        tls: Option<Arc<Tls>>,
        args: &ServeArgs,
        app: &App,
    ) -> Door {
        let places = usize::try_from(args.operation.max_connections).unwrap_or(usize::MAX);
        Door::with_places(listener, tls, places, app)
    }

    pub(super) fn with_places(
        listener: TcpListener,
        tls: Option<Arc<Tls>>,
        places: usize,
        app: &App,
    ) -> Door {
        Door {
            listener,
            tls,
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            metrics: Arc::clone(&app.metrics),
        }
    }

    /// Serves requests until `stopping`, then lets those under way finish for a moment.
    pub(super) async fn serve(self, router: Router, stopping: &Stopping) {
        let graceful = GracefulShutdown::new();
        let mut inside = JoinSet::new();
        loop {
            tokio::select! {
                (stream, peer, place) = self.next() => {
                    let connection = Connection {
                        peer,
                        acceptor: self.tls.as_ref().map(|tls| tls.acceptor()),
                        router: router.clone(),
                        watcher: graceful.watcher(),
                        metrics: Arc::clone(&self.metrics),
                    };
                    inside.spawn(async move {
                        connection.attend(stream).await;
                        drop(place);
                    });
                }
                Some(_) = inside.join_next() => (),
                () = stopping.begun() => break,
            }
        }
        drop(self);
        if tokio::time::timeout(DRAIN, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were cut off");
        }
        inside.shutdown().await;
    }

    /// The next connection, once there is a place for it. Until then it waits in the kernel's queue.
    async fn next(&self) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, place),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }
}

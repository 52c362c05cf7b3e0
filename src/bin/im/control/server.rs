//! The answering side of the control socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::read_line;
use crate::store::StoreError;
use crate::wire::control::{ControlAnswer, ControlRequest};

/// Requests that may wait for the session; further ones wait in their connections.
const QUEUE: usize = 32;

/// A request, and where its answer goes. A closed `reply` means that it was withdrawn.
pub(crate) struct Pending {
    pub(crate) request: ControlRequest,
    pub(crate) reply: oneshot::Sender<ControlAnswer>,
}

/// The open socket; removed when dropped.
pub(crate) struct ControlServer {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl ControlServer {
    /// Opens the socket in place of one that a killed process left. Only for the holder of the
    /// session lock, so nobody else can be serving it.
    pub(crate) fn open(
        path: PathBuf,
    ) -> Result<(ControlServer, mpsc::Receiver<Pending>), StoreError> {
        let listener = bind(&path).map_err(|error| StoreError::Io(path.clone(), error))?;
        let (queue, pending) = mpsc::channel(QUEUE);
        let accepting = tokio::spawn(accept(listener, queue));
        Ok((ControlServer { path, accepting }, pending))
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.accepting.abort();
        // Should it stay, the next one to listen removes it.
        let _ = fs::remove_file(&self.path);
    }
}

fn bind(path: &PathBuf) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    // The directory is private already; this is for those who look at the file.
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn accept(listener: UnixListener, queue: mpsc::Sender<Pending>) {
    loop {
        match listener.accept().await {
            // A connection that fails concerns its own client, who sees it end.
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, queue.clone()))),
            // Out of file descriptors, most likely: others must end first.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

async fn serve(stream: UnixStream, queue: mpsc::Sender<Pending>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let line = read_line(&mut read).await?;
    let answer = match serde_json::from_str(&line) {
        Err(error) => ControlAnswer::Invalid {
            text: error.to_string(),
        },
        Ok(request) => {
            let (reply, answer) = oneshot::channel();
            let asking = async {
                queue.send(Pending { request, reply }).await.ok()?;
                answer.await.ok()
            };
            tokio::select! {
                answer = asking => answer.unwrap_or_else(|| ControlAnswer::Unconfirmed { text: "the listening im stopped".to_owned() }),
                _ = read.read_u8() => return Ok(()),
            }
        }
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    write.write_all(&text).await
}

#[cfg(test)]
mod tests {
    use super::super::{ControlClient, ControlError, publication};
    use super::*;
    use crate::link::Publication;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(5);

    fn hello() -> Publication {
        Publication {
            topic: "acme/im/msg/bob".to_owned(),
            payload: vec![0, 255, b'\n'],
            confirmed: true,
            retain: false,
        }
    }

    #[tokio::test]
    async fn publication_arrives_whole_and_its_answer_returns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sock");
        let (server, mut pending) = ControlServer::open(path.clone()).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let answering = async {
            let asked = pending.recv().await.unwrap();
            let got = publication(&asked.request).unwrap().unwrap();
            assert_eq!(
                (got.topic, got.payload, got.confirmed),
                (hello().topic, hello().payload, true)
            );
            asked
                .reply
                .send(ControlAnswer::Published { reason_code: 16 })
                .unwrap();
        };
        let client = ControlClient::connect(&path).await.unwrap();
        let hello = hello();
        let (reason, ()) = tokio::join!(client.publish(&hello, SECOND), answering);
        assert!(reason.unwrap().is_nobody_subscribed());
        drop(server);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn request_given_up_is_withdrawn() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sock");
        let (_server, mut pending) = ControlServer::open(path.clone()).unwrap();
        let client = ControlClient::connect(&path).await.unwrap();
        let result = client.publish(&hello(), Duration::from_millis(50)).await;
        assert!(matches!(result, Err(ControlError::Unconfirmed(_))));
        let mut asked = pending.recv().await.unwrap();
        tokio::time::timeout(SECOND, asked.reply.closed())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn stale_socket_is_nobody_and_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(ControlClient::connect(&path).await.is_none());
        assert!(ControlServer::open(path).is_ok());
    }
}

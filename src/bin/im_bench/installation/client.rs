//! One kept-alive HTTP connection to the service, a request at a time.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpStream;

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    authorization: Option<String>,
    content_type: &'static str,
    body: Bytes,
}

impl Ask {
    /// A question without a body.
    pub(crate) fn get(path: impl Into<String>) -> Ask {
        Ask {
            method: Method::GET,
            path: path.into(),
            authorization: None,
            content_type: "",
            body: Bytes::new(),
        }
    }

    pub(crate) fn post(path: impl Into<String>, json: &Value) -> Ask {
        Ask {
            method: Method::POST,
            content_type: "application/json",
            body: json.to_string().into(),
            ..Ask::get(path)
        }
    }

    pub(crate) fn put(path: impl Into<String>, json: &Value) -> Ask {
        Ask {
            method: Method::PUT,
            ..Ask::post(path, json)
        }
    }

    /// A PUT without a body.
    pub(crate) fn put_bare(path: impl Into<String>) -> Ask {
        Ask {
            method: Method::PUT,
            ..Ask::get(path)
        }
    }

    /// A form; it has to be encoded already.
    pub(crate) fn form(path: impl Into<String>, form: String) -> Ask {
        Ask {
            method: Method::POST,
            content_type: "application/x-www-form-urlencoded",
            body: form.into(),
            ..Ask::get(path)
        }
    }

    /// The same from the holder of a session.
    pub(crate) fn bearer(self, session_token: &str) -> Ask {
        self.authorized(format!("Bearer {session_token}"))
    }

    /// The same with this `Authorization`.
    pub(crate) fn authorized(mut self, authorization: String) -> Ask {
        self.authorization = Some(authorization);
        self
    }

    fn request(self, to: SocketAddr) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        request = request.header(HOST, to.to_string());
        if let Some(authorization) = self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !self.content_type.is_empty() {
            request = request.header(CONTENT_TYPE, self.content_type);
        }
        Ok(request.body(Full::new(self.body))?)
    }
}

/// The `Authorization` of a broker.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body of a good answer; fails on any other, with what it says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        self.require_success()?;
        serde_json::from_slice(&self.body).context("not the JSON that was expected")
    }

    /// Fails on a bad answer, with what it says: problem documents never repeat a secret.
    pub(crate) fn require_success(&self) -> anyhow::Result<()> {
        if !self.status.is_success() {
            let said: String = String::from_utf8_lossy(&self.body)
                .chars()
                .take(300)
                .collect();
            bail!("{}: {said}", self.status);
        }
        Ok(())
    }
}

/// A connection.
pub(crate) struct Client {
    to: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    pub(crate) async fn connect(to: SocketAddr) -> anyhow::Result<Client> {
        let sender = open(to).await?;
        Ok(Client { to, sender })
    }

    /// Asks, and reads the whole answer. A connection that is no longer there is opened anew.
    pub(crate) async fn ask(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        let answer = tokio::time::timeout(PATIENCE, async {
            let (parts, body) = self.begin(ask).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            let status = parts.status;
            anyhow::Ok(Answer { status, body })
        });
        answer.await.context("no answer in time")?
    }

    /// Asks, and leaves the body to be read.
    pub(crate) async fn begin(&mut self, ask: Ask) -> anyhow::Result<Response<Incoming>> {
        if self.sender.ready().await.is_err() {
            self.sender = open(self.to).await?;
        }
        Ok(self.sender.send_request(ask.request(self.to)?).await?)
    }
}

async fn open(to: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its error is the request's too.
    tokio::spawn(connection);
    Ok(sender)
}

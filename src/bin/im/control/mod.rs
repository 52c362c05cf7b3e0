//! The control socket, through which short commands use the session of a listening `im`.
//!
//! A Unix socket in a directory of mode 0700. Each connection carries one request and one answer, a
//! line of JSON each ([`crate::wire::control`]). Who closes before the answer withdraws a request that
//! has not been begun.

mod client;
mod server;

use std::io;

use base64::{Engine, prelude::BASE64_STANDARD};
use mosquitto_enterprise_push::protocol::MAX_PAYLOAD_BYTES;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::OwnedReadHalf;

pub(crate) use client::ControlClient;
pub(crate) use server::{ControlServer, Pending};

use crate::link::{Publication, Reason};
use crate::wire::control::ControlRequest;

/// The longest line: the largest payload in base64, and room for the rest.
const MAX_LINE_BYTES: usize = MAX_PAYLOAD_BYTES / 3 * 4 + 64 * 1024;

/// Why a handed-over request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("the broker refused the message: {0}")]
    Refused(Reason),
    #[error("not known whether the broker took it: {0}")]
    Unconfirmed(String),
    #[error("the listening im cannot do that: {0}")]
    Unable(String),
    #[error("the listening im did not understand: {0}")]
    Protocol(String),
    #[error("control socket: {0}")]
    Io(#[from] io::Error),
}

impl ControlError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            ControlError::Refused(_) => 4,
            ControlError::Unconfirmed(_) => 5,
            ControlError::Unable(_) | ControlError::Protocol(_) | ControlError::Io(_) => 1,
        }
    }
}

/// The request to publish.
fn publish_request(publication: &Publication) -> ControlRequest {
    ControlRequest::Publish {
        topic: publication.topic.clone(),
        payload_base64: BASE64_STANDARD.encode(&publication.payload),
        qos: publication.confirmed.into(),
        retain: publication.retain,
    }
}

/// What a request asks to publish; none when it asks for something else.
pub(crate) fn publication(request: &ControlRequest) -> Option<Result<Publication, String>> {
    let ControlRequest::Publish {
        topic,
        payload_base64,
        qos,
        retain,
    } = request
    else {
        return None;
    };
    let decoded = BASE64_STANDARD
        .decode(payload_base64)
        .map_err(|e| format!("payload: {e}"));
    Some(decoded.map(|payload| Publication {
        topic: topic.clone(),
        payload,
        confirmed: *qos > 0,
        retain: *retain,
    }))
}

async fn read_line(half: &mut BufReader<OwnedReadHalf>) -> io::Result<String> {
    let mut line = String::new();
    let limit = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
    half.take(limit).read_line(&mut line).await?;
    if line.ends_with('\n') {
        return Ok(line);
    }
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "line is cut short or too long",
    ))
}

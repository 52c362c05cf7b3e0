//! Why a command failed, and the exit code that tells a script so.

use std::io;

use mosquitto_enterprise_push::client::ClientError;
use mosquitto_enterprise_push::protocol::{HeaderError, MAX_PAYLOAD_BYTES, NameError};

use crate::control::ControlError;
use crate::destination::DestinationError;
use crate::link::{LinkError, Reason};
use crate::store::StoreError;
use crate::transfer::TransferError;

/// Any failure of a command. Messages are lower case, name the value at fault and never a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("bad name: {0}")]
    Name(#[from] NameError),
    #[error(transparent)]
    Destination(#[from] DestinationError),
    #[error(
        "message is over the limit of {MAX_PAYLOAD_BYTES} bytes (header included): put it into a file and send that with --file"
    )]
    TooLarge,
    #[error("cannot write the message header: {0}")]
    Header(HeaderError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Service(#[from] ClientError),
    #[error("this login cannot be refreshed: run `im login` again")]
    NoRefreshToken,
    #[error("the static service gives no personal key, so nothing can be kept locally")]
    NoPersonalKey,
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("the broker refused to {what}: {reason}")]
    Refused { what: String, reason: Reason },
    #[error("{0}")]
    TimedOut(String),
    #[error("another im is already listening as {0}")]
    AlreadyListening(String),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
}

impl Failure {
    /// 1 other error, 2 usage, 3 not logged in, 4 refused by a server, 5 timed out or unreachable.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Name(_) | Failure::Destination(_) | Failure::TooLarge => 2,
            Failure::Store(error) if error.is_not_logged_in() => 3,
            Failure::NoRefreshToken => 3,
            Failure::Service(error) => service_exit_code(error),
            Failure::Link(error) => error.exit_code(),
            Failure::Control(error) => error.exit_code(),
            Failure::Transfer(error) => error.exit_code(),
            Failure::Refused { .. } => 4,
            Failure::TimedOut(_) => 5,
            _ => 1,
        }
    }

    /// The MQTT reason code, when a broker's refusal is the cause.
    pub(crate) fn reason_code(&self) -> Option<u8> {
        match self {
            Failure::Refused { reason, .. } => reason.code,
            Failure::Link(error) => error.reason()?.code,
            Failure::Control(ControlError::Refused(reason)) => reason.code,
            _ => None,
        }
    }

    /// Whether the reader of our output has gone away, which needs no message.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn service_exit_code(error: &ClientError) -> u8 {
    match error {
        ClientError::Configuration(_) => 2,
        error if error.is_session_over() => 3,
        error if error.is_refused() => 4,
        error if error.is_temporary() => 5,
        _ => 1,
    }
}

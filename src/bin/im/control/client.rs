//! The asking side of the control socket.

use std::path::Path;
use std::time::Duration;

use mosquitto_enterprise_push::client::PersonalKey;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{ControlError, publish_request, read_line};
use crate::link::{Publication, Reason};
use crate::roster::Roster;
use crate::wire::control::{ControlAnswer, ControlRequest};

/// A connection to a listening `im`, good for one request.
pub(crate) struct ControlClient(UnixStream);

impl ControlClient {
    /// Connects; none when nobody listens there.
    pub(crate) async fn connect(socket: &Path) -> Option<ControlClient> {
        UnixStream::connect(socket).await.ok().map(ControlClient)
    }

    /// Publishes through the listening session; gives the broker's reason.
    pub(crate) async fn publish(
        self,
        publication: &Publication,
        timeout: Duration,
    ) -> Result<Reason, ControlError> {
        match self.ask(&publish_request(publication), timeout).await? {
            ControlAnswer::Published { reason_code } => Ok(Reason::of_code(reason_code)),
            ControlAnswer::Refused { reason_code, text } => Err(ControlError::Refused(Reason {
                code: reason_code,
                text,
            })),
            ControlAnswer::Unconfirmed { text } => Err(ControlError::Unconfirmed(text)),
            other => Err(ControlError::Protocol(format!("{other:?}"))),
        }
    }

    /// Presence and signatures as the listening session knows them.
    pub(crate) async fn roster(self, timeout: Duration) -> Result<Roster, ControlError> {
        match self.ask(&ControlRequest::Roster, timeout).await? {
            ControlAnswer::Roster { people } => Ok(Roster::from_rows(people)),
            ControlAnswer::Invalid { text } => Err(ControlError::Unable(text)),
            other => Err(ControlError::Protocol(format!("{other:?}"))),
        }
    }

    /// The personal key, if the listening session knows it.
    pub(crate) async fn personal_key(
        self,
        timeout: Duration,
    ) -> Result<Option<PersonalKey>, ControlError> {
        let told = match self.ask(&ControlRequest::PersonalKey, timeout).await? {
            ControlAnswer::PersonalKey { key } => key,
            other => return Err(ControlError::Protocol(format!("{other:?}"))),
        };
        let key = told.map(|text| PersonalKey::parse(&text.0)).transpose();
        key.map_err(|error| ControlError::Protocol(error.to_string()))
    }

    async fn ask(
        self,
        request: &ControlRequest,
        timeout: Duration,
    ) -> Result<ControlAnswer, ControlError> {
        let asking = self.exchange(request);
        let silent = |_| {
            ControlError::Unconfirmed(
                "the listening im, which would send it, gave no answer in time".to_owned(),
            )
        };
        tokio::time::timeout(timeout, asking)
            .await
            .map_err(silent)?
    }

    async fn exchange(self, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        let mut text = serde_json::to_vec(request).expect("strings and numbers always serialise");
        text.push(b'\n');
        let (read, mut write) = self.0.into_split();
        write.write_all(&text).await?;
        let line = read_line(&mut BufReader::new(read)).await?;
        serde_json::from_str(&line).map_err(|e| ControlError::Protocol(e.to_string()))
    }
}

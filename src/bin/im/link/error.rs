//! Why a connection ended or a request was refused, with MQTT 5's reason codes (section 2.4).

use std::fmt;
use std::io;

use rumqttc::{
    ConnectReturnCode, ConnectionError, DisconnectReasonCode, PubAck, PubAckReason, StateError,
    SubscribeReasonCode,
};

const SESSION_TAKEN_OVER: u8 = 0x8e;

/// A broker's reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The MQTT 5 reason code; none for a refusal by notice.
    pub(crate) code: Option<u8>,
    /// For people; as the broker gave it, or else the code's meaning.
    pub(crate) text: String,
}

impl Reason {
    pub(crate) const SUCCESS: Reason = Reason {
        code: Some(0),
        text: String::new(),
    };

    /// The reason with the standard's own words.
    pub(crate) fn of_code(code: u8) -> Reason {
        Reason {
            code: Some(code),
            text: meaning(code).to_owned(),
        }
    }

    /// Whether the broker took the message but has nobody to give it to.
    pub(crate) fn is_nobody_subscribed(&self) -> bool {
        self.code == Some(0x10)
    }

    pub(super) fn of_puback(puback: &PubAck) -> Result<Reason, LinkError> {
        let said = puback
            .properties
            .as_ref()
            .and_then(|properties| properties.reason_string.clone());
        let reason = Reason::new(puback_code(puback.reason), said);
        if reason.code.is_some_and(|code| code >= 0x80) {
            Err(LinkError::PublishRefused(reason))
        } else {
            Ok(reason)
        }
    }

    fn new(code: u8, said: Option<String>) -> Reason {
        let standard = Reason::of_code(code);
        match said {
            Some(said) => Reason {
                text: format!("{}: {said}", standard.text),
                ..standard
            },
            None => standard,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} (0x{code:02x})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl From<SubscribeReasonCode> for Reason {
    fn from(code: SubscribeReasonCode) -> Self {
        Reason::of_code(match code {
            SubscribeReasonCode::Success(_) => 0,
            SubscribeReasonCode::Failure | SubscribeReasonCode::Unspecified => 0x80,
            SubscribeReasonCode::ImplementationSpecific => 0x83,
            SubscribeReasonCode::NotAuthorized => 0x87,
            SubscribeReasonCode::TopicFilterInvalid => 0x8f,
            SubscribeReasonCode::PkidInUse => 0x91,
            SubscribeReasonCode::QuotaExceeded => 0x97,
            SubscribeReasonCode::SharedSubscriptionsNotSupported => 0x9e,
            SubscribeReasonCode::SubscriptionIdNotSupported => 0xa1,
            SubscribeReasonCode::WildcardSubscriptionsNotSupported => 0xa2,
        })
    }
}

/// Why a link could not be opened, ended, or did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("the broker refused the login: {0}")]
    Refused(Reason),
    #[error("the broker closed the connection: {0}")]
    Closed(Reason),
    #[error("the broker refused the message: {0}")]
    PublishRefused(Reason),
    #[error("connection to the broker lost: {0}")]
    Lost(String),
    #[error("no answer from the broker at {0}")]
    Timeout(String),
    #[error("bad {0}")]
    Configuration(String),
}

impl LinkError {
    /// Whether a new login token may help: bad user name or password, or not authorized.
    pub(crate) fn is_bad_token(&self) -> bool {
        matches!(
            self,
            LinkError::Refused(Reason {
                code: Some(0x86 | 0x87),
                ..
            })
        )
    }

    /// Whether somebody else has opened our session.
    pub(crate) fn is_takeover(&self) -> bool {
        matches!(
            self,
            LinkError::Closed(Reason {
                code: Some(SESSION_TAKEN_OVER),
                ..
            })
        )
    }

    /// Whether the same attempt may succeed later: the network, or a broker unavailable (0x88),
    /// busy (0x89), over quota (0x97) or over its connection rate (0x9f).
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            LinkError::Lost(_) | LinkError::Timeout(_) => true,
            LinkError::Closed(_) => !self.is_takeover(),
            LinkError::Refused(reason) => matches!(reason.code, Some(0x88 | 0x89 | 0x97 | 0x9f)),
            LinkError::PublishRefused(_) | LinkError::Configuration(_) => false,
        }
    }

    /// A broker said no, nobody answered, or an address or CA of ours is at fault.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            LinkError::Refused(_) | LinkError::Closed(_) | LinkError::PublishRefused(_) => 4,
            LinkError::Lost(_) | LinkError::Timeout(_) => 5,
            LinkError::Configuration(_) => 1,
        }
    }

    /// The broker's reason, if it gave one.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            LinkError::Refused(reason)
            | LinkError::Closed(reason)
            | LinkError::PublishRefused(reason) => Some(reason),
            _ => None,
        }
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ConnectionRefused(code) => {
                LinkError::Refused(Reason::of_code(connack_code(code)))
            }
            ConnectionError::MqttState(StateError::ServerDisconnect {
                reason_code,
                reason_string,
            }) => LinkError::Closed(Reason::new(disconnect_code(reason_code), reason_string)),
            // So TLS tells that it does not trust the broker: that does not pass.
            ConnectionError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                LinkError::Configuration(format!("TLS with the broker: {error}"))
            }
            ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error)) => {
                LinkError::Lost(error.to_string())
            }
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                LinkError::Lost("closed by the other side".to_owned())
            }
            ConnectionError::MqttState(StateError::AwaitPingResp) => {
                LinkError::Lost("the broker does not answer".to_owned())
            }
            other => LinkError::Lost(other.to_string()),
        }
    }
}

/// The library's enum carries the codes of the standard as its values.
fn disconnect_code(code: DisconnectReasonCode) -> u8 {
    code as u8
}

fn puback_code(code: PubAckReason) -> u8 {
    code as u8
}

fn connack_code(code: ConnectReturnCode) -> u8 {
    match code {
        ConnectReturnCode::Success => 0,
        ConnectReturnCode::UnspecifiedError => 0x80,
        ConnectReturnCode::MalformedPacket => 0x81,
        ConnectReturnCode::ProtocolError => 0x82,
        ConnectReturnCode::ImplementationSpecificError => 0x83,
        ConnectReturnCode::RefusedProtocolVersion
        | ConnectReturnCode::UnsupportedProtocolVersion => 0x84,
        ConnectReturnCode::BadClientId | ConnectReturnCode::ClientIdentifierNotValid => 0x85,
        ConnectReturnCode::BadUserNamePassword => 0x86,
        ConnectReturnCode::NotAuthorized => 0x87,
        ConnectReturnCode::ServiceUnavailable | ConnectReturnCode::ServerUnavailable => 0x88,
        ConnectReturnCode::ServerBusy => 0x89,
        ConnectReturnCode::Banned => 0x8a,
        ConnectReturnCode::BadAuthenticationMethod => 0x8c,
        ConnectReturnCode::TopicNameInvalid => 0x90,
        ConnectReturnCode::PacketTooLarge => 0x95,
        ConnectReturnCode::QuotaExceeded => 0x97,
        ConnectReturnCode::PayloadFormatInvalid => 0x99,
        ConnectReturnCode::RetainNotSupported => 0x9a,
        ConnectReturnCode::QoSNotSupported => 0x9b,
        ConnectReturnCode::UseAnotherServer => 0x9c,
        ConnectReturnCode::ServerMoved => 0x9d,
        ConnectReturnCode::ConnectionRateExceeded => 0x9f,
    }
}

fn meaning(code: u8) -> &'static str {
    match code {
        0x00 => "normal",
        0x10 => "nobody is subscribed",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        0x84 => "unsupported protocol version",
        0x85 => "client id not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8a => "banned",
        0x8b => "server shutting down",
        0x8d => "keep alive timeout",
        0x8e => "session taken over by another connection of the same device",
        0x8f => "topic filter invalid",
        0x90 => "topic name invalid",
        0x91 => "packet identifier in use",
        0x93 => "receive maximum exceeded",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format invalid",
        0x9a => "retain not supported",
        0x9c => "use another server",
        0x9d => "server moved",
        0x9f => "connection rate exceeded",
        0xa0 => "maximum connect time",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_answer_what_to_do() {
        let refused = |code| LinkError::from(ConnectionError::ConnectionRefused(code));
        assert!(refused(ConnectReturnCode::NotAuthorized).is_bad_token());
        assert!(refused(ConnectReturnCode::BadUserNamePassword).is_bad_token());
        assert!(refused(ConnectReturnCode::ServerUnavailable).is_passing());
        assert!(!refused(ConnectReturnCode::Banned).is_passing());
        let closed = |reason_code| {
            LinkError::from(ConnectionError::MqttState(StateError::ServerDisconnect {
                reason_code,
                reason_string: None,
            }))
        };
        assert!(closed(DisconnectReasonCode::SessionTakenOver).is_takeover());
        assert!(!closed(DisconnectReasonCode::SessionTakenOver).is_passing());
        assert!(closed(DisconnectReasonCode::AdministrativeAction).is_passing());
        assert_eq!(
            closed(DisconnectReasonCode::AdministrativeAction).to_string(),
            "the broker closed the connection: administrative action (0x98)"
        );
    }
}

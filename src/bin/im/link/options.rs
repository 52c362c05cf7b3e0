//! How the broker is addressed and what is agreed on with it.

use std::time::Duration;

use mosquitto_enterprise_push::protocol::MAX_PAYLOAD_BYTES;
use rumqttc::{AckMode, ConnectProperties, IncomingPacketSizeLimit, MqttOptions, NetworkOptions};

use super::dial::Dialler;
use super::error::LinkError;
use super::farewell::Farewell;
use super::resume::QosOneSession;
use crate::profile::Profile;

/// Requests that may wait for the connection; more than [`IN_FLIGHT`].
pub(super) const REQUESTS: usize = 256;
/// Messages that a listening session lets the broker have in flight.
const IN_FLIGHT: u16 = 64;
const KEEP_ALIVE_SECONDS: u16 = 30;
/// How long the broker keeps our session and its queue while we are away.
pub(super) const SESSION_EXPIRY_SECONDS: u32 = 7 * 24 * 3600;
/// Topic and properties of a message of the largest payload.
const PACKET_OVERHEAD_BYTES: usize = 128 * 1024;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It receives, and acknowledges what it has shown.
    Listen,
    /// It only publishes or asks: of the queue it lets itself be sent one message, leaves that
    /// unacknowledged, and so leaves the queue as it was.
    Visit,
}

impl Purpose {
    fn receive_maximum(self) -> u16 {
        match self {
            Purpose::Listen => IN_FLIGHT,
            Purpose::Visit => 1,
        }
    }
}

/// `tcp://host:port` or `tls://host:port` (also `mqtt:` and `mqtts:`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

impl BrokerAddress {
    pub(crate) fn parse(text: &str) -> Option<BrokerAddress> {
        let url = reqwest::Url::parse(text).ok()?;
        let (tls, port) = match url.scheme() {
            "tcp" | "mqtt" => (false, 1883),
            "tls" | "ssl" | "mqtts" => (true, 8883),
            _ => return None,
        };
        // The brackets of an IPv6 address belong to the URL alone.
        let host = url
            .host_str()?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = url.port().unwrap_or(port);
        (!host.is_empty()).then_some(BrokerAddress { host, port, tls })
    }
}

pub(super) fn build(
    profile: &Profile,
    purpose: Purpose,
    timeout: Duration,
    farewell: &Farewell,
) -> Result<MqttOptions, LinkError> {
    let bad = || LinkError::Configuration(format!("broker address `{}`", profile.grant.broker));
    let broker = BrokerAddress::parse(&profile.grant.broker).ok_or_else(bad)?;
    let dialler = Dialler::new(&broker, profile.ca_file.as_deref(), farewell.clone())?;
    let mut options = MqttOptions::new(profile.session.as_str(), (broker.host, broker.port));
    options.set_socket_connector(move |_, network| dialler.clone().dial(network));
    let grant = &profile.grant;
    options.set_credentials(grant.username.clone(), grant.token.reveal().to_owned());
    options.set_connect_properties(properties(purpose));
    options
        .set_clean_start(false)
        .set_session_store(QosOneSession)
        .set_ack_mode(AckMode::Manual);
    options
        .set_keep_alive(KEEP_ALIVE_SECONDS)
        .set_connect_timeout(timeout);
    options.set_incoming_packet_size_limit(IncomingPacketSizeLimit::Bytes(max_packet_bytes()));
    options.set_network_options(network());
    Ok(options)
}

fn properties(purpose: Purpose) -> ConnectProperties {
    let mut properties = ConnectProperties::new();
    properties.session_expiry_interval = Some(SESSION_EXPIRY_SECONDS);
    properties.receive_maximum = Some(purpose.receive_maximum());
    properties.max_packet_size = Some(max_packet_bytes());
    properties
}

fn network() -> NetworkOptions {
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network
}

fn max_packet_bytes() -> u32 {
    u32::try_from(MAX_PAYLOAD_BYTES + PACKET_OVERHEAD_BYTES).expect("a little over 3 MiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Kind, tests::alice};

    #[test]
    fn broker_addresses_parse() {
        for (text, host, port, tls) in [
            ("tcp://127.0.0.1:1884", "127.0.0.1", 1884, false),
            (
                "tcp://broker.example.com",
                "broker.example.com",
                1883,
                false,
            ),
            ("tls://broker:8884", "broker", 8884, true),
            ("mqtts://broker", "broker", 8883, true),
            ("tcp://[::1]:1885", "::1", 1885, false),
        ] {
            let host = host.to_owned();
            assert_eq!(
                BrokerAddress::parse(text),
                Some(BrokerAddress { host, port, tls }),
                "{text}"
            );
        }
        for text in [
            "",
            "127.0.0.1:1883",
            "http://broker",
            "tcp://",
            "tcp://b:99999",
        ] {
            assert_eq!(BrokerAddress::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn session_is_kept_and_a_visit_takes_one_message_at_most() {
        let timeout = Duration::from_secs(1);
        let visit = build(
            &alice(Kind::Pc),
            Purpose::Visit,
            timeout,
            &Farewell::default(),
        )
        .unwrap();
        assert!(!visit.clean_start());
        assert_eq!(visit.client_id(), "alice@acme:pc");
        assert_eq!(visit.receive_maximum(), Some(1));
        assert_eq!(
            visit.session_expiry_interval(),
            Some(SESSION_EXPIRY_SECONDS)
        );
        assert_eq!(visit.ack_mode(), AckMode::Manual);
        assert!(usize::from(IN_FLIGHT) < REQUESTS);
    }
}

//! Who is on the other side: the connection's address, or what a proxy that we trust says of it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};
use axum::http::request::Parts;
use ipnet::IpNet;

use super::App;
use super::problem::Problem;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl FromRequestParts<Arc<App>> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let connection = ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await;
        let unknown = |_| Problem::bad_request("the connection has no address");
        let ConnectInfo(address) = connection.map_err(unknown)?;
        let proxies = &app.settings.accounts.proxies;
        Ok(Peer(proxies.client_behind(address.ip(), &parts.headers)))
    }
}

/// Which header a proxy writes. One alone is believed: the other one might come from the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProxyHeader {
    /// `X-Forwarded-For: client, proxy, ...`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy, ...` (RFC 7239)
    Forwarded,
}

/// An address, or a network as `address/bits`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network(IpNet);

/// Neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("want an address or a network such as 192.0.2.0/24")]
pub(crate) struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>());
        network.map(Network).map_err(|_| NoNetwork)
    }
}

/// Proxies whose word about their clients is believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies {
    /// Where they are; nowhere: no header is looked at.
    pub(crate) networks: Vec<Network>,
    /// What they write.
    pub(crate) header: ProxyHeader,
}

impl TrustedProxies {
    /// The client behind a connection. Headers are read from the end: each trusted proxy added the
    /// address that it saw, and what stands before the first one that is not trusted may be made up.
    fn client_behind(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let connection = connection.to_canonical();
        let mut client = connection;
        if !self.trusts(client) {
            return client;
        }
        for address in self.told(headers).into_iter().rev() {
            let Some(address) = address else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|net| net.0.contains(&address))
    }

    /// The addresses in a header, in its order; none for what is not one.
    fn told(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => FORWARDED,
        };
        let mut told = Vec::new();
        for value in headers.get_all(name) {
            match value.to_str() {
                Ok(text) => told.extend(text.split(',').map(|part| self.address(part))),
                Err(_) => told.push(None),
            }
        }
        told
    }

    fn address(&self, part: &str) -> Option<IpAddr> {
        let part = part.trim();
        match self.header {
            ProxyHeader::XForwardedFor => node(part),
            ProxyHeader::Forwarded => {
                let pairs = part.split(';').filter_map(|pair| pair.split_once('='));
                let mut pairs = pairs.map(|(name, value)| (name.trim(), value.trim()));
                let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
                node(value.trim_matches('"'))
            }
        }
    }
}

/// An address with or without port, an IPv6 one perhaps in brackets.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>();
    let address = address.or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(networks: &[&str], header: ProxyHeader, from: &str, lines: &[&str]) -> String {
        let proxies = TrustedProxies {
            networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
            header,
        };
        let name = match header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, line.parse().unwrap());
        }
        let connection = from.parse().unwrap();
        proxies.client_behind(connection, &headers).to_string()
    }

    #[test]
    fn a_header_of_somebody_who_is_not_trusted_says_nothing() {
        let plain = ProxyHeader::XForwardedFor;
        for networks in [&[][..], &["10.0.0.0/8"]] {
            let client = client(networks, plain, "192.0.2.9", &["203.0.113.1"]);
            assert_eq!(client, "192.0.2.9");
        }
        assert_eq!(
            client(&["::/0"], plain, "192.0.2.9", &["203.0.113.1"]),
            "192.0.2.9"
        );
    }

    #[test]
    fn the_last_address_that_is_not_a_proxy_is_the_client() {
        let plain = ProxyHeader::XForwardedFor;
        for (lines, want) in [
            (&["203.0.113.1"][..], "203.0.113.1"),
            (&["1.1.1.1, 203.0.113.1"], "203.0.113.1"),
            (&["1.1.1.1, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
            (&["1.1.1.1", "203.0.113.1", "10.0.0.2 "], "203.0.113.1"),
            (&["203.0.113.1:4711"], "203.0.113.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["::ffff:203.0.113.1"], "203.0.113.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // What is no address is not gone beyond.
            (&["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (&["1.1.1.1, x' OR '1'='1"], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(
                client(&["10.0.0.0/8"], plain, "10.0.0.1", lines),
                want,
                "{lines:?}"
            );
        }
        let mapped = client(&["10.0.0.1"], plain, "::ffff:10.0.0.1", &["203.0.113.1"]);
        assert_eq!(mapped, "203.0.113.1");
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_the_one_to_believe() {
        let standard = ProxyHeader::Forwarded;
        for (lines, want) in [
            (
                &["for=203.0.113.1;proto=https, for=10.0.0.2"][..],
                "203.0.113.1",
            ),
            (&["proto=https;For=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["for=\"203.0.113.1:80\""], "203.0.113.1"),
            (&["for=_hidden"], "10.0.0.1"),
            (&["by=203.0.113.1"], "10.0.0.1"),
        ] {
            assert_eq!(
                client(&["10.0.0.0/8"], standard, "10.0.0.1", lines),
                want,
                "{lines:?}"
            );
        }
        for bad in ["", "10.0.0.0/33", "10.0.0", "x", "10.0.0.0/8/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}

//! A message about to be sent: header and data, within the limit.

use mosquitto_enterprise_push::protocol::{Content, Header, MAX_PAYLOAD_BYTES, Message};

use crate::clock;
use crate::destination::Route;
use crate::failure::Failure;

/// The level of the MQTT protocol that we speak, as the header has it.
const MQTT_LEVEL: u8 = 5;
/// The header's bytes without its Source.
const HEADER_BYTES: usize = 19;

/// Whether data of this size may travel within a message.
pub(crate) fn fits(route: &Route, bytes: u64) -> bool {
    let header = HEADER_BYTES + route.source.len();
    usize::try_from(bytes).is_ok_and(|bytes| bytes <= MAX_PAYLOAD_BYTES - header)
}

/// The payload, stamped with the present time.
pub(crate) fn encode(
    route: &Route,
    content: Content,
    seq: u32,
    data: &[u8],
) -> Result<Vec<u8>, Failure> {
    let header = Header {
        mqtt_level: MQTT_LEVEL,
        seq,
        direction: route.direction,
        content,
        timestamp_ms: clock::now_ms(),
        source: &route.source,
    };
    let payload = Message { header, data }.encode().map_err(Failure::Header)?;
    if payload.len() > MAX_PAYLOAD_BYTES {
        Err(Failure::TooLarge)
    } else {
        Ok(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::protocol::Direction;

    fn route() -> Route {
        Route {
            topic: "acme/im/msg/bob".to_owned(),
            direction: Direction::PointToPoint,
            source: "alice".to_owned(),
        }
    }

    #[test]
    fn header_says_mqtt_5_and_all_of_the_route() {
        let payload = encode(&route(), Content::Hyperlink, 9, b"x").unwrap();
        let Message { header, data } = Message::decode(&payload).unwrap();
        assert_eq!(
            (header.mqtt_level, header.seq, header.source, data),
            (5, 9, "alice", &b"x"[..])
        );
        assert_eq!(
            (header.direction, header.content),
            (Direction::PointToPoint, Content::Hyperlink)
        );
    }

    #[test]
    fn limit_counts_the_header() {
        let overhead = encode(&route(), Content::Text, 1, b"").unwrap().len();
        let most = MAX_PAYLOAD_BYTES - overhead;
        let data = vec![b'x'; most];
        assert!(encode(&route(), Content::Text, 1, &data).is_ok());
        assert!(fits(&route(), most as u64) && !fits(&route(), most as u64 + 1));
        let error = encode(&route(), Content::Text, 1, &[&data[..], b"x"].concat()).unwrap_err();
        assert!(error.to_string().contains("send that with --file"));
        assert_eq!(error.exit_code(), 2);
    }
}

//! `im send`: one message with its header.

use std::io::{self, Read};

use mosquitto_enterprise_push::protocol::{Content, Header, MAX_PAYLOAD_BYTES, Message};

use super::login::kind_of;
use crate::cli::{Send, TextType};
use crate::destination::{Destination, Route};
use crate::failure::Failure;
use crate::link::Publication;
use crate::outbox;
use crate::output::Output;
use crate::report::{Report, Sent};
use crate::session::Context;
use crate::{clock, sequence};

/// The level of the MQTT protocol that we speak, as the header has it.
const MQTT_LEVEL: u8 = 5;

pub(super) async fn run(
    send: Send,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let (to, destination, words) = split(&send)?;
    let route = destination.route(&context.profile)?;
    let data = data(words)?;
    let seq = sequence::next(&context.store.profile_dir(&context.profile.session))?;
    let payload = encode(&route, content(send.content), seq, &data)?;
    let confirmed = send.qos > 0;
    let publication = Publication {
        topic: route.topic.clone(),
        payload,
        confirmed,
        retain: false,
    };

    let taken = outbox::publish(context, publication).await?;
    output.report(&Report::Sent(Sent {
        topic: &route.topic,
        what: &format!("sent to {to}"),
        seq: Some(seq),
        confirmed,
        reason: &taken.reason,
        handed_over: taken.handed_over,
    }))?;
    taken.not_kept.map_or(Ok(()), |why| output.warning(&why))
}

/// TO and TEXT out of the words.
fn split(send: &Send) -> Result<(String, Destination, &[String]), Failure> {
    let missing = || Failure::Usage("no text to send: want `im send TO TEXT...`".to_owned());
    if let Some(role) = send.to_my_device {
        let kind = kind_of(role);
        return Ok((
            format!("my {kind}"),
            Destination::MyDevice(kind),
            &send.words,
        ));
    }
    let (to, words) = send.words.split_first().ok_or_else(missing)?;
    let destination = Destination::parse(to)?;
    if words.is_empty() {
        Err(missing())
    } else {
        Ok((to.clone(), destination, words))
    }
}

/// The words with a space between; of standard input when they are a lone `-`.
fn data(words: &[String]) -> Result<Vec<u8>, Failure> {
    if words != ["-"] {
        return Ok(words.join(" ").into_bytes());
    }
    let limit = u64::try_from(MAX_PAYLOAD_BYTES).unwrap_or(u64::MAX);
    let mut data = Vec::new();
    // One byte more than can be sent is enough to know that it is too much.
    io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut data)
        .map_err(Failure::Input)?;
    if data.len() > MAX_PAYLOAD_BYTES {
        return Err(Failure::TooLarge);
    }
    if std::str::from_utf8(&data).is_err() {
        return Err(Failure::Usage(
            "standard input is not UTF-8 text".to_owned(),
        ));
    }
    Ok(data)
}

fn encode(route: &Route, content: Content, seq: u32, data: &[u8]) -> Result<Vec<u8>, Failure> {
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

fn content(text_type: TextType) -> Content {
    match text_type {
        TextType::Text => Content::Text,
        TextType::Link => Content::Hyperlink,
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
        let fits = vec![b'x'; MAX_PAYLOAD_BYTES - overhead];
        assert!(encode(&route(), Content::Text, 1, &fits).is_ok());
        let error = encode(&route(), Content::Text, 1, &[&fits[..], b"x"].concat()).unwrap_err();
        assert!(error.to_string().contains("upload it and send a link"));
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn words_need_a_receiver_and_a_text() {
        let send = |words: &[&str], to_my_device| Send {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            to_my_device,
            content: TextType::Text,
            qos: 1,
        };
        assert!(split(&send(&["bob"], None)).is_err());
        let to_bob = send(&["bob", "hi", "there"], None);
        assert_eq!(data(split(&to_bob).unwrap().2).unwrap(), b"hi there");
        let to_phone = send(&["hi"], Some(crate::cli::Role::Phone));
        assert_eq!(data(split(&to_phone).unwrap().2).unwrap(), b"hi");
    }
}

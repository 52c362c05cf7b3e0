//! `im send`: one message with its header, with a file in it or offered by it.

use std::io::{self, Read};
use std::time::Duration;

use mosquitto_enterprise_push::protocol::{Content, MAX_PAYLOAD_BYTES};

use super::login::kind_of;
use super::meter::Meter;
use crate::cli::{Send, SendType};
use crate::content::Offer;
use crate::destination::{Destination, Route};
use crate::failure::Failure;
use crate::link::Publication;
use crate::output::Output;
use crate::report::{Report, Sent};
use crate::session::Context;
use crate::transfer::{FileService, Retry, Source, Uploads, offer};
use crate::{letter, outbox, sequence};

pub(super) async fn run(
    send: Send,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let Addressed {
        to,
        destination,
        words,
    } = addressed(&send)?;
    let route = destination.route(&context.profile)?;
    let body = match &send.file {
        Some(_) => file_body(&send, &destination, &route, context, output).await?,
        None => Body::of_words(send.content, words)?,
    };
    let seq = sequence::next(&context.store.profile_dir(&context.profile.session))?;
    let payload = letter::encode(&route, body.content, seq, &body.data)?;
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
        what: &body.told(&to),
        seq: Some(seq),
        content: Some(body.content),
        offer: body.offer.as_ref(),
        confirmed,
        reason: &taken.reason,
        handed_over: taken.handed_over,
    }))?;
    taken.not_kept.map_or(Ok(()), |why| output.warning(&why))
}

/// The receiver, as typed and as understood, and the words for it.
struct Addressed<'a> {
    to: String,
    destination: Destination,
    words: &'a [String],
}

/// TO and TEXT out of the words. A file takes the place of TEXT.
fn addressed(send: &Send) -> Result<Addressed<'_>, Failure> {
    let usage = |text: &str| Failure::Usage(text.to_owned());
    let (to, destination, words) = match (send.to_my_device, send.words.split_first()) {
        (Some(role), _) => {
            let kind = kind_of(role);
            let to = format!("my {kind}");
            (to, Destination::MyDevice(kind), send.words.as_slice())
        }
        (None, Some((to, words))) => (to.clone(), Destination::parse(to)?, words),
        (None, None) => return Err(usage("nobody to send to: want `im send TO ...`")),
    };
    match (words.is_empty(), &send.file) {
        (true, None) => Err(usage("no text to send: want `im send TO TEXT...`")),
        (false, Some(_)) => Err(usage("a file is sent without text: send that by itself")),
        _ => Ok(Addressed {
            to,
            destination,
            words,
        }),
    }
}

/// What the message carries.
struct Body {
    content: Content,
    data: Vec<u8>,
    /// The uploaded file that it offers.
    offer: Option<Offer>,
}

impl Body {
    fn of_words(content: Option<SendType>, words: &[String]) -> Result<Body, Failure> {
        let content = match content {
            None | Some(SendType::Text) => Content::Text,
            Some(SendType::Link) => Content::Hyperlink,
            Some(SendType::User) => Content::UserDefined,
            Some(_) => {
                let text = "this type needs a file: use --file PATH";
                return Err(Failure::Usage(text.to_owned()));
            }
        };
        let data = data(words)?;
        if content != Content::UserDefined && std::str::from_utf8(&data).is_err() {
            let text = "standard input is not UTF-8 text: send it with --type user";
            return Err(Failure::Usage(text.to_owned()));
        }
        Ok(Body {
            content,
            data,
            offer: None,
        })
    }

    fn told(&self, to: &str) -> String {
        match &self.offer {
            Some(offer) => format!("uploaded {} and sent its link to {to}", offer.name),
            None => format!("sent to {to}"),
        }
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
    Ok(data)
}

/// The file itself, or an offer of it when it is too large or when that is wanted.
async fn file_body(
    send: &Send,
    destination: &Destination,
    route: &Route,
    context: &Context,
    output: &mut Output,
) -> Result<Body, Failure> {
    let path = send.file.as_deref().unwrap_or_else(|| "".as_ref());
    let source = Source::open(path, send.name.as_deref())?;
    let content = content_of(send.content, &source)?;
    if !send.upload && letter::fits(route, source.size) {
        return inline(&source, content);
    }
    if matches!(content, Content::Text | Content::UserDefined) {
        return Err(Failure::Usage(format!(
            "{} cannot be uploaded as this type: use --type file",
            path.display()
        )));
    }
    let service = FileService::new(context)?.limited_to(send.limit_rate);
    let uploads = Uploads::of(&context.store.profile_dir(&context.profile.session));
    let retry = Retry::new(Duration::from_secs_f64(send.retry));
    let audience = destination.audience(&context.profile);
    let mut meter = Meter::new(output, true, &source.name);
    let moved = |bytes| meter.moved(bytes, Some(source.size));
    let offer = offer(
        &service, &source, content, &audience, &uploads, retry, moved,
    )
    .await;
    meter.end();
    let offer = offer?;
    Ok(Body {
        content: Content::Hyperlink,
        data: offer.encode().into_bytes(),
        offer: Some(offer),
    })
}

fn inline(source: &Source, content: Content) -> Result<Body, Failure> {
    let data = source.read()?;
    if content == Content::Text && std::str::from_utf8(&data).is_err() {
        let path = source.path.display();
        return Err(Failure::Usage(format!("{path} is not UTF-8 text")));
    }
    Ok(Body {
        content,
        data,
        offer: None,
    })
}

/// What the person says, or else what the file seems to be.
fn content_of(said: Option<SendType>, source: &Source) -> Result<Content, Failure> {
    Ok(match said {
        None => source.guess.content,
        Some(SendType::Text) => Content::Text,
        Some(SendType::Image) => Content::Image,
        Some(SendType::Audio) => Content::Audio,
        Some(SendType::Video) => Content::Video,
        Some(SendType::File) => Content::File,
        Some(SendType::User) => Content::UserDefined,
        Some(SendType::Link) => {
            let text = "a link is an address, not a file: use --upload to send a file as a link";
            return Err(Failure::Usage(text.to_owned()));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, Role};
    use clap::Parser;

    fn send(words: &[&str]) -> Send {
        let cli = Cli::parse_from([&["im", "send"], words].concat());
        match cli.command {
            Command::Send(send) => send,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_need_a_receiver_and_a_text_or_a_file() {
        for bad in [
            &["bob"][..],
            &[],
            &["bob", "hi", "--file", "x"],
            &["a/b", "hi"],
        ] {
            assert!(addressed(&send(bad)).is_err(), "{bad:?}");
        }
        let to_bob = send(&["bob", "hi", "there"]);
        let words = addressed(&to_bob).unwrap().words;
        assert_eq!(Body::of_words(None, words).unwrap().data, b"hi there");
        let to_phone = send(&["hi", "--to-my-device", "phone"]);
        let addressed_to_phone = addressed(&to_phone).unwrap();
        assert_eq!(addressed_to_phone.to, "my phone");
        assert_eq!(to_phone.to_my_device, Some(Role::Phone));
        assert!(addressed(&send(&["bob", "--file", "x"])).is_ok());
    }

    #[test]
    fn words_may_be_text_link_or_the_applications_business_but_no_picture() {
        let words = ["x".to_owned()];
        let content = |said| Body::of_words(said, &words).map(|body| body.content);
        for (said, want) in [
            (None, Content::Text),
            (Some(SendType::Link), Content::Hyperlink),
            (Some(SendType::User), Content::UserDefined),
        ] {
            assert_eq!(content(said).unwrap(), want);
        }
        assert_eq!(content(Some(SendType::Image)).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn type_of_a_file_is_the_persons_or_else_the_contents() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
        let source = Source::open(&path, None).unwrap();
        assert_eq!(content_of(None, &source).unwrap(), Content::Image);
        let as_file = content_of(Some(SendType::File), &source).unwrap();
        assert_eq!(as_file, Content::File);
        assert!(content_of(Some(SendType::Link), &source).is_err());
        assert!(inline(&source, Content::Text).is_err(), "not UTF-8");
        assert_eq!(inline(&source, Content::Image).unwrap().data[0], 0x89);
    }
}

//! `im sign`: the personal signature, retained.

use mosquitto_enterprise_push::protocol::presence::{MAX_SIGNATURE_BYTES, is_signature};

use crate::cli::Sign;
use crate::failure::Failure;
use crate::link::Publication;
use crate::outbox;
use crate::output::Output;
use crate::report::{Report, Sent};
use crate::session::Context;

pub(super) async fn run(
    sign: Sign,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    // An empty payload also takes the retained value away.
    let text = if sign.clear {
        String::new()
    } else {
        signature(&sign.text)?
    };
    let topic = context.profile.signature();
    let payload = text.clone().into_bytes();
    let publication = Publication {
        topic: topic.clone(),
        payload,
        confirmed: true,
        retain: true,
    };
    let taken = outbox::publish(context, publication).await?;
    output.report(&Report::Sent(Sent {
        topic: &topic,
        what: if sign.clear {
            "signature cleared"
        } else {
            "signature set"
        },
        seq: None,
        content: None,
        offer: None,
        confirmed: true,
        reason: &taken.reason,
        handed_over: taken.handed_over,
    }))
}

fn signature(words: &[String]) -> Result<String, Failure> {
    let text = words.join(" ");
    if text.is_empty() {
        return Err(Failure::Usage(
            "signature is empty: use --clear to remove it".to_owned(),
        ));
    }
    if !is_signature(text.as_bytes()) {
        let bytes = text.len();
        return Err(Failure::Usage(format!(
            "signature of {bytes} bytes is over the limit of {MAX_SIGNATURE_BYTES}"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_bounded_in_bytes_and_not_empty() {
        let sign = |text: &str| signature(&[text.to_owned()]);
        assert!(sign(&"é".repeat(128)).is_ok());
        let error = sign(&"é".repeat(129)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "signature of 258 bytes is over the limit of 256"
        );
        assert!(sign("").is_err());
    }
}

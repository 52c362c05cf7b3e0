//! The message header: whatever decodes is written again byte for byte, and what a topic lets through is from its sender.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::policy::check_payload;
use mosquitto_enterprise_push::protocol::header::{is_from, source_of};
use mosquitto_enterprise_push::protocol::{Message, SessionName, Topic};

const SENDER: &str = "alice@acme:pc";

fuzz_target!(|data: &[u8]| {
    let decoded = Message::decode(data);
    if let Ok(message) = decoded {
        let source = message.header.source;
        assert_eq!(message.encode().as_deref(), Ok(data));
        assert_eq!(source_of(data), Some(source));
        assert!(is_from(data, source));
    }
    if let Err(error) = decoded {
        assert!(error.to_string().len() < 200);
    }
    let sender = SessionName::parse(SENDER).expect("a client id");
    for (topic, source) in [
        ("acme/im/msg/bob", "alice"),
        ("acme/im/msg/g/dev", "alice"),
        ("beta/im/msg/carol", "alice@acme"),
    ] {
        if check_payload(Topic::parse(topic), sender, data).is_ok() {
            let message = decoded.expect("only what decodes is let through");
            assert_eq!(message.header.source, source);
        }
    }
    for topic in [
        "acme/im/pres/alice",
        "acme/im/sig/alice",
        "acme/notice/news",
    ] {
        let _ = check_payload(Topic::parse(topic), sender, data);
    }
});

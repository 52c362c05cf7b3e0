//! The bytes of docs/client-protocol.md are those of the golden vectors.

use serde_json::Value;

use super::{read, root, section};

/// The hexadecimal digits of a table's first column, put together.
fn bytes(table: &str) -> String {
    let rows = table
        .lines()
        .skip_while(|line| !line.starts_with("| bytes |"));
    rows.skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('`').nth(1))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The vectors that are good, by name.
fn vectors() -> Vec<(String, String)> {
    let text = read(&root().join("tests/vectors/header.json"));
    let vectors: Value = serde_json::from_str(&text).expect("vectors are JSON");
    let text = |vector: &Value, member| {
        let text = vector.get(member).and_then(Value::as_str);
        text.expect("a text").to_owned()
    };
    let valid = vectors.get("valid").and_then(Value::as_array);
    let valid = valid.expect("a list");
    valid
        .iter()
        .map(|v| (text(v, "name"), text(v, "hex")))
        .collect()
}

#[test]
fn examples_are_golden_vectors() {
    let page = read(&root().join("docs/client-protocol.md"));
    let vectors = vectors();
    let mut compared = 0;
    for heading in page
        .lines()
        .filter(|line| line.starts_with("### Example: "))
    {
        let name = heading.trim_start_matches("### Example: ");
        let vector = vectors.iter().find(|(known, _)| known == name);
        let (_, wanted) = vector.unwrap_or_else(|| panic!("no vector is called `{name}`"));
        assert_eq!(&bytes(section(&page, heading)), wanted, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 3, "examples");
}

/// MQTT 3.1.1, section 3.3: type and flags, remaining length, topic, packet identifier, payload.
#[test]
fn the_packet_around_the_first_example_is_whole() {
    let page = read(&root().join("docs/client-protocol.md"));
    let example = section(&page, "### Example: a text to a colleague");
    let packet = example.split("at QoS 1:").nth(1).expect("the packet");
    let (topic, payload) = ("acme/im/msg/bob", &vectors()[0].1);
    let body = format!("{:04x}{}0001{payload}", topic.len(), hex(topic.as_bytes()));
    assert_eq!(bytes(packet), format!("32{:02x}{body}", body.len() / 2));
}

/// The commands that send the first example by hand.
#[test]
fn commands_send_the_first_example() {
    let page = read(&root().join("docs/client-protocol.md"));
    let try_it = section(&page, "## Try it");
    let sent = try_it
        .split("printf '")
        .nth(1)
        .and_then(|rest| rest.split('\'').next());
    let mut bytes = Vec::new();
    for (place, part) in sent.expect("a command").split("\\x").enumerate() {
        let (digits, text) = if place == 0 {
            ("", part)
        } else {
            part.split_at(2)
        };
        bytes.extend(u8::from_str_radix(digits, 16).ok());
        bytes.extend(text.bytes());
    }
    assert_eq!(hex(&bytes), vectors()[0].1);
    assert!(
        try_it.contains(&vectors()[0].1),
        "what the other side shows"
    );
}

//! Golden bytes: what others must write and read. The sealed ones were made by another implementation.

use mosquitto_enterprise_push::client::sealed::{
    HistoryHeader, Nonce, Purpose, Records, SealedError, StorageKey, open_book, seal_book,
};
use mosquitto_enterprise_push::client::{AddressBook, PersonalKey};
use mosquitto_enterprise_push::protocol::{Content, Direction, Header, HeaderError, Message};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let file = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(&file).expect("the vectors");
    serde_json::from_slice(&text).expect("JSON")
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    let list = of[name].as_array().unwrap_or_else(|| panic!("no {name}"));
    assert!(!list.is_empty(), "{name} is empty");
    list
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {of}"))
}

fn number<T: TryFrom<u64>>(of: &Value, name: &str) -> T {
    let number = of[name]
        .as_u64()
        .and_then(|number| T::try_from(number).ok());
    number.unwrap_or_else(|| panic!("no {name} in {of}"))
}

fn bytes(of: &Value, name: &str) -> Vec<u8> {
    let hex = text(of, name).as_bytes();
    let pair = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    hex.chunks(2).map(pair).collect()
}

fn array<const N: usize>(of: &Value, name: &str) -> [u8; N] {
    bytes(of, name).try_into().expect("the right length")
}

fn header<'a>(of: &Value, source: &'a str) -> Option<Header<'a>> {
    Some(Header {
        mqtt_level: number(of, "mqtt_level"),
        seq: of["seq"]
            .as_u64()
            .map_or(0, |seq| u32::try_from(seq).expect("32 bits")),
        direction: Direction::from_nibble(number(of, "direction"))?,
        content: Content::from_nibble(number(of, "content"))?,
        timestamp_ms: of["timestamp_ms"].as_u64().unwrap_or(0),
        source,
    })
}

fn name_of(error: HeaderError) -> &'static str {
    match error {
        HeaderError::Truncated(_) => "truncated",
        HeaderError::ProtocolVersion(_) => "protocol_version",
        HeaderError::MqttLevel(_) => "mqtt_level",
        HeaderError::Direction(_) => "direction",
        HeaderError::Content(_) => "content",
        HeaderError::Source => "source",
        HeaderError::DataLength { .. } => "data_length",
    }
}

#[test]
fn headers_are_written_and_read_as_given() {
    let vectors = vectors("header");
    for vector in list(&vectors, "valid") {
        let (payload, data) = (bytes(vector, "hex"), bytes(vector, "data_hex"));
        let header = header(vector, text(vector, "source")).expect("no reserved number");
        let message = Message {
            header,
            data: &data,
        };
        assert_eq!(
            message.encode().as_deref(),
            Ok(&payload[..]),
            "{}",
            vector["name"]
        );
        assert_eq!(Message::decode(&payload), Ok(message), "{}", vector["name"]);
        for end in 0..payload.len() {
            assert!(
                Message::decode(&payload[..end]).is_err(),
                "{} cut at {end}",
                vector["name"]
            );
        }
    }
}

#[test]
fn bad_headers_are_refused_by_name() {
    let vectors = vectors("header");
    for vector in list(&vectors, "invalid") {
        let error = Message::decode(&bytes(vector, "hex")).expect_err(text(vector, "name"));
        assert_eq!(name_of(error), text(vector, "error"), "{}", vector["name"]);
    }
    for vector in list(&vectors, "not_encodable") {
        let source = bytes(vector, "source_hex");
        let (Ok(source), error) = (std::str::from_utf8(&source), text(vector, "error")) else {
            continue; // No `str`: Rust's types refuse it.
        };
        let Some(header) = header(vector, source) else {
            assert!(
                matches!(error, "direction" | "content"),
                "{}",
                vector["name"]
            );
            continue;
        };
        let refused = Message { header, data: b"" }.encode();
        assert_eq!(refused.map_err(name_of), Err(error), "{}", vector["name"]);
    }
}

fn sealed_name(error: SealedError) -> &'static str {
    match error {
        SealedError::Truncated(_) => "truncated",
        SealedError::Magic => "magic",
        SealedError::Version(_) => "version",
        SealedError::Cipher(_) => "cipher",
        SealedError::OtherKey => "other_key",
        SealedError::Forged => "forged",
        SealedError::TooLong(_) => "too_long",
    }
}

fn key(vectors: &Value, purpose: Purpose) -> StorageKey {
    let personal = PersonalKey::new(array(vectors, "personal_key_hex"));
    StorageKey::derive(&personal, purpose)
}

#[test]
fn address_book_is_sealed_and_opened_as_given() {
    let vectors = vectors("address_book");
    let key = key(&vectors, Purpose::AddressBook);
    let (client_id, file) = (text(&vectors, "client_id"), bytes(&vectors, "file_hex"));
    let book = AddressBook::from_json(text(&vectors, "text").as_bytes()).expect("a book");
    assert_eq!((book.len(), book.version()), (4, 42));
    let nonce = Nonce::from_bytes(array(&vectors, "nonce_hex"));
    assert_eq!(seal_book(&key, client_id, &nonce, &book), Ok(file.clone()));
    assert_eq!(open_book(&key, client_id, &file), Ok(book));
}

#[test]
fn bad_address_books_are_refused_by_name() {
    let vectors = vectors("address_book");
    let key = key(&vectors, Purpose::AddressBook);
    for vector in list(&vectors, "invalid") {
        let opened = open_book(&key, text(vector, "client_id"), &bytes(vector, "file_hex"));
        let error = opened.expect_err(text(vector, "name"));
        assert_eq!(
            sealed_name(error),
            text(vector, "error"),
            "{}",
            vector["name"]
        );
    }
}

#[test]
fn history_records_are_sealed_as_given() {
    let vectors = vectors("history");
    let key = key(&vectors, Purpose::History);
    let header = HistoryHeader::new(&key, array(&vectors, "file_id_hex"));
    assert_eq!(header.encode(), bytes(&vectors, "header_hex"));
    for vector in list(&vectors, "records") {
        let nonce = Nonce::from_bytes(array(vector, "nonce_hex"));
        let (place, text) = (number(vector, "place"), text(vector, "text"));
        let client_id = vectors["client_id"].as_str().expect("a client id");
        let sealed = header.seal_record(&key, client_id, place, &nonce, text.as_bytes());
        assert_eq!(sealed, Ok(bytes(vector, "record_hex")), "{place}");
    }
}

#[test]
fn history_files_are_read_as_far_as_they_are_good() {
    let vectors = vectors("history");
    let key = key(&vectors, Purpose::History);
    let texts = list(&vectors, "records");
    for vector in list(&vectors, "files") {
        let (name, file) = (&vector["name"], bytes(vector, "file_hex"));
        let mut records = Records::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut found = Vec::new();
        for record in records.by_ref() {
            found.push(match record.open(&key, text(vector, "client_id")) {
                Err(error) => Value::from(sealed_name(error)),
                Ok(text) => {
                    let text = String::from_utf8(text.to_vec()).expect("UTF-8");
                    Value::from(texts.iter().position(|row| row["text"] == *text))
                }
            });
        }
        assert_eq!(Value::from(found), vector["records"], "{name}");
        assert_eq!(!records.is_at_end(), vector["torn"], "{name}");
    }
    for vector in list(&vectors, "invalid") {
        let refused = Records::read(&bytes(vector, "file_hex")).expect_err(text(vector, "name"));
        assert_eq!(
            sealed_name(refused),
            text(vector, "error"),
            "{}",
            vector["name"]
        );
    }
}

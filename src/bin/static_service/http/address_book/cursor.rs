//! Wire module: cursors as text. Opaque to clients, checked part by part; a forged one reads nothing that is
//! not the reader's own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::storage::{BookCursor, BookVersion, Place, Section};

/// The longest cursor, in characters.
const MAX_CURSOR_CHARS: usize = 400;
/// Stands between the parts. No name has it.
const BETWEEN: char = '~';
/// Stands for a load of everything.
const EVERYTHING: &str = "-";

/// `since~version~section~version~key`, in base64url.
pub(super) fn write(cursor: &BookCursor) -> String {
    let since = cursor
        .since
        .map_or(EVERYTHING.to_owned(), |since| since.to_string());
    let section = Section::ALL
        .iter()
        .position(|known| *known == cursor.section);
    let section = section.unwrap_or_default().to_string();
    let (version, after) = (cursor.version.to_string(), cursor.after.version.to_string());
    let parts = [&since, &version, &section, &after, &cursor.after.key];
    let parts = parts.map(String::as_str).join(&BETWEEN.to_string());
    URL_SAFE_NO_PAD.encode(parts)
}

/// None: not one of ours.
pub(super) fn read(text: &str) -> Option<BookCursor> {
    if text.len() > MAX_CURSOR_CHARS {
        return None;
    }
    let parts = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = parts.split(BETWEEN);
    let since = match parts.next()? {
        EVERYTHING => None,
        since => Some(version(since)?),
    };
    let cursor = BookCursor {
        since,
        version: version(parts.next()?)?,
        section: section(parts.next()?)?,
        after: Place {
            version: version(parts.next()?)?,
            key: key(parts.next()?)?,
        },
    };
    let told = cursor.since.is_some() || !cursor.section.is_of_what_is_gone();
    (parts.next().is_none() && told).then_some(cursor)
}

/// A version as clients give it.
pub(super) fn version(text: &str) -> Option<BookVersion> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn section(text: &str) -> Option<Section> {
    Section::ALL.get(text.parse::<usize>().ok()?).copied()
}

/// Keys are names, `uid@eid` or `kind:id`; empty before the first.
fn key(text: &str) -> Option<String> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"._-@:".contains(&b);
    text.bytes().all(known).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for section in Section::ALL {
            for since in [None, Some(0), Some(1_795_470_213_007)] {
                let cursor = BookCursor {
                    since,
                    version: 1_795_470_213_008,
                    section,
                    after: Place {
                        version: 3,
                        key: "carol@beta".into(),
                    },
                };
                let sound = since.is_some() || !section.is_of_what_is_gone();
                assert_eq!(read(&write(&cursor)), sound.then_some(cursor));
            }
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let wrap = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let good = "-~7~3~7~bob";
        assert!(read(&wrap(good)).is_some());
        for bad in [
            "",
            "-",
            "-~7~3~7",
            "-~7~3~7~bob~x",
            "x~7~3~7~bob",
            "-1~7~3~7~bob",
            "-~-7~3~7~bob",
            "-~99999999999999999999~3~7~bob",
            "-~7~6~7~bob",
            "-~7~0~7~bob",
            "-~7~3~7~bob' OR 1=1",
            "-~7~3~7~b\0",
            "-~7~3~7~é",
            "-~+7~3~7~bob",
        ] {
            assert_eq!(read(&wrap(bad)), None, "{bad}");
        }
        for bad in [good, "%%%", "é", &wrap(good)[1..], &"A".repeat(401)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}

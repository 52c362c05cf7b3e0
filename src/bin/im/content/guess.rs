//! What kind of content a file is, by its first bytes and, where those say nothing, by its name.

use mosquitto_enterprise_push::protocol::Content;

/// As many of a file's bytes as a guess may need.
pub(crate) const HEAD_BYTES: usize = 8192;

/// What a file seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guess {
    /// A media type such as `image/png`, without parameters.
    pub(crate) content_type: String,
    pub(crate) content: Content,
}

/// Guesses from the first [`HEAD_BYTES`] and the name.
pub(crate) fn guess(head: &[u8], name: &str) -> Guess {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    let content_type = by_bytes(head)
        .or_else(|| by_name(name))
        .unwrap_or_else(|| plain(head));
    let content = content(&content_type);
    Guess {
        content_type,
        content,
    }
}

/// The usual extension of content that comes without a name, by its own bytes.
pub(crate) fn extension(content: Content, data: &[u8]) -> &'static str {
    let head = data.get(..HEAD_BYTES).unwrap_or(data);
    match (infer::get(head), content) {
        (Some(kind), _) => kind.extension(),
        (None, Content::Text | Content::Hyperlink) => "txt",
        (None, _) if is_text(head) => "txt",
        (None, _) => "bin",
    }
}

fn by_bytes(head: &[u8]) -> Option<String> {
    infer::get(head).map(|kind| kind.mime_type().to_owned())
}

fn by_name(name: &str) -> Option<String> {
    mime_guess::from_path(name).first_raw().map(str::to_owned)
}

fn plain(head: &[u8]) -> String {
    let text = !head.is_empty() && is_text(head);
    let text = if text {
        "text/plain"
    } else {
        "application/octet-stream"
    };
    text.to_owned()
}

/// UTF-8 without the bytes that only binary data has; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() >= HEAD_BYTES,
    };
    let binary = |byte: &u8| matches!(byte, 0..=8 | 14..=26 | 28..=31);
    whole && !head.iter().any(binary)
}

fn content(content_type: &str) -> Content {
    match content_type.split_once('/') {
        Some(("audio", _)) => Content::Audio,
        Some(("video", _)) => Content::Video,
        Some(("image", _)) => Content::Image,
        _ => Content::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn bytes_count_more_than_the_name() {
        for (head, name, content_type, content) in [
            (PNG, "holiday.txt", "image/png", Content::Image),
            (b"ID3\x03\0\0", "song", "audio/mpeg", Content::Audio),
            (b"\0\0\0\x18ftypmp42", "x", "video/mp4", Content::Video),
            (b"%PDF-1.7", "x.png", "application/pdf", Content::File),
            (b"a,b\n1,2\n", "table.csv", "text/csv", Content::File),
            ("grüße".as_bytes(), "README", "text/plain", Content::File),
            (
                b"\0\x01\x02",
                "blob",
                "application/octet-stream",
                Content::File,
            ),
            (b"", "empty", "application/octet-stream", Content::File),
        ] {
            let want = Guess {
                content_type: content_type.to_owned(),
                content,
            };
            assert_eq!(guess(head, name), want, "{name}");
        }
    }

    #[test]
    fn character_cut_by_the_heads_end_is_still_text() {
        let text = format!("{}é", "x".repeat(HEAD_BYTES - 1));
        assert_eq!(guess(text.as_bytes(), "notes").content_type, "text/plain");
    }

    #[test]
    fn extension_of_nameless_content_comes_from_its_bytes() {
        assert_eq!(extension(Content::Image, PNG), "png");
        assert_eq!(extension(Content::Image, b"\0\x01"), "bin");
        assert_eq!(extension(Content::File, b"plain words"), "txt");
    }
}

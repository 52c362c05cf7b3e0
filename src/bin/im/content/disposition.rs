//! The file name in a `Content-Disposition` header (RFC 6266), plain or extended (RFC 8187).

use percent_encoding::percent_decode_str;

/// The name as the server gave it: anything may be in it. The extended form counts more.
pub(crate) fn file_name(header: &str) -> Option<String> {
    let parameters = parameters(header);
    let named = |wanted: &str| {
        let mut found = parameters.iter();
        found.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let extended = named("filename*").and_then(|(_, value)| decode_extended(value));
    let plain = || named("filename").map(|(_, value)| value.clone());
    extended.or_else(plain).filter(|name| !name.is_empty())
}

/// The `name=value` pairs after the disposition's type; quotes and their escapes taken off.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = value(after.trim_start());
        found.push((name.trim().to_owned(), value));
        rest = next;
    }
    found
}

/// One value, and what follows the next semicolon.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default();
                return (value, rest.split_once(';').map_or("", |(_, rest)| rest));
            }
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// `charset'language'percent-encoded`, in UTF-8.
fn decode_extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_name_is_read() {
        for (header, want) in [
            ("attachment; filename=a.txt", "a.txt"),
            ("attachment; filename=\"a b; c.txt\"; x=1", "a b; c.txt"),
            (r#"attachment; filename="say \"hi\".txt""#, "say \"hi\".txt"),
            ("attachment; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),
            (
                "attachment; filename=\"e.txt\"; FileName*=utf-8'de'%C3%A4.txt",
                "ä.txt",
            ),
            (
                "attachment; filename=ok.txt; filename*=latin-1''%e4.txt",
                "ok.txt",
            ),
            (
                "attachment; filename=ok.txt; filename*=utf-8''%ff",
                "ok.txt",
            ),
        ] {
            assert_eq!(file_name(header).as_deref(), Some(want), "{header}");
        }
    }

    #[test]
    fn headers_without_a_name_give_none() {
        for header in [
            "",
            "attachment",
            "attachment; filename=",
            "inline; x",
            ";=;=",
        ] {
            assert_eq!(file_name(header), None, "{header:?}");
        }
    }
}

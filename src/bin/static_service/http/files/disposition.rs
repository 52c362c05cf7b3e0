//! `Content-Disposition: attachment`, with the name once in ASCII for old clients, and once as it is
//! (RFC 6266, RFC 8187).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 8187's attr-char.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header's value, all ASCII.
pub(super) fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " !#$&()+,-.;=@[]^_{}~".contains(c);
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let exact = utf8_percent_encode(name, ESCAPED);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn names_stay_within_their_quotes() {
        for (name, want) in [
            (
                "a.pdf",
                "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf",
            ),
            (
                "Zoë's \"50%\".txt",
                "attachment; filename=\"Zo__s _50__.txt\"; filename*=UTF-8''Zo%C3%AB%27s%20%2250%25%22.txt",
            ),
            (
                "日",
                "attachment; filename=\"_\"; filename*=UTF-8''%E6%97%A5",
            ),
            (
                "a\";x=\"b",
                "attachment; filename=\"a_;x=_b\"; filename*=UTF-8''a%22%3Bx%3D%22b",
            ),
        ] {
            assert_eq!(attachment(name), want);
        }
    }
}

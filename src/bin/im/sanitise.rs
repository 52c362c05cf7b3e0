//! Makes text of others harmless to a terminal. JSON output does not pass here: it is exact.

/// `text` on one line: control characters (line breaks and escape sequences among them), and
/// the invisible characters that reorder text, written as escapes.
pub(crate) fn sanitise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// As [`sanitise`], but line breaks stay, for places that show several lines.
pub(crate) fn sanitise_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(sanitise).collect();
    lines.join("\n")
}

/// Whether a character is for the terminal or the text's order, rather than to be seen.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control() || reorders(c)
}

/// Bidirectional controls and the line and paragraph separators.
fn reorders(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{sanitise, sanitise_lines};

    #[test]
    fn control_sequences_become_visible() {
        assert_eq!(sanitise("hi\u{1b}[2Jthere"), "hi\\u{1b}[2Jthere");
        assert_eq!(
            sanitise("a\nb\r\tc\u{7f}\u{9b}"),
            "a\\nb\\r\\tc\\u{7f}\\u{9b}"
        );
        assert_eq!(
            sanitise("abc\u{202e}def\u{2028}"),
            "abc\\u{202e}def\\u{2028}"
        );
    }

    #[test]
    fn line_breaks_stay_where_lines_are_shown_and_nothing_else_does() {
        assert_eq!(
            sanitise_lines("a\r\nb\u{1b}c\n\nd\re"),
            "a\nb\\u{1b}c\n\nd\\re"
        );
    }

    #[test]
    fn ordinary_text_of_any_language_stays() {
        for text in ["", "plain", "grüße ☕", "你好", "مرحبا", "👩‍💻"] {
            assert_eq!(sanitise(text), text);
        }
    }
}

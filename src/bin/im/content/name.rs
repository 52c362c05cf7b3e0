//! File names that are safe to write: others choose them, so nothing in them may lead elsewhere, hide a
//! file, or play with the terminal.

use crate::sanitise::is_unsafe;

/// The longest name that is kept, in bytes; file systems take 255, and a number may be added.
const MAX_NAME_BYTES: usize = 200;
/// The name of what has none.
const NAMELESS: &str = "file";

/// The last part of `name` without path tricks, control and reordering characters, leading dots, and the
/// names that some systems give to devices.
pub(crate) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !is_unsafe(*c)).collect();
    let visible = visible.trim().trim_start_matches('.');
    let options = sanitize_filename::Options {
        windows: true,
        truncate: false,
        replacement: "_",
    };
    let clean = sanitize_filename::sanitize_with_options(visible, options);
    match clean.trim() {
        "" => NAMELESS.to_owned(),
        clean => shortened(clean),
    }
}

/// The name of content that came within a message: the header has no room for one.
pub(crate) fn inline_name(sender: &str, seq: u32, extension: &str) -> String {
    safe_name(&format!("{sender}-{seq}.{extension}"))
}

/// `name` with a number before its extension: `report (2).pdf`. The first is the name itself.
pub(crate) fn numbered(name: &str, nth: u32) -> String {
    if nth <= 1 {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    format!("{stem} ({nth}){extension}")
}

/// Stem, and extension with its dot.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

/// Cut in the stem, at a character, so that the extension stays.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = match split(name) {
        (stem, extension) if extension.len() <= 20 => (stem, extension),
        _ => (name, ""),
    };
    let room = MAX_NAME_BYTES - extension.len();
    let end = (0..=room).rev().find(|at| stem.is_char_boundary(*at));
    let stem = stem.get(..end.unwrap_or(0)).unwrap_or(NAMELESS);
    format!("{stem}{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (name, want) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("/etc/passwd", "passwd"),
            ("C:\\Windows\\win.ini", "win.ini"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("/", "file"),
            (".bashrc", "bashrc"),
            ("...hidden", "hidden"),
            ("a\0b\nc\u{1b}[31m.txt", "abc[31m.txt"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("what?*.txt", "what__.txt"),
            ("报告 ☕.pdf", "报告 ☕.pdf"),
        ] {
            assert_eq!(safe_name(name), want, "{name:?}");
        }
        for device in ["CON", "nul.txt"] {
            assert_ne!(safe_name(device), device);
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character_and_keep_their_extension() {
        let name = safe_name(&format!("{}.pdf", "é".repeat(300)));
        assert!(name.len() <= MAX_NAME_BYTES && name.ends_with("é.pdf"));
        let name = safe_name(&format!("x.{}", "y".repeat(300)));
        assert_eq!(name.len(), MAX_NAME_BYTES);
    }

    #[test]
    fn numbers_stand_before_the_extension() {
        assert_eq!(numbered("a.tar.gz", 1), "a.tar.gz");
        assert_eq!(numbered("a.pdf", 2), "a (2).pdf");
        assert_eq!(numbered("README", 3), "README (3)");
        assert_eq!(inline_name("bob@beta", 7, "png"), "bob@beta-7.png");
    }
}

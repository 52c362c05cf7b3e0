//! Keeps the house's doors shut: which room may import which, what the pure rooms must not touch, and how
//! files look. Reads the tracked files; knows nothing of what the code does.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Rooms that decide only: no I/O, no clock, no threads, no logger.
const PURE: [&str; 3] = ["engine", "policy", "protocol"];

/// The other place with a C side: the message header's codec for C programs, a crate of its own.
const C_API: &str = "bindings/c/src/c_api.rs";

const MOST_LINES: usize = 400;

/// One tracked text file.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The room of `src/` that it belongs to; none for the programs in `src/bin`.
    fn room(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        let room = rest.split('/').next()?;
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (room != "bin" && room != "lib").then_some(room)
    }

    fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| matches!(part, "tests" | "tests.rs"))
    }

    /// Lines of code with their numbers: no comments, nothing from a `mod tests {` at the end on.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        let code = lines.take_while(|(_, line)| !line.starts_with("mod tests {"));
        code.filter_map(|(at, line)| {
            let code = line.split("//").next()?;
            (!code.trim().is_empty()).then_some((at + 1, code))
        })
    }
}

/// All tracked files that are text.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "git ls-files failed");
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let paths = names.split('\0').filter(|name| !name.is_empty());
    let read = paths.filter_map(|path| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        let path = path.to_owned();
        Some(File { path, text })
    });
    let files: Vec<File> = read.collect();
    assert!(files.len() > 50, "only {} files", files.len());
    files
}

fn rust_files() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

/// Fails with all that was found.
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// Whether `word` stands in `text` by itself.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let ends = word.ends_with(part) && after.is_some_and(part);
        !before.is_some_and(part) && !ends
    })
}

/// The rooms and what each may import, from the table in `src/lib.rs`.
fn allowed_imports(files: &[File]) -> BTreeMap<String, Vec<String>> {
    let map = files.iter().find(|f| f.path == "src/lib.rs");
    let map = map.expect("src/lib.rs");
    let rows: Vec<(String, String)> = map
        .text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("//! |")?.split('|').map(str::trim);
            let room = cells.next()?.trim_matches(['[', ']', '`']).to_owned();
            Some((room, cells.nth(1)?.to_owned()))
        })
        .filter(|(room, _)| !matches!(room.as_str(), "room" | "---"))
        .collect();
    let rooms: Vec<String> = rows.iter().map(|(room, _)| room.clone()).collect();
    let mentioned = |told: &str, room: &str| match told.strip_prefix("all but ") {
        Some(not) => !has_word(not, room),
        None => has_word(told, room),
    };
    rows.iter()
        .map(|(room, told)| {
            let may = rooms.iter().filter(|other| mentioned(told, other));
            (room.clone(), may.cloned().collect())
        })
        .collect()
}

/// What stands after each `crate::` in a text, with its place: one name, or each of `crate::{...}`.
fn names_after_crate(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let items = match rest.strip_prefix('{') {
            Some(group) => items_of(group),
            None => vec![rest],
        };
        let name = |item| str::split(item, |c: char| !c.is_alphanumeric() && c != '_').next();
        found.extend(items.into_iter().filter_map(|item| Some((at, name(item)?))));
    }
    found
}

/// The items of a group, which ends with its closing brace; groups may be inside.
fn items_of(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                items.push(group[start..at].trim());
                break;
            }
            ',' if depth == 0 => {
                items.push(group[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items
}

#[test]
fn imports_are_read_as_the_compiler_does() {
    let text = "use crate::a::B;\nuse crate::{\n    b::{C, D},\n    c,\n    d::E,\n};\nlet x = crate::e::f();";
    let names: Vec<&str> = names_after_crate(text)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(names, ["a", "b", "c", "d", "", "e"]);
}

#[test]
fn rooms_import_downward_only() {
    let files = rust_files();
    let allowed = allowed_imports(&files);
    assert!(allowed.len() >= 8, "the table in src/lib.rs: {allowed:?}");
    assert_eq!(allowed["engine"], ["policy", "protocol"]);
    let mut found = Vec::new();
    for file in &files {
        let Some(room) = file.room() else {
            continue;
        };
        let may = allowed
            .get(room)
            .unwrap_or_else(|| panic!("the table in src/lib.rs lacks the room `{room}`"));
        for (at, named) in names_after_crate(&file.text) {
            if named != room && allowed.contains_key(named) && !may.iter().any(|m| m == named) {
                let line = file.text[..at].lines().count();
                found.push(format!("{}:{line}: {room} imports {named}", file.path));
            }
        }
    }
    assert_none("a door that should be shut", &found);
}

#[test]
fn pure_rooms_touch_nothing_but_their_arguments() {
    const SHUT: [&str; 14] = [
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "std::io",
        "Instant",
        "SystemTime",
        "tokio",
        "reqwest",
        "tracing",
        "log::",
        "println!",
        "eprintln!",
    ];
    let mut found = Vec::new();
    for file in rust_files() {
        let pure = file.room().is_some_and(|room| PURE.contains(&room));
        if !pure || file.is_test() {
            continue;
        }
        for (at, code) in file.code() {
            let named = SHUT.iter().find(|word| has_word(code, word));
            found.extend(named.map(|word| format!("{}:{at}: {word}", file.path)));
        }
    }
    assert_none("a pure room reaches out", &found);
}

/// A library for others: it neither prints nor keeps anything.
#[test]
fn client_library_has_no_output_and_no_files() {
    const SHUT: [&str; 6] = [
        "std::fs",
        "std::env",
        "std::process",
        "tracing",
        "log::",
        "println!",
    ];
    let mut found = Vec::new();
    for file in rust_files()
        .iter()
        .filter(|file| file.room() == Some("client"))
    {
        for (at, code) in file.code() {
            let named = SHUT.iter().find(|word| has_word(code, word));
            found.extend(named.map(|word| format!("{}:{at}: {word}", file.path)));
        }
    }
    assert_none("the client library reaches out", &found);
}

#[test]
fn unsafe_code_stands_in_the_ffi_room_and_the_bindings_only() {
    let word = concat!("un", "safe");
    let mut found = Vec::new();
    for file in rust_files() {
        if file.room() == Some("ffi") || file.path == C_API {
            continue;
        }
        for (at, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let opens = ["{", "fn", "impl", "extern", "trait"]
                .iter()
                .any(|next| has_word(code, word) && code.contains(&format!("{word} {next}")));
            let allowed = code.contains(&format!("allow({word}_code"));
            if opens || allowed {
                found.push(format!("{}:{}", file.path, at + 1));
            }
        }
    }
    assert_none("outside src/ffi and the C bindings", &found);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |file: &File| !file.text.starts_with("//! ");
    let found: Vec<String> = rust_files()
        .into_iter()
        .filter(silent)
        .map(|file| file.path)
        .collect();
    assert_none("files that do not open with `//!`", &found);
}

#[test]
fn files_fit_the_head() {
    let long: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| file.text.lines().count() > MOST_LINES)
        .map(|file| file.path)
        .collect();
    assert_none("more than 400 lines", &long);
}

#[test]
fn nothing_is_left_undone() {
    let marks = [
        concat!("to", "do!"),
        concat!("unimple", "mented!"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut found = Vec::new();
    for file in rust_files() {
        for (at, line) in file.text.lines().enumerate() {
            let left = |mark: &&&str| {
                let word = mark.trim_end_matches('!');
                has_word(line, word) && line.contains(**mark)
            };
            if let Some(mark) = marks.iter().find(left) {
                found.push(format!("{}:{}: {mark}", file.path, at + 1));
            }
        }
    }
    assert_none("left undone", &found);
}

#[test]
fn no_merge_is_left_half_done() {
    let marks = ["<".repeat(7), ">".repeat(7)];
    let mut found = Vec::new();
    for file in files() {
        for (at, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| line.starts_with(mark.as_str())) {
                found.push(format!("{}:{}", file.path, at + 1));
            }
        }
    }
    assert_none("marks of a merge", &found);
}

#[test]
fn modules_are_named_for_what_they_are_about() {
    const EMPTY: [&str; 9] = [
        "util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "stuff",
    ];
    let found: Vec<String> = rust_files()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| {
            let mut parts = path.split(['/', '.']);
            parts.any(|part| EMPTY.contains(&part))
        })
        .collect();
    assert_none("module names that say nothing", &found);
}

#[test]
fn no_file_names_a_machine() {
    let folders = [
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!(" /ro", "ot/"),
    ];
    let mut found = Vec::new();
    for file in files() {
        for (at, line) in file.text.lines().enumerate() {
            let path = folders.iter().any(|folder| line.contains(folder));
            if path || urls(line).any(|host| !may_be_named(host)) {
                found.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    assert_none("paths or hosts of some machine", &found);
}

/// The hosts of the URLs in a line.
fn urls(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).map(|rest| {
        let authority = rest.split(|c: char| " /\"'`<>)?#,;\\".contains(c)).next();
        let host = authority.unwrap_or_default().rsplit('@').next();
        host.unwrap_or_default()
            .split(':')
            .next()
            .unwrap_or_default()
    })
}

/// Public hosts that the project refers to, examples, this machine, and words that stand for a host.
fn may_be_named(host: &str) -> bool {
    const PUBLIC: [&str; 3] = ["github.com", "www.apache.org", "docs.rs"];
    let example = [".example", "example.com", ".example.org", ".test"];
    !host.contains('.')
        || host.starts_with("127.")
        || PUBLIC.contains(&host)
        || host == "www.debian.org" // the name of the form of packaging/debian/copyright (DEP-5)
        || matches!(host, "etherx.jabber.org" | "www.w3.org") // namespaces of XMPP (RFC 6120) and SVG, no addresses
        || example.iter().any(|end| host.ends_with(end))
}

#[test]
fn readers_find_their_way() {
    let files = files();
    for wanted in [
        "README.md",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
    ] {
        let file = files.iter().find(|file| file.path == wanted);
        let file = file.unwrap_or_else(|| panic!("{wanted} is missing"));
        assert!(file.text.len() > 200, "{wanted} says nothing");
    }
}

//! Holds the documentation to the code where that can be looked up: log lines, options, bytes, links, and whether some
//! script runs each command.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(clippy::panic)]

#[path = "docs/commands.rs"]
mod commands;
#[path = "docs/options.rs"]
mod options;
#[path = "docs/pages.rs"]
mod pages;
#[path = "docs/protocol.rs"]
mod protocol;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files with this ending below a folder.
fn files_below(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

/// The documents that people read.
fn documents() -> Vec<PathBuf> {
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    let mut all: Vec<PathBuf> = top.iter().map(|name| root().join(name)).collect();
    all.extend(files_below("docs", ".md"));
    all
}

/// A page's path within the repository.
fn name_of(page: &Path) -> String {
    let name = page.strip_prefix(root()).unwrap_or(page);
    name.display().to_string()
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What the plugin may say: its code, with strings that go on in the next line made whole.
fn code() -> String {
    let code: String = [
        "src/audit",
        "src/config",
        "src/engine",
        "src/ffi",
        "src/plugin",
        "src/policy",
        "src/protocol",
        "src/upstream",
        "src/worker",
    ]
    .into_iter()
    .flat_map(|folder| files_below(folder, ".rs"))
    .map(|path| read(&path))
    .collect();
    let code: Vec<&str> = code.split("\\\n").map(str::trim_start).collect();
    code.concat()
}

/// What is told of lines and reasons in the first column of a table, and stands nowhere in the code.
fn unknown_to_the_code(section: &str) -> Vec<String> {
    let code = code();
    let rows = section.lines();
    let cells = rows.filter_map(|row| row.strip_prefix("| `")?.split(" | ").next());
    let lines: Vec<String> = cells.map(|cell| format!("`{cell}")).collect();
    assert!(lines.len() > 10, "only {} lines", lines.len());
    lines
        .iter()
        .flat_map(|cell| quoted(cell))
        .flat_map(|line| line.split("..."))
        .map(|part| part.trim_matches([' ', ':', ';', ',', '"']))
        .filter(|part| !part.is_empty() && !code.contains(part))
        .map(str::to_owned)
        .collect()
}

/// What stands below a heading, up to the next one of its level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let level = heading.split(' ').next().unwrap_or_default();
    let rest = page.split(&format!("\n{heading}\n")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no `{heading}`"));
    rest.split(&format!("\n{level} ")).next().unwrap_or(rest)
}

#[test]
fn log_lines_that_operators_are_told_about_are_in_the_code() {
    let guide = read(&root().join("docs/operations.md"));
    let table = section(&guide, "## What the log says");
    assert_none("no such line in the code", &unknown_to_the_code(table));
}

#[test]
fn reasons_of_refusals_that_clients_are_told_about_are_in_the_code() {
    let page = read(&root().join("docs/client-protocol.md"));
    let table = section(&page, "## Refusals");
    assert_none("no such reason in the code", &unknown_to_the_code(table));
}

/// Names in the last column of a table are those of broker tests.
fn assert_tests_are_there(page: &str, least: usize) {
    let tests: String = files_below("tests/broker", ".rs")
        .iter()
        .map(|path| read(path))
        .collect();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let named: Vec<&str> = cells
        .flat_map(quoted)
        .filter(|name| name.matches('_').count() > 1)
        .collect();
    assert!(named.len() >= least, "only {} tests", named.len());
    let missing = named
        .iter()
        .filter(|name| !tests.contains(&format!("{name}(")))
        .map(|name| (*name).to_owned())
        .collect::<Vec<_>>();
    assert_none("no such test", &missing);
}

#[test]
fn tests_that_the_security_model_names_are_there() {
    let model = read(&root().join("docs/security.md"));
    assert_tests_are_there(section(&model, "## Threats"), 20);
}

#[test]
fn tests_that_the_guide_names_are_there() {
    let guide = read(&root().join("docs/operations.md"));
    assert_tests_are_there(
        section(&guide, "## What happens when something is down"),
        20,
    );
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        let targets = text.split("](").skip(1).filter_map(|t| t.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => document.clone(),
                file => document.with_file_name("").join(file),
            };
            let there = match fs::read_to_string(&file) {
                Ok(text) => anchor.is_empty() || anchors(&text).any(|known| known == anchor),
                Err(_) => anchor.is_empty() && file.exists(),
            };
            if !there {
                broken.push(format!("{}: {target}", name_of(&document)));
            }
        }
    }
    assert_none("no such file or heading", &broken);
}

/// Headings as web sites make anchors of them: in lower case, spaces as hyphens, without punctuation.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().replace(' ', "-")
    })
}

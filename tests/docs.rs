//! Holds the documentation to the code where that can be looked up: log lines, options, links.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mosquitto_enterprise_push::config::{LIVE_OPTIONS, OPTION_NAMES};

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

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn log_lines_that_operators_are_told_about_are_in_the_code() {
    let code: String = [
        "src/audit",
        "src/engine",
        "src/ffi",
        "src/plugin",
        "src/upstream",
        "src/worker",
    ]
    .into_iter()
    .flat_map(|folder| files_below(folder, ".rs"))
    .map(|path| read(&path))
    .collect();
    // A string that goes on in the next line.
    let code: Vec<&str> = code.split("\\\n").map(str::trim_start).collect();
    let code = code.concat();
    let guide = read(&root().join("docs/operations.md"));
    let table = guide.split("## What the log says").nth(1);
    let table = table.and_then(|rest| rest.split("\n## ").next());
    let rows = table.into_iter().flat_map(str::lines);
    let cells = rows.filter_map(|row| row.strip_prefix("| `")?.split(" | ").next());
    let lines: Vec<String> = cells.map(|cell| format!("`{cell}")).collect();
    assert!(lines.len() > 20, "only {} lines", lines.len());
    let unknown: Vec<String> = lines
        .iter()
        .flat_map(|cell| quoted(cell))
        .flat_map(|line| line.split("..."))
        .map(|part| part.trim_matches([' ', ':', ';', ',', '"']))
        .filter(|part| !part.is_empty() && !code.contains(part))
        .map(str::to_owned)
        .collect();
    assert_none("no such line in the code", &unknown);
}

#[test]
fn tests_that_the_security_model_names_are_there() {
    let tests: String = files_below("tests/broker", ".rs")
        .iter()
        .map(|path| read(path))
        .collect();
    let model = read(&root().join("docs/security.md"));
    let rows = model.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let named: Vec<&str> = cells
        .flat_map(quoted)
        .filter(|name| name.matches('_').count() > 1)
        .collect();
    assert!(named.len() > 20, "only {} tests", named.len());
    let missing = named
        .iter()
        .filter(|name| !tests.contains(&format!("{name}(")))
        .map(|name| (*name).to_owned())
        .collect::<Vec<_>>();
    assert_none("no such test", &missing);
}

#[test]
fn every_option_is_documented_and_no_other() {
    let known = BTreeSet::from(OPTION_NAMES);
    let readme = read(&root().join("README.md"));
    let table = readme.split("| option (`plugin_opt_...`)").nth(1);
    let rows = table.into_iter().flat_map(str::lines).skip(2);
    let told: BTreeSet<&str> = rows
        .take_while(|row| row.starts_with('|'))
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(quoted)
        .collect();
    assert_eq!(told, known, "README.md");
    let sample = read(&root().join("mosquitto-conf/enterprise-push.conf"));
    let unsaid = known
        .iter()
        .filter(|name| !sample.contains(&format!("plugin_opt_{name} ")));
    let unsaid: Vec<String> = unsaid.map(|name| (*name).to_owned()).collect();
    assert_none("not in the sample configuration", &unsaid);
}

/// What stands in the first cells of the table with this heading.
fn first_cells<'t>(text: &'t str, heading: &str) -> BTreeSet<&'t str> {
    let table = text.split(&format!("| {heading} |")).nth(1);
    let rows = table.into_iter().flat_map(str::lines).skip(2);
    rows.take_while(|row| row.starts_with('|'))
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(quoted)
        .collect()
}

#[test]
fn operators_guide_says_of_each_option_whether_it_can_change_while_the_broker_runs() {
    let guide = read(&root().join("docs/operations.md"));
    let live = first_cells(&guide, "takes effect on SIGHUP");
    let fixed = first_cells(&guide, "needs a restart");
    assert_eq!(live, BTreeSet::from(LIVE_OPTIONS));
    let others = BTreeSet::from(OPTION_NAMES);
    let others: BTreeSet<&str> = others.difference(&live).copied().collect();
    assert_eq!(fixed, others);
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
                broken.push(format!("{}: {target}", document.display()));
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

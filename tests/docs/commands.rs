//! What the fenced blocks of the documentation are, and that some script takes up each page that has commands or
//! configurations. That each block of them was run is seen by scripts/docs-walk.sh, in its end.

use std::collections::BTreeSet;

use serde_json::{Deserializer, Value};

use super::{assert_none, documents, name_of, read, root};

/// Blocks that scripts/docs-walk.sh and scripts/docs-examples.sh run, have a broker load, or wait to see.
const RUN: [&str; 4] = ["sh", "conf", "acl", "text"];
/// Blocks that are compiled, or only have to be well-formed (`json`; of these a broker loads the policies).
const SHOWN: [&str; 4] = ["c", "json", "rust", "toml"];
/// What stands before a block that nothing runs: `<!-- not run: WHY -->`.
const MARK: &str = "<!-- not run: ";
/// The same, where a test or a script of its own does so, which names the page: `<!-- run by scripts/X.sh -->`.
const ELSEWHERE: &str = "<!-- run by ";
/// So many may be marked as not run. Who raises this has looked for a way to run it.
const MOST_MARKED: usize = 3;

/// A fenced block.
struct Block {
    /// `docs/policy.md:49`
    place: String,
    page: String,
    language: String,
    content: String,
    /// Why nothing runs it.
    mark: Option<String>,
    /// The script that runs it.
    elsewhere: Option<String>,
}

/// All blocks of all pages, in order.
fn blocks() -> Vec<Block> {
    let pages = documents()
        .into_iter()
        .map(|path| (name_of(&path), read(&path)));
    let found: Vec<Block> = pages
        .flat_map(|(name, text)| blocks_of(&name, &text))
        .collect();
    assert!(found.len() > 120, "only {} blocks", found.len());
    found
}

fn blocks_of(page: &str, text: &str) -> Vec<Block> {
    let (mut found, mut open, mut before) = (Vec::new(), None::<Block>, "");
    for (line, number) in text.lines().zip(1..) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let comment = |begin| before.strip_prefix(begin)?.strip_suffix(" -->");
                open = Some(Block {
                    place: format!("{page}:{number}"),
                    page: page.to_owned(),
                    language: language.to_owned(),
                    content: String::new(),
                    mark: comment(MARK).map(str::to_owned),
                    elsewhere: comment(ELSEWHERE).map(str::to_owned),
                });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => block.content.extend([line, "\n"]),
            (None, None) => before = line,
        }
    }
    assert!(open.is_none(), "{page}: a block does not end");
    found
}

/// The pages that the scripts take up: `walk NAME VERSION PAGE...`, `for page in FILE...; do understand`, `examples=(PAGE...)`.
fn pages_that_are_run() -> BTreeSet<String> {
    let walk = read(&root().join("scripts/docs-walk.sh"));
    let blocks = read(&root().join("scripts/docs-blocks.sh"));
    let words = |text: Option<&str>| -> Vec<String> {
        let words = text.into_iter().flat_map(str::split_whitespace);
        words.map(str::to_owned).collect()
    };
    let lines = walk.lines().map(str::trim_start);
    let walks = lines.filter_map(|line| line.strip_prefix("walk "));
    let walked = walks.flat_map(|rest| words(Some(rest)).into_iter().skip(2));
    let listed = blocks
        .split("\nexamples=(")
        .nth(1)
        .and_then(|rest| rest.split(')').next());
    let mut run: BTreeSet<String> = walked
        .chain(words(listed))
        .map(|page| format!("docs/{page}.md"))
        .collect();
    let understood = walk.split("; do understand ").next();
    let understood = understood.and_then(|before| before.rsplit("for page in ").next());
    run.extend(words(understood));
    assert!(run.len() > 10, "only {run:?}");
    run
}

#[test]
fn every_block_says_what_it_is() {
    let unknown = blocks().into_iter().filter(|block| {
        let language = block.language.as_str();
        !RUN.contains(&language) && !SHOWN.contains(&language)
    });
    let unknown: Vec<String> = unknown
        .map(|block| format!("{}: `{}`", block.place, block.language))
        .collect();
    assert_none("blocks of an unknown language", &unknown);
}

#[test]
fn every_page_with_commands_or_configurations_is_taken_up_by_a_script() {
    let run = pages_that_are_run();
    let left = blocks().into_iter().filter(|block| {
        RUN.contains(&block.language.as_str())
            && block.mark.is_none()
            && block.elsewhere.is_none()
            && !run.contains(&block.page)
    });
    let left: Vec<String> = left
        .map(|block| format!("{}: {}", block.place, block.content))
        .collect();
    let what = "nothing runs these blocks: add a `walk` of the page to scripts/docs-walk.sh, or say `<!-- run by scripts/X.sh -->`";
    assert_none(what, &left);
}

#[test]
fn few_blocks_are_marked_as_not_run_and_each_says_why() {
    let marked: Vec<String> = blocks()
        .into_iter()
        .filter_map(|block| Some(format!("{}: {}", block.place, block.mark?)))
        .collect();
    assert!(
        marked.len() <= MOST_MARKED,
        "at most {MOST_MARKED}: {marked:#?}"
    );
    let marks: usize = documents()
        .iter()
        .map(|path| {
            read(path)
                .lines()
                .filter(|line| line.starts_with(MARK))
                .count()
        })
        .sum();
    assert_eq!(
        marks,
        marked.len(),
        "a mark stands in the line before a block, and ends in `-->`"
    );
}

#[test]
fn scripts_that_are_said_to_run_a_block_name_its_page() {
    let judge = read(&root().join("scripts/test.sh"));
    let wrong: Vec<String> = blocks()
        .into_iter()
        .filter_map(|block| Some((block.place, block.page, block.elsewhere?)))
        .filter(|(_, page, script)| {
            let started = script.starts_with("tests/") || judge.contains(script.as_str());
            !started || !read(&root().join(script)).contains(page.as_str())
        })
        .map(|(place, _, script)| format!("{place}: {script}"))
        .collect();
    assert_none(
        "scripts/test.sh does not start it, or it does not name the page",
        &wrong,
    );
}

#[test]
fn json_is_json() {
    let mut broken = Vec::new();
    for block in blocks()
        .into_iter()
        .filter(|block| block.language == "json")
    {
        for value in Deserializer::from_str(&block.content).into_iter::<Value>() {
            broken.extend(value.err().map(|error| format!("{}: {error}", block.place)));
        }
    }
    assert_none("no JSON", &broken);
}

/// The code of docs/client-library.md is compiled and run as tests/client/documented.rs, which may be broken into other lines.
#[test]
fn rust_of_the_documentation_is_run_by_a_test() {
    let condensed = |text: &str| -> String {
        let text: String = text.split_whitespace().collect();
        text.replace(",}", "}").replace(",)", ")")
    };
    let test = condensed(&read(&root().join("tests/client/documented.rs")));
    let blocks = blocks()
        .into_iter()
        .filter(|block| block.language == "rust");
    let (mut left, mut statements) = (Vec::new(), 0);
    for block in blocks {
        for paragraph in block.content.split("\n\n") {
            statements += 1;
            if !test.contains(&condensed(paragraph)) {
                left.push(format!("{}: {paragraph}", block.place));
            }
        }
    }
    assert!(statements >= 4, "only {statements} paragraphs");
    assert_none("not in tests/client/documented.rs", &left);
}

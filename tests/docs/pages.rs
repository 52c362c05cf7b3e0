//! The book: every page is in it, and its README shows lines of the sample configuration.

use std::collections::BTreeSet;

use super::{assert_none, documents, name_of, read, root};

/// The pages that docs/SUMMARY.md lists, one a line.
fn listed() -> Vec<String> {
    let summary = read(&root().join("docs/SUMMARY.md"));
    let targets = summary.lines().filter_map(|line| {
        let target = line.split("](").nth(1)?;
        target.strip_suffix(')')
    });
    targets
        .map(|target| match target.strip_prefix("../") {
            Some(top) => top.to_owned(),
            None => format!("docs/{target}"),
        })
        .collect()
}

#[test]
fn every_page_is_in_the_book_once() {
    let listed = listed();
    let once: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(
        once.len(),
        listed.len(),
        "a page is listed twice: {listed:?}"
    );
    let pages = documents().into_iter().map(|page| name_of(&page));
    let missing: Vec<String> = pages
        .filter(|page| page != "docs/SUMMARY.md" && !once.contains(page))
        .collect();
    assert_none(
        "pages without a line of their own in docs/SUMMARY.md",
        &missing,
    );
    let known: BTreeSet<String> = documents().iter().map(|page| name_of(page)).collect();
    let gone: Vec<String> = listed
        .into_iter()
        .filter(|page| !known.contains(page))
        .collect();
    assert_none("lines of docs/SUMMARY.md without a page", &gone);
}

#[test]
fn configuration_in_the_readme_is_the_sample_s() {
    let readme = read(&root().join("README.md"));
    let block = readme
        .split("```conf\n")
        .nth(1)
        .expect("a block of configuration");
    let block = block.split("```").next().unwrap_or_default();
    let sample = read(&root().join("mosquitto-conf/enterprise-push.conf"));
    let known: BTreeSet<&str> = sample.lines().collect();
    let others = block
        .lines()
        .filter(|line| !line.starts_with('#') && !known.contains(line));
    let others: Vec<String> = others.map(str::to_owned).collect();
    assert_none("not in mosquitto-conf/enterprise-push.conf", &others);
}

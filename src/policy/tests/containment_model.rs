//! `matches` and `covered` against a naive model: every filter and every topic over a small alphabet.
//!
//! The alphabet holds two names that filters spell out, a `$` name, the empty level, and a fresh name
//! that no filter spells out. Topics are enumerated one level deeper than the deepest filter, so a
//! difference in coverage always has a witness among them.

use proptest::prelude::*;

use crate::policy::containment::{covered, matches};
use crate::policy::filter::Filter;

const NAMES: [&str; 5] = ["a", "b", "$x", "", "fresh"];
const LEVELS: [&str; 5] = ["a", "b", "$x", "", "+"];

fn sequences(words: &[&str], depth: usize) -> Vec<String> {
    let mut all: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let mut last = all.clone();
    for _ in 1..depth {
        let longer = last.iter();
        last = longer
            .flat_map(|head| words.iter().map(move |w| format!("{head}/{w}")))
            .collect();
        all.extend_from_slice(&last);
    }
    all
}

fn topics(depth: usize) -> Vec<String> {
    let all = sequences(&NAMES, depth).into_iter();
    all.filter(|topic| !topic.is_empty()).collect()
}

fn filters(depth: usize) -> Vec<String> {
    let mut all = sequences(&LEVELS, depth);
    let open = sequences(&LEVELS, depth - 1)
        .into_iter()
        .map(|head| format!("{head}/#"));
    all.extend(open);
    all.push("#".to_owned());
    all.retain(|filter| !filter.is_empty());
    all
}

/// The specification, word by word, on whole lists of levels.
pub(super) fn model_matches(filter: &str, topic: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let names: Vec<&str> = topic.split('/').collect();
    if matches!(levels[0], "+" | "#") && names[0].starts_with('$') {
        return false;
    }
    match levels.split_last() {
        Some((&"#", head)) => names.len() >= head.len() && same(head, &names[..head.len()]),
        _ => names.len() == levels.len() && same(&levels, &names),
    }
}

fn same(levels: &[&str], names: &[&str]) -> bool {
    levels
        .iter()
        .zip(names)
        .all(|(level, name)| *level == "+" || level == name)
}

/// Which of the topics each filter matches, by the model.
struct Pool {
    filters: Vec<String>,
    sets: Vec<Vec<u64>>,
}

impl Pool {
    fn new(depth: usize) -> Pool {
        let (filters, topics) = (filters(depth), topics(depth + 1));
        let sets = filters.iter().map(|f| bits(f, &topics)).collect();
        Pool { filters, sets }
    }

    fn is_covered(&self, filter: usize, patterns: &[usize]) -> bool {
        self.sets[filter].iter().enumerate().all(|(at, word)| {
            let union = patterns.iter().fold(0, |all, p| all | self.sets[*p][at]);
            word & !union == 0
        })
    }

    fn check(&self, filter: usize, patterns: &[usize]) {
        let names = patterns.iter().map(|p| self.filters[*p].as_str());
        assert_eq!(
            covered(&self.filters[filter], names.clone()),
            self.is_covered(filter, patterns),
            "{:?} by {:?}",
            self.filters[filter],
            names.collect::<Vec<_>>()
        );
    }
}

fn bits(filter: &str, topics: &[String]) -> Vec<u64> {
    let word = |chunk: &[String]| {
        let hits = chunk
            .iter()
            .enumerate()
            .filter(|(_, t)| model_matches(filter, t));
        hits.fold(0, |word, (at, _)| word | 1 << at)
    };
    topics.chunks(64).map(word).collect()
}

#[test]
fn matching_agrees_with_the_model_on_every_pair() {
    let (filters, topics) = (filters(4), topics(5));
    let pairs = filters.len() * topics.len();
    assert!(pairs >= 1_000_000, "{pairs}");
    for filter in &filters {
        assert!(Filter::parse(filter).is_ok(), "{filter}");
        for topic in &topics {
            assert_eq!(
                matches(filter, topic),
                model_matches(filter, topic),
                "{filter} {topic}"
            );
        }
    }
}

#[test]
fn coverage_agrees_with_the_model_for_every_filter_and_two_patterns() {
    let pool = Pool::new(3);
    let all = 0..pool.filters.len();
    for filter in all.clone() {
        pool.check(filter, &[]);
        for one in all.clone() {
            for other in one..pool.filters.len() {
                pool.check(filter, &[one, other]);
            }
        }
    }
}

/// Random sets of more and deeper patterns. `POLICY_CASES` makes it longer.
#[test]
fn coverage_agrees_with_the_model_for_random_sets() {
    let cases = std::env::var("POLICY_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000);
    let pool = Pool::new(4);
    let index = 0..pool.filters.len();
    let sets = (index.clone(), prop::collection::vec(index, 0..8));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = runner.run(&sets, |(filter, patterns)| {
        pool.check(filter, &patterns);
        Ok(())
    });
    run.unwrap();
}

/// Sets that cover `#` only together, which random ones rarely hit: fixed depths and an open end.
#[test]
fn coverage_agrees_with_the_model_for_ladders() {
    let pool = Pool::new(4);
    let at = |name: &str| pool.filters.iter().position(|f| f == name).unwrap();
    let rungs: Vec<usize> = [
        "a", "a/+", "a/+/+", "a/+/+/#", "+/+/+/#", "+", "+/+", "#", "+/#", "a/#", "a/b/#",
    ]
    .into_iter()
    .map(at)
    .collect();
    for chosen in 0..1_usize << rungs.len() {
        let set: Vec<usize> = (0..rungs.len())
            .filter(|n| chosen >> n & 1 == 1)
            .map(|n| rungs[n])
            .collect();
        for filter in [
            "#", "+/#", "a/#", "a/+/#", "a/b/#", "+", "a/+", "$x/#", "/#",
        ] {
            pool.check(at(filter), &set);
        }
    }
}

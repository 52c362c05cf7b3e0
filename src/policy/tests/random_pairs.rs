//! A million random pairs of filter and topic, deep ones too: matching and containment against the naive
//! model of `containment_model`, and `$share` taken apart on the way.
//!
//! `POLICY_SEED` and `POLICY_PAIRS` choose others and more.

use super::containment_model::model_matches;
use super::random::Random;
use crate::policy::containment::{covered, matches};
use crate::policy::filter::Filter;

/// At least so many pairs are compared.
const PAIRS: usize = 1_000_000;
/// Few names, so that many pairs match; the empty one makes leading, doubled and trailing slashes.
const NAMES: [&str; 4] = ["a", "b", "", "$x"];
/// A name that stands in no filter.
const FRESH: &str = "fresh";
const MOST_LEVELS: usize = 9;

/// A filter without `$share`: wildcards at any level, `#` at the end of one in three.
fn filter(random: &mut Random, text: &mut String) {
    text.clear();
    let deep = random.once_in(4);
    let levels = 1 + random.below(if deep { MOST_LEVELS } else { 4 });
    for level in 0..levels {
        if level > 0 {
            text.push('/');
        }
        let last = level + 1 == levels;
        if last && random.once_in(3) {
            text.push('#');
        } else if random.once_in(3) {
            text.push('+');
        } else {
            text.push_str(random.pick(&NAMES));
        }
    }
    if text.is_empty() {
        text.push('+');
    }
}

/// A topic made from a filter, by filling in its wildcards and, every other time, changing something.
fn topic(random: &mut Random, filter: &str, text: &mut String) {
    text.clear();
    let change = random.once_in(2);
    let mut first = true;
    let level = |name: &str, text: &mut String, first: &mut bool| {
        if !std::mem::take(first) {
            text.push('/');
        }
        text.push_str(name);
    };
    for part in filter.split('/') {
        match part {
            "#" => {
                for _ in 0..random.below(3) {
                    let name = random.pick(&NAMES);
                    level(name, text, &mut first);
                }
            }
            "+" => {
                let name = if random.once_in(4) {
                    FRESH
                } else {
                    random.pick(&NAMES)
                };
                level(name, text, &mut first);
            }
            name if change && random.once_in(5) => {
                // Left out, doubled, or another.
                for _ in 0..random.below(3) {
                    level(random.pick(&NAMES), text, &mut first);
                }
                if random.once_in(2) {
                    level(name, text, &mut first);
                }
            }
            name => level(name, text, &mut first),
        }
    }
    if change && random.once_in(6) {
        level(random.pick(&NAMES), text, &mut first);
    }
    if text.is_empty() {
        text.push('/');
    }
}

/// Whether all that `inner` matches is matched by `outer`: with a fresh name at each wildcard, and `#` as
/// any number of them. What matches all of these matches everything, since no filter spells the name out.
fn model_contains(outer: &str, inner: &str) -> bool {
    let fresh = inner.replace('+', FRESH);
    let Some(head) = fresh.strip_suffix('#') else {
        return model_matches(outer, &fresh);
    };
    let parent = head.strip_suffix('/');
    let longer = (1..=MOST_LEVELS + 1).map(|n| format!("{head}{}", vec![FRESH; n].join("/")));
    // The parent of `/#` is the empty topic, which is none.
    let parent = parent.filter(|p| !p.is_empty()).map(str::to_owned);
    longer.chain(parent).all(|t| model_matches(outer, &t))
}

#[test]
fn a_million_random_pairs_agree_with_the_model() {
    let pairs = std::env::var("POLICY_PAIRS").ok();
    let pairs = pairs.and_then(|n| n.parse().ok()).unwrap_or(PAIRS);
    let mut random = Random::new();
    let seed = random.seed;
    let (mut one, mut name) = (String::new(), String::new());
    let (mut compared, mut matching) = (0, 0);
    for _ in 0..pairs {
        filter(&mut random, &mut one);
        topic(&mut random, &one, &mut name);
        let shared;
        let asked = if random.once_in(4) {
            shared = format!("$share/g/{one}");
            &shared
        } else {
            &one
        };
        let parsed = Filter::parse(asked);
        let topics = parsed.map(|filter| filter.topics());
        assert_eq!(topics, Ok(one.as_str()), "{asked} (POLICY_SEED={seed})");
        let want = model_matches(&one, &name);
        assert_eq!(
            matches(&one, &name),
            want,
            "{one} {name} (POLICY_SEED={seed})"
        );
        // A topic is a filter that matches itself alone.
        assert_eq!(
            covered(&name, [one.as_str()]),
            want,
            "{name} by {one} (POLICY_SEED={seed})"
        );
        compared += 1;
        matching += usize::from(want);
    }
    println!("{compared} pairs, {matching} of them match");
    assert!(compared >= PAIRS, "{compared} pairs");
    for some in [matching, compared - matching] {
        assert!(some > compared / 5, "{matching} of {compared} match");
    }
}

#[test]
fn random_filters_contain_one_another_as_in_the_model() {
    let mut random = Random::new();
    let seed = random.seed;
    let (mut outer, mut inner) = (String::new(), String::new());
    let mut contained = 0;
    for number in 0..100_000 {
        filter(&mut random, &mut outer);
        if number % 2 == 0 {
            filter(&mut random, &mut inner);
        } else {
            // One that is like it: often contained, often just not.
            narrow(&mut random, &outer, &mut inner);
        }
        let want = model_contains(&outer, &inner);
        assert_eq!(
            covered(&inner, [outer.as_str()]),
            want,
            "{inner} by {outer} (POLICY_SEED={seed})"
        );
        contained += usize::from(want);
    }
    println!("{contained} of 100000 are contained");
    assert!(contained > 10_000, "only {contained} are contained");
}

/// The filter with some of its wildcards filled in by other wildcards and names.
fn narrow(random: &mut Random, filter: &str, text: &mut String) {
    let mut levels: Vec<&str> = Vec::new();
    for part in filter.split('/') {
        match part {
            "+" => levels.push(random.pick(&["+", "a", "b", "$x", ""])),
            "#" => match random.below(4) {
                0 => {}
                1 => levels.push("#"),
                2 => levels.extend(["+", "#"]),
                _ => levels.extend(["+", "a"]),
            },
            name => levels.push(if random.once_in(8) { "+" } else { name }),
        }
    }
    *text = levels.join("/");
    if text.is_empty() {
        text.push('#');
    }
}

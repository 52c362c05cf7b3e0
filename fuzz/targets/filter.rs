//! Topic filters: one a line. Matching, and whether the others cover the first, against every topic of a small world.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::policy::containment::{covered, matches};
use mosquitto_enterprise_push::policy::filter::{Filter, check_topic};
use mosquitto_enterprise_push_fuzz::{self as model, text};

const MOST_LINES: usize = 6;
const MOST_LEVELS: usize = 4;
const MOST_NAMES: usize = 4;
const MOST_TOPICS: usize = 2000;
/// A name that no filter of a case spells out.
const FRESH: &str = "~";

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let lines: Vec<&str> = text.split('\n').take(MOST_LINES).collect();
    for line in &lines {
        let filter = Filter::parse(line);
        let is_topic = check_topic(line).is_ok();
        if let Ok(filter) = filter {
            assert!(line.ends_with(filter.topics()));
            assert!(filter.share().is_some() || filter.topics() == *line);
            assert!(filter.share().is_some() || filter.as_topic().is_some() == is_topic);
        }
    }
    let filters = lines.iter().filter_map(|line| Filter::parse(line).ok());
    let filters: Vec<&str> = filters.map(|filter| filter.topics()).collect();
    if let [first, patterns @ ..] = filters.as_slice() {
        compare(first, patterns);
    }
});

/// Level names are endless, so a fresh one stands for all that no filter spells out.
fn compare(filter: &str, patterns: &[&str]) {
    let all = || patterns.iter().copied().chain([filter]);
    let levels = all().map(|text| text.split('/').count()).max().unwrap_or(0);
    let mut names: Vec<&str> = all().flat_map(|text| text.split('/')).collect();
    names.retain(|name| !matches!(*name, "+" | "#"));
    names.push(FRESH);
    names.sort_unstable();
    names.dedup();
    if levels > MOST_LEVELS || names.len() > MOST_NAMES || all().any(|text| text.contains(FRESH)) {
        let _ = covered(filter, patterns.iter().copied());
        return;
    }
    // One level more than the longest pattern: what differs there differs for good.
    let topics = model::topics(&names, levels + 1, MOST_TOPICS);
    assert!(topics.len() < MOST_TOPICS, "the world is whole");
    for text in all() {
        for topic in &topics {
            assert_eq!(
                matches(text, topic),
                model::matches(text, topic),
                "{text:?} {topic:?}"
            );
        }
    }
    let mut of_filter = topics.iter().filter(|topic| model::matches(filter, topic));
    let want = of_filter.all(|topic| patterns.iter().any(|p| model::matches(p, topic)));
    assert_eq!(
        covered(filter, patterns.iter().copied()),
        want,
        "{filter:?} by {patterns:?}"
    );
}

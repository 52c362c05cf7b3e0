//! A subscription is allowed exactly when every topic it can match may be received, rules included.
//!
//! Allowed: no topic made from the filter may be refused. Refused: the filter with fresh names at its
//! wildcards must have a topic that may not be received (a fresh name is the hardest case). The one filter
//! refused beyond need is an operator's `$SYS/+/...`, where `notice` is harder than a fresh name.

use proptest::prelude::*;

use super::world::{EVERYBODY, directory, policy, user};
use crate::policy::containment::matches;
use crate::policy::{Directory, Filter, Policy, Reason};

const WORDS: [&str; 16] = [
    "acme", "beta", "frozen", "im", "msg", "pres", "sig", "g", "notice", "alice", "dev", "$SYS",
    "", "t", "broker", "zz",
];

const RULES: &str = r##"
    {"name":"t","allow":["subscribe","receive"],"topics":["{eid}/t/{uid}/+","{eid}/t/+/+/+/#","{eid}/t/+","{eid}/im/msg/{uid}/+/#"]},
    {"name":"g","allow":["subscribe","receive"],"topics":["{eid}/g/{gid}/#"]},
    {"name":"x","who":{"users":["bob@acme"]},"cross_enterprise":true,"allow":["subscribe","receive"],"topics":["beta/t/#","frozen/t/#","$SYS/#"]},
    {"name":"all","who":{"users":["dan@beta"]},"cross_enterprise":true,"allow":["subscribe","receive"],"topics":["+","+/+/#"]}
"##;

fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![4 => prop::sample::select(&WORDS[..]), 2 => Just("+")];
    let head = prop::collection::vec(level, 1..5);
    (
        head,
        any::<bool>(),
        prop::sample::select(&["acme", "beta", "$SYS", "+", "frozen"][..]),
        any::<bool>(),
    )
        .prop_map(|(mut levels, open, first, home)| {
            if home {
                levels.insert(0, first);
            }
            if open {
                levels.push("#");
            }
            levels.join("/")
        })
}

/// The filter with `words` at its wildcards, `#` standing for `rest` of them.
fn instance(filter: &str, words: &[&str], rest: usize) -> String {
    let mut supply = words.iter().cycle();
    let mut levels = Vec::new();
    for level in filter.split('/') {
        match level {
            "+" => levels.extend(supply.next()),
            "#" => levels.extend(supply.by_ref().take(rest)),
            name => levels.push(name),
        }
    }
    levels.join("/")
}

fn check(policy: &Policy, directory: &Directory, who: &str, filter: &str, words: &[&str]) {
    let who = user(who);
    // A suspended enterprise is no matter of the filter: what it says is withheld on delivery.
    let receives = |topic: &str| {
        let reason = policy.may_receive(directory, who, topic).reason();
        reason.is_none_or(|r| r == Reason::TopicSuspended)
    };
    let topics = |filter: &str, words: &[&str]| -> Vec<String> {
        let all = (0..5).map(|rest| instance(filter, words, rest));
        all.filter(|t| !t.is_empty() && matches(filter, t))
            .collect()
    };
    let decision = policy.may_subscribe(directory, who, filter);
    if decision.is_allowed() {
        for topic in topics(filter, words) {
            assert!(
                receives(&topic),
                "{who} subscribed {filter} and is refused {topic}"
            );
        }
    } else if decision.reason() == Some(Reason::FilterTooWide) && !filter.starts_with("$SYS/+/") {
        let mut hardest = topics(filter, &["fresh"]);
        hardest.extend(topics(filter, &["notice", "fresh"]));
        let refused = hardest.iter().any(|topic| !receives(topic));
        assert!(
            refused,
            "{who} may receive all of {filter} and is refused it"
        );
    }
}

#[test]
fn subscribing_is_allowed_exactly_when_receiving_everything_is() {
    let (directory, policy) = (directory(), policy(RULES));
    let words = prop::collection::vec(prop::sample::select(&WORDS[..]), 5);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = runner.run(&(filter(), words), |(filter, words)| {
        if Filter::parse(&filter).is_ok() {
            for who in EVERYBODY {
                check(&policy, &directory, who, &filter, &words);
            }
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn rules_and_the_default_table_cover_a_filter_together() {
    let (directory, policy) = (directory(), policy(RULES));
    for (who, filter, want) in [
        ("alice@acme", "acme/im/msg/alice/#", true),
        ("alice@acme", "$share/g/acme/im/msg/alice/#", true),
        ("alice@acme", "acme/im/msg/bob/#", false),
        ("alice@acme", "acme/g/dev/#", true),
        ("editor@acme", "acme/g/dev/#", false),
        ("alice@acme", "acme/g/#", false),
        ("alice@acme", "acme/t/#", false),
        ("bob@acme", "beta/t/#", true),
        ("bob@acme", "frozen/t/#", false),
        ("bob@acme", "$SYS/#", true),
        ("dan@beta", "#", true),
        ("dan@beta", "$SYS/#", false),
        ("mallory@evil", "acme/t/x", false),
    ] {
        let decision = policy.may_subscribe(&directory, user(who), filter);
        assert_eq!(decision.is_allowed(), want, "{who} {filter}: {decision}");
    }
}

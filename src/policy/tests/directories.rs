//! The whole policy over random directories: a filter is allowed exactly when each topic of a finite world
//! that it matches may be received.
//!
//! The world holds, level by level, every name that the table tells apart and a fresh one, one level
//! deeper than the filters; what the policy cannot tell apart needs no further topic. Documented
//! exceptions: a suspension does not narrow filters, and an operator's `$SYS/+/...` is refused beyond need.

use super::containment_model::model_matches;
use super::random::Random;
use super::world::{account, user};
use crate::policy::{Directory, Policy, Reason};

const DIRECTORIES: usize = 60;
const FILTERS: usize = 400;

const PEOPLE: [&str; 5] = [
    "alice@acme",
    "bob@acme",
    "carol@beta",
    "ops@acme",
    "new@acme",
];

/// What stands at each level of a topic.
const LEVELS: [&[&str]; 6] = [
    &["acme", "beta", "fresh", "$SYS", "$CONTROL", ""],
    &["im", "notice", "fresh", "enterprise-push"],
    &["msg", "pres", "acme", "fresh", "v1"],
    &["alice", "carol", "g", "fresh", "response"],
    &["dev", "fresh"],
    &["fresh"],
];

fn topics() -> Vec<String> {
    let mut all = Vec::new();
    let mut heads = vec![String::new()];
    for (depth, names) in LEVELS.iter().enumerate() {
        let longer = |head: &String| {
            let start = if depth == 0 {
                String::new()
            } else {
                format!("{head}/")
            };
            names.iter().map(move |name| format!("{start}{name}"))
        };
        heads = heads.iter().flat_map(longer).collect();
        all.extend(heads.iter().filter(|topic| !topic.is_empty()).cloned());
    }
    all
}

fn filter(random: &mut Random) -> String {
    let mut levels = Vec::new();
    for names in &LEVELS[..1 + random.below(5)] {
        levels.push(if random.once_in(4) {
            "+"
        } else {
            random.pick(names)
        });
    }
    if random.once_in(3) {
        levels.push("#");
    }
    let text = levels.join("/");
    if text.is_empty() {
        "#".to_owned()
    } else {
        text
    }
}

/// Who is in which group, linked, an operator, removed, suspended: all by chance.
fn directory(random: &mut Random) -> Directory {
    let mut directory = Directory::new(10);
    for name in PEOPLE {
        if random.once_in(6) {
            continue;
        }
        let roles: &[&str] = if random.once_in(3) {
            &["operator"]
        } else {
            &[]
        };
        directory.upsert_user(user(name), &account(roles, &[]));
        if random.once_in(8) {
            directory.remove_user(user(name));
        }
    }
    let mut some = |of: &[&'static str]| -> Vec<&'static str> {
        let chosen = of.iter().filter(|_| random.once_in(2));
        chosen.copied().collect()
    };
    directory.group_upserted("acme", "dev", some(&["alice", "bob", "ops", "new"]));
    directory.group_upserted("beta", "dev", some(&["carol"]));
    for other in some(&["alice@acme", "bob@acme"]) {
        directory.partner_linked(user(other), user("carol@beta"));
    }
    if random.once_in(4) {
        directory.suspend_enterprise(random.pick(&["acme", "beta"]));
    }
    directory.set_complete(random.once_in(2));
    directory
}

/// For each topic, whether somebody may receive it, suspensions of its enterprise apart.
fn receivable(policy: &Policy, directory: &Directory, who: &str, topics: &[String]) -> Vec<bool> {
    let may = |topic: &String| {
        let reason = policy.may_receive(directory, user(who), topic).reason();
        reason.is_none_or(|reason| reason == Reason::TopicSuspended)
    };
    topics.iter().map(may).collect()
}

#[test]
fn filter_is_allowed_exactly_when_all_that_it_matches_may_be_received() {
    let mut random = Random::new();
    let seed = random.seed;
    let topics = topics();
    let matched = |filter: &String| -> Vec<usize> {
        let all = topics.iter().enumerate();
        let hits = all.filter(|(_, topic)| model_matches(filter, topic));
        hits.map(|(at, _)| at).collect()
    };
    let filters: Vec<String> = (0..FILTERS).map(|_| filter(&mut random)).collect();
    let sets: Vec<Vec<usize>> = filters.iter().map(matched).collect();
    let policy = Policy::default();
    let (mut asked, mut allowed) = (0, 0);
    for _ in 0..DIRECTORIES {
        let directory = directory(&mut random);
        for who in PEOPLE {
            let may = receivable(&policy, &directory, who, &topics);
            for (filter, set) in filters.iter().zip(&sets) {
                let decision = policy.may_subscribe(&directory, user(who), filter);
                let refused = set.iter().find(|at| !may[**at]).map(|at| &topics[*at]);
                asked += 1;
                allowed += usize::from(decision.is_allowed());
                if decision.is_allowed() {
                    let wrong = format!("{who}: {filter} allowed (POLICY_SEED={seed})");
                    assert_eq!(refused, None, "{wrong}");
                } else if !is_documented(filter, decision.reason()) {
                    let all = format!("{who}: {filter} {decision} (POLICY_SEED={seed})");
                    assert!(refused.is_some(), "{all}");
                }
            }
        }
    }
    let topics = topics.len();
    println!("{asked} questions over {topics} topics, {allowed} allowed");
    assert!(
        asked >= 100_000 && allowed > asked / 100,
        "{allowed} of {asked}"
    );
}

/// Refusals beyond need that docs/policy.md names.
fn is_documented(filter: &str, reason: Option<Reason>) -> bool {
    filter.starts_with("$SYS/+/") || reason == Some(Reason::TopicSuspended)
}

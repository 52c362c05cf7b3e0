//! Explanations: the verdict is the decision's own, and what is named as its source bears it alone.

use super::random::Random;
use super::world::{EVERYBODY, directory, on, policy, user};
use crate::policy::containment::{covered, matches};
use crate::policy::explain::{Lacks, ROWS, Source};
use crate::policy::{
    Action, Decision, Directory, Explanation, Filter, Kind, Policy, Reason, Rules, Standing,
    Subject,
};

/// Cases that are compared.
const CASES: usize = 60_000;
const WORDS: [&str; 18] = [
    "acme", "beta", "frozen", "evil", "im", "msg", "pres", "sig", "g", "notice", "news", "alice",
    "carol", "dev", "$SYS", "", "t", "broker",
];
const STARTS: [&str; 12] = [
    "acme/im/msg",
    "acme/im/pres",
    "acme/im/msg/g",
    "acme/notice",
    "beta/im/pres",
    "beta/im/msg",
    "frozen/im/sig",
    "$SYS/notice",
    "$SYS/broker",
    "acme/t",
    "beta/t",
    "$CONTROL/enterprise-push/v1",
];
const DEVICES: [&str; 4] = ["", "pc", "phone", "x"];

const RULES: [&str; 6] = [
    r##"{"name":"own","allow":["publish","subscribe","receive"],"topics":["{eid}/t/{uid}/+","{eid}/t/+","{eid}/t/+/+/+/#"]}"##,
    r##"{"name":"group","allow":["subscribe","receive"],"topics":["{eid}/g/{gid}/#"]}"##,
    r##"{"name":"device","who":{"kinds":["phone"]},"allow":["publish"],"topics":["{eid}/t/dev-{device}/#"]}"##,
    r##"{"name":"bob","who":{"users":["bob@acme"]},"cross_enterprise":true,"allow":["subscribe","receive"],"topics":["beta/t/#","frozen/t/#","$SYS/#"]}"##,
    r##"{"name":"all","who":{"users":["dan@beta"]},"cross_enterprise":true,"allow":["subscribe","receive"],"topics":["+","+/+/#"]}"##,
    r##"{"name":"editors","who":{"roles":["editor"],"eids":["acme"]},"allow":["publish","subscribe","receive"],"topics":["acme/im/msg/+/+/#","acme/notice/+"]}"##,
];

fn one_rule(index: usize) -> Policy {
    policy(RULES[index])
}

/// A topic, or a filter when it may be one.
fn topic(random: &mut Random, wildcards: bool) -> String {
    let mut levels: Vec<String> = Vec::new();
    if !random.once_in(3) {
        levels.push(random.pick(&STARTS).to_owned());
    }
    let more = random.below(4);
    for _ in 0..more {
        let wild = wildcards && random.once_in(3);
        levels.push(if wild {
            "+".to_owned()
        } else {
            random.pick(&WORDS).to_owned()
        });
    }
    if wildcards && random.once_in(3) {
        levels.push("#".to_owned());
    }
    if wildcards && random.once_in(8) {
        levels.insert(0, "$share/desk".to_owned());
    }
    levels.join("/")
}

fn decide(
    policy: &Policy,
    directory: &Directory,
    subject: Subject<'_>,
    action: Action,
    topic: &str,
) -> Decision {
    match action {
        Action::Publish => policy.may_publish(directory, subject, topic),
        Action::Receive => policy.may_receive(directory, subject, topic),
        Action::Subscribe => policy.may_subscribe(directory, subject, topic),
    }
}

/// Directories that differ in what they know.
fn directories() -> [Directory; 3] {
    let mut complete = directory();
    complete.set_complete(true);
    [directory(), complete, Directory::new(10)]
}

#[test]
fn verdict_is_the_decisions_own_and_its_source_bears_it() {
    let (whole, directories) = (policy(&RULES.join(",")), directories());
    let mut random = Random::new();
    let (mut allowed, mut together, mut examples, mut by_rule) = (0, 0, 0, 0);
    for _ in 0..CASES {
        let directory = &directories[random.below(3)];
        let action = [Action::Publish, Action::Receive, Action::Subscribe][random.below(3)];
        let topic = topic(&mut random, action == Action::Subscribe);
        let kind = [None, Some(Kind::Pc), Some(Kind::Phone)][random.below(3)];
        let who = if random.once_in(12) {
            "new@acme"
        } else {
            random.pick(&EVERYBODY)
        };
        let subject = Subject {
            kind,
            ..on(who, random.pick(&DEVICES), Kind::Pc)
        };
        let told = whole.explain(directory, subject, action, &topic);
        let case = format!(
            "{who} {action:?} {topic} (POLICY_SEED={}): {told:?}",
            random.seed
        );
        let decision = decide(&whole, directory, subject, action, &topic);
        assert_eq!(told.decision, decision, "{case}");
        check_source(&told, directory, subject, action, &topic, &case);
        allowed += usize::from(decision.is_allowed());
        together += usize::from(matches!(told.source, Source::Together(_)));
        by_rule += usize::from(matches!(told.source, Source::PolicyFile(_)));
        examples += usize::from(told.example.is_some());
        if let Some(example) = &told.example {
            let filter = Filter::parse(&topic).unwrap();
            assert!(matches(filter.topics(), example), "{case}");
            assert!(
                !whole.may_receive(directory, subject, example).is_allowed(),
                "{case}"
            );
        } else if decision.reason() == Some(Reason::FilterTooWide) {
            // The one kind of filter that is refused beyond need (docs/policy.md).
            assert!(topic.contains("$SYS/+/"), "no example: {case}");
        }
    }
    println!("{allowed} allowed, {by_rule} by a rule, {together} together, {examples} examples");
    assert!(allowed > CASES / 10 && by_rule > 100 && together > 100 && examples > 100);
}

fn check_source(
    told: &Explanation,
    directory: &Directory,
    subject: Subject<'_>,
    action: Action,
    topic: &str,
    case: &str,
) {
    let allowed = told.decision.is_allowed();
    let alone = |policy: &Policy| decide(policy, directory, subject, action, topic).is_allowed();
    match &told.source {
        Source::Directory => {
            let active = directory.find(subject.user).standing() == Standing::Active;
            let suspended = told.decision.reason() == Some(Reason::TopicSuspended);
            assert!(!allowed && (!active || suspended), "{case}");
        }
        Source::DefaultTable(row) => {
            assert!(ROWS.contains(row), "{case}");
            assert_eq!(alone(&Policy::default()), allowed, "{case}");
        }
        Source::PolicyFile(rule) => {
            assert!(allowed && !alone(&Policy::default()), "{case}");
            let index = usize::from(rule.index);
            assert!(alone(&one_rule(index)), "{case}");
            assert!(
                RULES[index].contains(&format!("{:?}", rule.topic)),
                "{case}"
            );
            // The first that gives it.
            assert!((0..index).all(|before| !alone(&one_rule(before))), "{case}");
        }
        Source::Together(parts) => {
            let filter = Filter::parse(topic).unwrap();
            let patterns = parts.iter().map(|part| part.pattern.as_str());
            assert!(allowed && covered(filter.topics(), patterns), "{case}");
        }
        Source::Malformed | Source::Nothing => assert!(!allowed, "{case}"),
    }
    assert!(!allowed || told.near_misses.is_empty(), "{case}");
}

#[test]
fn rows_are_those_of_the_documentation() {
    let page = include_str!("../../../docs/policy.md");
    let table = page.split("## The default table").nth(1).unwrap();
    let table = table.split("\n- ").next().unwrap();
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .skip(1);
    let told: Vec<String> = rows
        .map(|row| row.split(" | ").next().unwrap().replace('`', ""))
        .collect();
    assert_eq!(told, ROWS);
}

#[test]
fn rules_are_named_with_their_lines() {
    let text = "{\"version\": 1,\n \"rules\": [\n {\"name\": \"a\", \"allow\": [\"receive\"],\n \"topics\": [\"{eid}/a\"]},\n\n\
                {\"name\": \"b\", \"allow\": [\"receive\"], \"topics\": [\"{eid}/x/+\", \"{eid}/b\"]}\n]}";
    let policy = Policy::new(Rules::parse(text).unwrap());
    let (directory, alice) = (directory(), user("alice@acme"));
    for (topic, line, name, given) in [("acme/a", 3, "a", "{eid}/a"), ("acme/b", 6, "b", "{eid}/b")]
    {
        let told = policy.explain(&directory, alice, Action::Receive, topic);
        let Source::PolicyFile(rule) = told.source else {
            panic!("{told:?}")
        };
        assert_eq!(
            (rule.line, rule.name.as_str(), rule.topic.as_str()),
            (line, name, given)
        );
    }
}

#[test]
fn facts_name_what_the_directory_says() {
    let (directory, policy) = (directory(), Policy::default());
    for (who, action, topic, want) in [
        (
            "alice@acme",
            Action::Receive,
            "beta/im/pres/carol",
            "alice@acme and carol@beta are linked as partners",
        ),
        (
            "bob@acme",
            Action::Publish,
            "beta/im/msg/carol",
            "bob@acme and carol@beta are not linked as partners",
        ),
        (
            "alice@acme",
            Action::Subscribe,
            "acme/im/msg/g/dev",
            "alice@acme is one of 2 members of the group dev@acme",
        ),
        (
            "editor@acme",
            Action::Receive,
            "acme/im/msg/g/dev",
            "editor@acme is not among the 2 members of the group dev@acme",
        ),
        (
            "alice@acme",
            Action::Receive,
            "acme/im/msg/g/ops",
            "the group ops@acme is not known, or has nobody in it",
        ),
        (
            "editor@acme",
            Action::Publish,
            "acme/notice/news",
            "editor@acme has the channels canteen, news/#",
        ),
        (
            "alice@acme",
            Action::Publish,
            "acme/notice/news",
            "alice@acme has no channels",
        ),
        (
            "ops@acme",
            Action::Receive,
            "$SYS/broker/uptime",
            "ops@acme has the role operator",
        ),
        (
            "editor@acme",
            Action::Receive,
            "$SYS/broker/uptime",
            "editor@acme has the roles editor",
        ),
        (
            "gone@acme",
            Action::Receive,
            "acme/im/msg/gone",
            "the directory says that gone@acme was removed",
        ),
        (
            "sam@frozen",
            Action::Receive,
            "acme/im/pres/alice",
            "the directory says that enterprise frozen is suspended",
        ),
        (
            "alice@acme",
            Action::Receive,
            "frozen/im/pres/sam",
            "the directory says that enterprise frozen is suspended",
        ),
        (
            "new@acme",
            Action::Receive,
            "acme/notice/x",
            "nothing is known of new@acme, and the directory is not complete: the rights of the name alone count",
        ),
    ] {
        let told = policy.explain(&directory, user(who), action, topic);
        assert!(
            told.facts.iter().any(|fact| fact == want),
            "{who} {topic}: {:?}",
            told.facts
        );
    }
}

#[test]
fn near_misses_say_what_a_rule_lacks() {
    let (directory, policy) = (directory(), policy(&RULES.join(",")));
    for (subject, action, topic, name, lacks) in [
        (
            on("alice@acme", "pc", Kind::Pc),
            Action::Publish,
            "acme/t/dev-pc/x",
            "device",
            Lacks::Kind,
        ),
        (
            on("alice@acme", "pc", Kind::Pc),
            Action::Publish,
            "acme/notice/news",
            "editors",
            Lacks::Role,
        ),
        (
            on("alice@acme", "pc", Kind::Pc),
            Action::Receive,
            "beta/t/x",
            "bob",
            Lacks::User,
        ),
        (
            on("bob@acme", "pc", Kind::Pc),
            Action::Publish,
            "acme/g/dev/x",
            "group",
            Lacks::Action,
        ),
        (
            on("mallory@evil", "pc", Kind::Pc),
            Action::Receive,
            "acme/notice/x",
            "editors",
            Lacks::Enterprise,
        ),
    ] {
        let told = policy.explain(&directory, subject, action, topic);
        assert!(!told.decision.is_allowed(), "{topic}");
        let found = told.near_misses.iter().find(|miss| miss.rule.name == name);
        assert_eq!(
            found.map(|miss| miss.lacks),
            Some(lacks),
            "{topic}: {:?}",
            told.near_misses
        );
    }
}

#[test]
fn filters_are_explained_by_what_covers_them_or_by_an_example() {
    let (directory, policy) = (directory(), policy(&RULES.join(",")));
    let told = |who, filter| policy.explain(&directory, user(who), Action::Subscribe, filter);
    let one = told("alice@acme", "$share/desk/acme/notice/news/#").source;
    let Source::Together(parts) = one else {
        panic!("{one:?}")
    };
    assert_eq!(parts.len(), 1);
    assert_eq!(
        parts[0].source,
        Source::DefaultTable("{eid}/notice/{channel...}")
    );
    let several = told("dan@beta", "#").source;
    let Source::Together(parts) = several else {
        panic!("{several:?}")
    };
    let mut patterns: Vec<&str> = parts.iter().map(|part| part.pattern.as_str()).collect();
    patterns.sort_unstable();
    assert_eq!(patterns, ["+", "+/+/#"]);
    let refused = told("alice@acme", "acme/im/msg/#");
    assert_eq!(refused.example.as_deref(), Some("acme/im/msg/other"));
    assert_eq!(refused.source, Source::Nothing);
}

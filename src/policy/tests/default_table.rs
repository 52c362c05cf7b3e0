//! The table of DESIGN section 4, exhaustively: everybody x publish, receive, subscribe x topics.
//!
//! A row lists who may; everybody else of the world must be denied. Subscribing to a topic name must
//! answer as receiving does, also inside `$share`.

use super::world::{EVERYBODY, directory, user};
use crate::policy::{Decision, Directory, Policy, Reason, RuleId};

const ACME: &[&str] = &["alice@acme", "bob@acme", "editor@acme", "ops@acme"];
const BETA: &[&str] = &["carol@beta", "dan@beta"];
const ALL: &[&str] = &[
    "alice@acme",
    "bob@acme",
    "editor@acme",
    "ops@acme",
    "carol@beta",
    "dan@beta",
    "mallory@evil",
];
const NOBODY: &[&str] = &[];

/// topic, who publishes, who receives
#[rustfmt::skip]
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("acme/im/msg/alice", &["alice@acme", "bob@acme", "editor@acme", "ops@acme", "carol@beta"], &["alice@acme"]),
    ("acme/im/msg/bob", ACME, &["bob@acme"]),
    ("acme/im/msg/gone", ACME, NOBODY),
    ("acme/im/msg/nobody", ACME, NOBODY),
    ("beta/im/msg/carol", &["alice@acme", "carol@beta", "dan@beta"], &["carol@beta"]),
    ("beta/im/msg/dan", BETA, &["dan@beta"]),
    ("evil/im/msg/mallory", &["mallory@evil"], &["mallory@evil"]),
    ("frozen/im/msg/sam", NOBODY, NOBODY),
    ("acme/im/msg/mallory", ACME, NOBODY),
    ("acme/im/msg/g/dev", &["alice@acme", "bob@acme"], &["alice@acme", "bob@acme"]),
    ("beta/im/msg/g/dev", &["dan@beta"], &["dan@beta"]),
    ("frozen/im/msg/g/dev", NOBODY, NOBODY),
    ("acme/im/msg/g/none", NOBODY, NOBODY),
    ("acme/im/pres/alice", &["alice@acme"], &["alice@acme", "bob@acme", "editor@acme", "ops@acme", "carol@beta"]),
    ("acme/im/pres/bob", &["bob@acme"], ACME),
    ("acme/im/pres/gone", NOBODY, ACME),
    ("beta/im/pres/carol", &["carol@beta"], &["alice@acme", "carol@beta", "dan@beta"]),
    ("frozen/im/pres/sam", NOBODY, NOBODY),
    ("acme/im/sig/alice", &["alice@acme"], &["alice@acme", "bob@acme", "editor@acme", "ops@acme", "carol@beta"]),
    ("beta/im/sig/dan", &["dan@beta"], BETA),
    ("acme/notice/news", &["editor@acme"], ACME),
    ("acme/notice/news/today/1", &["editor@acme"], ACME),
    ("acme/notice/canteen", &["editor@acme"], ACME),
    ("acme/notice/canteen/menu", NOBODY, ACME),
    ("acme/notice/newspaper", NOBODY, ACME),
    ("acme/notice", NOBODY, ACME),
    ("acme/notice/", NOBODY, ACME),
    ("acme/notice//", NOBODY, ACME),
    ("beta/notice/news", NOBODY, BETA),
    ("evil/notice/any", &["mallory@evil"], &["mallory@evil"]),
    ("frozen/notice/news", NOBODY, NOBODY),
    ("$SYS/notice", NOBODY, ALL),
    ("$SYS/notice/acme", NOBODY, ACME),
    ("$SYS/notice/beta", NOBODY, BETA),
    ("$SYS/notice/frozen", NOBODY, NOBODY),
    ("$SYS/notice/acme/alice", NOBODY, &["alice@acme"]),
    ("$SYS/notice/acme/gone", NOBODY, NOBODY),
    ("$SYS/notice/acme/alice/x", NOBODY, NOBODY),
    ("$SYS/notice/", NOBODY, NOBODY),
    ("$SYS", NOBODY, &["ops@acme"]),
    ("$SYS/broker/uptime", NOBODY, &["ops@acme"]),
    ("$SYS/noticed", NOBODY, &["ops@acme"]),
    ("$CONTROL/enterprise-push/v1", &["ops@acme"], NOBODY),
    ("$CONTROL/enterprise-push/v1/response", NOBODY, &["ops@acme"]),
    ("$CONTROL/enterprise-push/v2", NOBODY, NOBODY),
    ("$CONTROL/dynamic-security/v1", NOBODY, NOBODY),
    ("$other/x", NOBODY, NOBODY),
    ("$share/g/acme/notice/news", NOBODY, NOBODY),
    ("acme", NOBODY, NOBODY),
    ("acme/", NOBODY, NOBODY),
    ("/", NOBODY, NOBODY),
    ("/acme/im/msg/alice", NOBODY, NOBODY),
    ("acme/im/msg/alice/", NOBODY, NOBODY),
    ("acme/im/msg/alice/x", NOBODY, NOBODY),
    ("acme/im/msg", NOBODY, NOBODY),
    ("acme/im/msg/", NOBODY, NOBODY),
    ("acme/im/msg/g/", NOBODY, NOBODY),
    ("acme/im/msg/g/dev/x", NOBODY, NOBODY),
    ("acme/im/pres", NOBODY, NOBODY),
    ("acme/im/pres/", NOBODY, ACME),
    ("acme/im/pres/alice/x", NOBODY, NOBODY),
    ("acme//im/pres/alice", NOBODY, NOBODY),
    ("ACME/notice/news", NOBODY, NOBODY),
    ("acme/x", NOBODY, NOBODY),
    ("anything", NOBODY, NOBODY),
];

/// filter with wildcards, who may subscribe
#[rustfmt::skip]
const FILTERS: &[(&str, &[&str])] = &[
    ("acme/notice/#", ACME),
    ("acme/notice/+", ACME),
    ("acme/notice/+/x/#", ACME),
    ("acme/notice/news/#", ACME),
    ("acme/im/pres/+", ACME),
    ("acme/im/sig/+", ACME),
    ("beta/notice/#", BETA),
    ("beta/im/pres/+", BETA),
    ("evil/im/pres/+", &["mallory@evil"]),
    ("frozen/notice/#", NOBODY),
    ("frozen/im/pres/+", NOBODY),
    ("#", NOBODY),
    ("+", NOBODY),
    ("/#", NOBODY),
    ("+/#", NOBODY),
    ("+/notice/#", NOBODY),
    ("+/im/pres/alice", NOBODY),
    ("+/im/msg/alice", NOBODY),
    ("+/+/+/alice", NOBODY),
    ("acme/#", NOBODY),
    ("acme/+", NOBODY),
    ("acme/+/#", NOBODY),
    ("acme/+/news", NOBODY),
    ("acme/im/#", NOBODY),
    ("acme/im/+/alice", NOBODY),
    ("acme/im/+/+", NOBODY),
    ("acme/im/msg/#", NOBODY),
    ("acme/im/msg/+", NOBODY),
    ("acme/im/msg/alice/#", NOBODY),
    ("acme/im/msg/g/+", NOBODY),
    ("acme/im/msg/g/#", NOBODY),
    ("acme/im/msg/g/dev/#", NOBODY),
    ("acme/im/pres/#", NOBODY),
    ("acme/im/pres/+/#", NOBODY),
    ("acme/im/pres/+/x", NOBODY),
    ("acme/im/pres/alice/#", NOBODY),
    ("acme/im/sig/#", NOBODY),
    ("$SYS/#", NOBODY),
    ("$SYS/+", &["ops@acme"]),
    ("$SYS/broker/#", &["ops@acme"]),
    ("$SYS/broker/+/+", &["ops@acme"]),
    ("$SYS/+/uptime", NOBODY),
    ("$SYS/notice/#", NOBODY),
    ("$SYS/notice/+", NOBODY),
    ("$SYS/notice/acme/#", NOBODY),
    ("$SYS/notice/acme/+", NOBODY),
    ("$SYS/notice/+/alice", NOBODY),
    ("$SYS/notice/acme/alice/#", NOBODY),
    ("$CONTROL/#", NOBODY),
    ("$CONTROL/enterprise-push/#", NOBODY),
    ("$CONTROL/enterprise-push/v1/#", NOBODY),
    ("$CONTROL/enterprise-push/v1/+", NOBODY),
];

fn check(row: &str, may: &[&str], decide: impl Fn(&str) -> Decision) {
    for who in EVERYBODY {
        let decision = decide(who);
        assert_eq!(
            decision.is_allowed(),
            may.contains(&who),
            "{who} {row}: {decision}"
        );
    }
}

fn check_subscribe(directory: &Directory, filter: &str, may: &[&str]) {
    let policy = Policy::default();
    for text in [filter.to_owned(), format!("$share/g/{filter}")] {
        let decide = |who: &str| policy.may_subscribe(directory, user(who), &text);
        check(&format!("subscribes {text}"), may, decide);
    }
    let nested = format!("$share/g/$share/g/{filter}");
    check(&nested, NOBODY, |who| {
        policy.may_subscribe(directory, user(who), &nested)
    });
}

#[test]
fn every_topic_of_the_table_is_for_those_listed_and_nobody_else() {
    let (directory, policy) = (directory(), Policy::default());
    for (topic, publishers, receivers) in TABLE {
        let publish = |who: &str| policy.may_publish(&directory, user(who), topic);
        check(&format!("publishes {topic}"), publishers, publish);
        let receive = |who: &str| policy.may_receive(&directory, user(who), topic);
        check(&format!("receives {topic}"), receivers, receive);
        if !topic.starts_with("$share") {
            check_subscribe(&directory, topic, receivers);
        }
    }
}

#[test]
fn every_wildcard_filter_is_for_those_listed_and_nobody_else() {
    let directory = directory();
    for (filter, subscribers) in FILTERS {
        check_subscribe(&directory, filter, subscribers);
    }
}

#[test]
fn malformed_topics_and_filters_are_denied() {
    let (directory, policy) = (directory(), Policy::default());
    for topic in [
        "",
        "acme/notice/+",
        "acme/notice/a#",
        "acme/notice/x\0",
        "a/+",
        "\0",
    ] {
        for who in EVERYBODY {
            assert!(
                !policy
                    .may_publish(&directory, user(who), topic)
                    .is_allowed(),
                "{topic}"
            );
            assert!(
                !policy
                    .may_receive(&directory, user(who), topic)
                    .is_allowed(),
                "{topic}"
            );
        }
    }
    for filter in [
        "",
        "acme/notice/#/x",
        "acme/notice/a+",
        "$share/g",
        "$share//acme/notice/#",
        "$share/+/acme/notice/a",
    ] {
        let decision = policy.may_subscribe(&directory, user("alice@acme"), filter);
        assert!(
            matches!(decision, Decision::Deny(Reason::BadFilter(_))),
            "{filter}: {decision}"
        );
    }
    assert_eq!(
        policy.may_unsubscribe(),
        Decision::Allow(RuleId::Unsubscribe)
    );
}

#[test]
fn each_denial_says_why() {
    let (directory, policy) = (directory(), Policy::default());
    for (who, topic, why) in [
        ("gone@acme", "acme/im/msg/alice", Reason::Removed),
        ("sam@frozen", "frozen/im/msg/sam", Reason::Suspended),
        ("alice@acme", "frozen/im/msg/sam", Reason::TopicSuspended),
        ("mallory@evil", "acme/im/msg/alice", Reason::OtherEnterprise),
        ("mallory@evil", "acme/im/msg/g/dev", Reason::OtherEnterprise),
        ("editor@acme", "acme/im/msg/g/dev", Reason::NotMember),
        ("bob@acme", "acme/im/pres/alice", Reason::NotOwnStatus),
        ("bob@acme", "acme/notice/news", Reason::NoChannel),
        ("ops@acme", "$SYS/x", Reason::SystemTopic),
        (
            "bob@acme",
            "$CONTROL/enterprise-push/v1",
            Reason::NotOperator,
        ),
        (
            "ops@acme",
            "$CONTROL/enterprise-push/v1/response",
            Reason::ControlResponse,
        ),
        ("bob@acme", "acme/x", Reason::NoRule),
    ] {
        let decision = policy.may_publish(&directory, user(who), topic);
        assert_eq!(decision, Decision::Deny(why), "{who} {topic}");
        assert_eq!(decision.denial(), Some(why.to_string()));
    }
    let receive = |who, topic| policy.may_receive(&directory, user(who), topic).reason();
    assert_eq!(
        receive("bob@acme", "acme/im/msg/alice"),
        Some(Reason::NotOwner)
    );
    assert_eq!(
        receive("bob@acme", "$SYS/notice/beta"),
        Some(Reason::OthersNotice)
    );
    let text = policy
        .may_subscribe(&directory, user("bob@acme"), "acme/#")
        .to_string();
    assert_eq!(
        text,
        "denied: the filter can match topics that are not allowed"
    );
}

#[test]
fn rights_end_with_the_link_the_membership_and_the_suspension() {
    let (mut directory, policy) = (directory(), Policy::default());
    let may = |d: &Directory, who, topic| policy.may_receive(d, user(who), topic).is_allowed();
    directory.partner_unlinked(user("carol@beta"), user("alice@acme"));
    assert!(!may(&directory, "carol@beta", "acme/im/pres/alice"));
    assert!(
        !policy
            .may_publish(&directory, user("carol@beta"), "acme/im/msg/alice")
            .is_allowed()
    );
    directory.group_upserted("acme", "dev", ["bob"]);
    assert!(!may(&directory, "alice@acme", "acme/im/msg/g/dev"));
    assert!(may(&directory, "bob@acme", "acme/im/msg/g/dev"));
    directory.group_removed("acme", "dev");
    assert!(!may(&directory, "bob@acme", "acme/im/msg/g/dev"));
    directory.restore_enterprise("frozen");
    assert!(may(&directory, "sam@frozen", "frozen/im/msg/g/dev"));
    assert!(may(&directory, "sam@frozen", "acme/im/pres/alice"));
    directory.upsert_user(user("gone@acme"), &Default::default());
    assert!(may(&directory, "gone@acme", "acme/im/msg/gone"));
}

#[test]
fn strangers_have_the_rights_of_their_name_until_the_directory_is_complete() {
    let (mut directory, policy) = (directory(), Policy::default());
    let may = |d: &Directory, topic| policy.may_receive(d, user("new@acme"), topic).is_allowed();
    for topic in [
        "acme/im/msg/new",
        "acme/notice/news",
        "acme/im/pres/alice",
        "$SYS/notice/acme/new",
    ] {
        assert!(may(&directory, topic), "{topic}");
    }
    for topic in [
        "acme/im/msg/g/dev",
        "beta/im/pres/carol",
        "$SYS/broker/uptime",
    ] {
        assert!(!may(&directory, topic), "{topic}");
    }
    directory.set_complete(true);
    assert!(!may(&directory, "acme/im/msg/new"));
    assert!(
        policy
            .may_receive(&directory, user("alice@acme"), "acme/im/msg/alice")
            .is_allowed()
    );
}

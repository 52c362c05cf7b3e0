//! The policy file: what its rules give, and what every bad file is told.

use super::world::{account, directory, on, policy, user};
use crate::policy::rules::{MAX_FILE_BYTES, MAX_RULES};
use crate::policy::{Decision, Directory, Kind, Kinds, RuleId, Rules};

const TELEMETRY: &str = r##"{"name":"sensor telemetry","who":{"roles":["sensor"],"kinds":["service"],"eids":["acme"]},
    "allow":["publish","subscribe","receive"],"topics":["{eid}/telemetry/{uid}/#","{eid}/dev-{device}"]}"##;

fn with_sensor() -> Directory {
    let mut directory = directory();
    directory.upsert_user(user("s1@acme"), &account(&["sensor"], &[]));
    directory.upsert_user(user("s1@beta"), &account(&["sensor"], &[]));
    directory
}

#[test]
fn a_rule_gives_what_it_says_to_whom_it_says() {
    let (directory, policy) = (with_sensor(), policy(TELEMETRY));
    let sensor = on("s1@acme", "d1", Kind::Service);
    for (subject, topic, want) in [
        (sensor, "acme/telemetry/s1/temp", true),
        (sensor, "acme/telemetry/s1", true),
        (sensor, "acme/dev-d1", true),
        (sensor, "acme/dev-d2", false),
        (sensor, "acme/telemetry/s2/temp", false),
        (sensor, "beta/telemetry/s1/temp", false),
        (
            on("s1@acme", "d1", Kind::Pc),
            "acme/telemetry/s1/temp",
            false,
        ),
        (
            on("s1@beta", "d1", Kind::Service),
            "beta/telemetry/s1/temp",
            false,
        ),
        (
            on("alice@acme", "d1", Kind::Service),
            "acme/telemetry/alice/temp",
            false,
        ),
    ] {
        for decision in [
            policy.may_publish(&directory, subject, topic),
            policy.may_receive(&directory, subject, topic),
            policy.may_subscribe(&directory, subject, topic),
        ] {
            assert_eq!(
                decision.is_allowed(),
                want,
                "{subject:?} {topic}: {decision}"
            );
        }
    }
    let decision = policy.may_publish(&directory, sensor, "acme/telemetry/s1/temp");
    assert_eq!(decision, Decision::Allow(RuleId::PolicyFile(0)));
    assert_eq!(policy.rules().name(0), Some("sensor telemetry"));
    assert!(
        policy
            .may_subscribe(&directory, sensor, "acme/telemetry/s1/+/x")
            .is_allowed()
    );
    assert!(
        !policy
            .may_subscribe(&directory, sensor, "acme/telemetry/#")
            .is_allowed()
    );
}

#[test]
fn without_a_session_the_kinds_that_were_seen_count() {
    let (mut directory, policy) = (with_sensor(), policy(TELEMETRY));
    let topic = "acme/telemetry/s1/temp";
    assert!(
        !policy
            .may_publish(&directory, user("s1@acme"), topic)
            .is_allowed()
    );
    let mut account = account(&["sensor"], &[]);
    account.kinds = Kinds::NONE.with(Kind::Service);
    directory.upsert_user(user("s1@acme"), &account);
    assert!(
        policy
            .may_publish(&directory, user("s1@acme"), topic)
            .is_allowed()
    );
}

#[test]
fn a_rule_lifts_neither_removal_nor_suspension() {
    let everything = r##"{"name":"all","cross_enterprise":true,"allow":["publish","subscribe","receive"],"topics":["#"]}"##;
    let (directory, policy) = (directory(), policy(everything));
    for (who, topic, want) in [
        ("gone@acme", "acme/x", false),
        ("sam@frozen", "acme/x", false),
        ("alice@acme", "frozen/x", false),
        ("alice@acme", "beta/x", true),
        ("alice@acme", "$SYS/broker/x", false),
        ("alice@acme", "$CONTROL/dynamic-security/v1", false),
    ] {
        assert_eq!(
            policy
                .may_publish(&directory, user(who), topic)
                .is_allowed(),
            want,
            "{who} {topic}"
        );
        assert_eq!(
            policy
                .may_receive(&directory, user(who), topic)
                .is_allowed(),
            want,
            "{who} {topic}"
        );
    }
}

fn refusal(text: &str) -> String {
    Rules::parse(text).unwrap_err().to_string()
}

fn rule_refusal(rule: &str) -> String {
    refusal(&format!(
        "{{\"version\":1,\"rules\":[\n{{\"name\":\"ok\",\"allow\":[\"publish\"],\"topics\":[\"{{eid}}/x\"]}},\n{rule}\n]}}"
    ))
}

#[test]
fn a_bad_file_is_refused_with_line_and_reason() {
    for (text, want) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("[]", "invalid length 0"),
        ("{\"version\":1}", "missing field `rules` at line 1"),
        ("{\"rules\":[]}", "missing field `version`"),
        (
            "{\"version\":2,\"rules\":[]}",
            "version 2, want 1 at line 1",
        ),
        ("{\"version\":1,\"rules\":{}}", "a list of rules"),
        (
            "{\"version\":1,\"rules\":[],\n\"more\":1}",
            "unknown field `more`, expected `version` or `rules` at line 2",
        ),
        ("{\"version\":1,\"rules\":[]} x", "trailing characters"),
    ] {
        let got = refusal(text);
        assert!(got.contains(want), "{text}: {got}");
    }
    let long = " ".repeat(MAX_FILE_BYTES + 1);
    assert!(refusal(&long).contains("1048577 bytes"));
}

#[test]
fn a_bad_rule_is_refused_with_its_index_its_line_and_its_name() {
    for (rule, want) in [
        (
            r#"{"allow":["publish"],"topics":["{eid}/x"]}"#,
            "missing field `name`",
        ),
        (
            r#"{"name":"","allow":["publish"],"topics":["{eid}/x"]}"#,
            "want 1 to 128 printable bytes",
        ),
        (
            r#"{"name":"ok","allow":["publish"],"topics":["{eid}/x"]}"#,
            "\"ok\": the name is used twice",
        ),
        (
            r#"{"name":"n","allow":[],"topics":["{eid}/x"]}"#,
            "\"n\": allow is empty",
        ),
        (
            r#"{"name":"n","allow":["subscribe"],"topics":["{eid}/x"]}"#,
            "\"n\": subscribe without receive",
        ),
        (
            r#"{"name":"n","allow":["write"],"topics":["{eid}/x"]}"#,
            "unknown variant `write`",
        ),
        (
            r#"{"name":"n","allow":"publish","topics":["{eid}/x"]}"#,
            "invalid type: string",
        ),
        (
            r#"{"name":"n","allow":["publish"],"topics":[]}"#,
            "\"n\": topics is empty",
        ),
        (
            r#"{"name":"n","allow":["publish"],"topics":[7]}"#,
            "invalid type: integer `7`",
        ),
        (
            r#"{"name":"n","allow":["publish"],"topics":["{eid}/{who}"]}"#,
            "unknown variable {who}",
        ),
        (
            r#"{"name":"n","allow":["publish"],"topics":["{eid}/a+"]}"#,
            "a wildcard must be a whole level",
        ),
        (
            r#"{"name":"n","allow":["publish"],"topics":["{eid}/x"],"deny":[]}"#,
            "unknown field `deny`",
        ),
        (
            r#"{"name":"n","who":{"role":["x"]},"allow":["publish"],"topics":["{eid}/x"]}"#,
            "unknown field `role`",
        ),
        (
            r#"{"name":"n","who":{"roles":[]},"allow":["publish"],"topics":["{eid}/x"]}"#,
            "who.roles is empty",
        ),
        (
            r#"{"name":"n","who":{"kinds":["tv"]},"allow":["publish"],"topics":["{eid}/x"]}"#,
            "unknown variant `tv`",
        ),
        (
            r#"{"name":"n","who":{"eids":["a/b"]},"allow":["publish"],"topics":["{eid}/x"]}"#,
            "\"a/b\": eid holds",
        ),
        (
            r#"{"name":"n","who":{"users":["bob"]},"allow":["publish"],"topics":["{eid}/x"]}"#,
            "want uid@eid",
        ),
        (
            r#"{"name":"n","allow":["publish"],"topics":["$share/g/{eid}/x"]}"#,
            "$share does not belong here",
        ),
        (
            r#"{"name":"n","allow":["publish"],"cross_enterprise":1,"topics":["{eid}/x"]}"#,
            "expected a boolean",
        ),
    ] {
        let got = rule_refusal(rule);
        assert!(got.contains(want), "{rule}: {got}");
        assert!(got.starts_with("rule 1: "), "{got}");
        assert!(got.contains(" at line 3 column "), "{got}");
    }
}

#[test]
fn rules_stay_inside_the_enterprise_unless_told_otherwise() {
    let beyond = "reaches beyond the user's own enterprise";
    for (topic, who, allow, want) in [
        ("{eid}/x", "{}", "publish", None),
        ("acme/x", r#"{"eids":["acme"]}"#, "publish", None),
        (
            "acme/x",
            r#"{"eids":["acme","beta"]}"#,
            "publish",
            Some(beyond),
        ),
        ("acme/x", "{}", "publish", Some(beyond)),
        ("{uid}/x", "{}", "publish", Some(beyond)),
        ("{eid}x/y", "{}", "publish", Some(beyond)),
        ("+/x", "{}", "receive", Some(beyond)),
        ("#", "{}", "receive", Some(beyond)),
        ("/x/#", "{}", "receive", None),
        ("two words/#", "{}", "receive", None),
        ("$SYS/broker/#", "{}", "receive", None),
        ("$SYS/#", "{}", "receive", Some("system notices for others")),
        ("$SYS/+", "{}", "receive", Some("system notices for others")),
        (
            "$SYS/notice/acme/#",
            "{}",
            "receive",
            Some("system notices for others"),
        ),
        ("$SYS/notice/{eid}/#", "{}", "receive", None),
        ("$SYS/broker/x", "{}", "publish", Some("publish below $SYS")),
        ("$CONTROL/dynamic-security/v1", "{}", "publish", None),
        (
            "$CONTROL/+/v1",
            "{}",
            "publish",
            Some("must be spelled out"),
        ),
        ("$CONTROL/#", "{}", "receive", Some("must be spelled out")),
        ("$CONTROL", "{}", "receive", Some("must be spelled out")),
        (
            "$CONTROL/enterprise-push/v1",
            "{}",
            "publish",
            Some("role operator only"),
        ),
        ("$S{uid}/x", "{}", "receive", Some("must be spelled out")),
        ("$lab/x", "{}", "publish", None),
    ] {
        let rule = |cross: &str| {
            format!(
                r#"{{"version":1,"rules":[{{"name":"n","who":{who},"allow":["{allow}"],"topics":["{topic}"]{cross}}}]}}"#
            )
        };
        match (Rules::parse(&rule("")), want) {
            (Ok(_), None) => {}
            (Err(error), Some(want)) => {
                assert!(error.to_string().contains(want), "{topic}: {error}")
            }
            (got, want) => panic!("{topic} {who}: {got:?}, want {want:?}"),
        }
        let liftable = matches!(want, Some(text) if text == beyond || text.contains("others"));
        let crossed = Rules::parse(&rule(r#","cross_enterprise":true"#));
        assert_eq!(crossed.is_ok(), want.is_none() || liftable, "{topic}");
    }
}

#[test]
fn there_is_a_limit_to_the_rules() {
    let rules = |n: usize| {
        let all: Vec<String> = (0..n).map(|i| format!(r#"{{"name":"{i}","allow":["publish"],"topics":["a//"],"cross_enterprise":true}}"#)).collect();
        format!(r#"{{"version":1,"rules":[{}]}}"#, all.join(","))
    };
    assert_eq!(Rules::parse(&rules(MAX_RULES)).unwrap().len(), MAX_RULES);
    assert!(refusal(&rules(MAX_RULES + 1)).contains("rule 10000: more than 10000 rules"));
}

#[test]
fn the_example_file_is_a_good_one() {
    let text = include_str!("../../../mosquitto-conf/policy.example.json");
    assert!(!Rules::parse(text).unwrap().is_empty());
}

//! `enterprise-push explain`, by files.

use serde_json::Value;

use crate::installation::{Installation, SERVICE, write_copy};

const DIRECTORY: [&str; 6] = [
    r#"{"event":"enterprise.upserted","data":{"eid":"acme"}}"#,
    r#"{"event":"enterprise.upserted","data":{"eid":"beta"}}"#,
    r#"{"event":"user.upserted","data":{"eid":"acme","uid":"alice","roles":["sensor"],"channels":["news"]}}"#,
    r#"{"event":"user.upserted","data":{"eid":"beta","uid":"bob"}}"#,
    r#"{"event":"group.upserted","data":{"eid":"acme","gid":"dev","members":["alice"]}}"#,
    r#"{"event":"partner.linked","data":{"a":"alice@acme","b":"bob@beta"}}"#,
];
const POLICY: &str = r#"{
  "version": 1,
  "rules": [
    { "name": "sensor telemetry", "who": { "roles": ["sensor"] },
      "allow": ["publish"], "topics": ["{eid}/telemetry/{uid}/#"] }
  ]
}"#;

fn installation() -> Installation {
    let installation = Installation::new();
    installation.copy(&DIRECTORY);
    installation.write("enterprise-push.policy.json", POLICY, 0o644);
    installation.change("#plugin_opt_policy_file /", "plugin_opt_policy_file /");
    installation
}

fn answer(installation: &Installation, question: &[&str]) -> (i32, Value) {
    let conf = installation.conf();
    let done = installation.run(&[&["explain", "--json", "--conf", &conf], question].concat());
    let answer = serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e}: {done:?}"));
    (done.status, answer)
}

#[test]
fn rights_are_explained_by_table_directory_and_policy_file() {
    let installation = installation();
    let (status, told) = answer(&installation, &["alice@acme", "read", "beta/im/pres/bob"]);
    assert_eq!((status, &told["allowed"]), (0, &Value::Bool(true)));
    assert_eq!(
        told["source"]["row"],
        "{eid}/im/pres/{uid}, {eid}/im/sig/{uid}"
    );
    assert_eq!(
        told["facts"][1],
        "alice@acme and bob@beta are linked as partners"
    );
    let note = format!(
        "by the copy of the directory in {}/state, up to event 7 of {SERVICE}",
        installation.shown()
    );
    assert_eq!(told["notes"][0], note);

    let (status, told) = answer(
        &installation,
        &["alice@acme", "write", "acme/telemetry/alice/t"],
    );
    assert_eq!(status, 0);
    assert_eq!(told["source"]["name"], "sensor telemetry");
    assert_eq!(told["source"]["line"], 4);
    assert!(
        told["policyFile"]
            .as_str()
            .unwrap()
            .ends_with("enterprise-push.policy.json")
    );

    let (status, told) = answer(
        &installation,
        &["bob@beta", "write", "beta/telemetry/bob/t"],
    );
    assert_eq!((status, &told["allowed"]), (1, &Value::Bool(false)));
    assert_eq!(
        told["nearMisses"][0]["lacks"],
        "the user has none of its who.roles"
    );
    let (status, told) = answer(&installation, &["alice@acme", "subscribe", "acme/#"]);
    assert_eq!((status, &told["example"]), (1, &Value::from("acme/other")));
}

#[test]
fn logins_are_explained_and_strangers_known_as_such() {
    let installation = installation();
    let (status, told) = answer(&installation, &["alice@acme", "login"]);
    assert_eq!(status, 0);
    assert_eq!(told["facts"][0], "the directory holds alice@acme");
    let (status, told) = answer(&installation, &["eve@acme", "read", "acme/notice/x"]);
    assert_eq!(status, 1);
    assert_eq!(
        told["facts"][0],
        "the directory is complete and does not hold eve@acme"
    );
}

#[test]
fn copies_and_policies_can_be_named_without_a_configuration() {
    let installation = installation();
    let (state, policy) = (
        installation.path("state"),
        installation.path("enterprise-push.policy.json"),
    );
    let [state, policy] = [state, policy].map(|path| path.display().to_string());
    let question = ["explain", "alice@acme", "write", "acme/telemetry/alice/t"];
    let both = installation.run(
        &[
            &question[..],
            &["--state-dir", &state, "--policy-file", &policy],
        ]
        .concat(),
    );
    assert_eq!(both.status, 0, "{both:?}");
    assert!(
        both.out
            .contains(&format!("{policy}:4, rule 0 \"sensor telemetry\"")),
        "{}",
        both.out
    );
    let without = installation.run(&[&question[..], &["--state-dir", &state]].concat());
    assert_eq!(without.status, 1, "{without:?}");
    let by_name = installation.run(&[
        "explain",
        "alice@acme",
        "read",
        "acme/im/msg/alice",
        "--policy-file",
        &policy,
    ]);
    assert_eq!(by_name.status, 0);
    assert!(
        by_name.out.contains("no copy of the directory was asked"),
        "{}",
        by_name.out
    );
}

#[test]
fn damaged_copies_and_bad_policies_are_not_guessed_from() {
    let installation = installation();
    let file = installation.path("state/directory");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("sensor", "boss")).unwrap();
    let conf = installation.conf();
    let question = ["explain", "--conf", &conf, "alice@acme", "login"];
    let done = installation.run(&question);
    assert_eq!(done.status, 3, "{done:?}");
    assert!(done.err.contains("damaged"), "{done:?}");
    write_copy(&installation.path("state"), &DIRECTORY);
    installation.write("enterprise-push.policy.json", "{", 0o644);
    assert_eq!(installation.run(&question).status, 3);
    installation.change(
        "plugin_opt_static_url ",
        "plugin_opt_cache_ttl_s 0\nplugin_opt_static_url ",
    );
    let done = installation.run(&question);
    assert!(
        done.status == 3 && done.err.contains("enterprise-push check"),
        "{done:?}"
    );
}

#[test]
fn copy_of_another_service_is_not_used() {
    let installation = installation();
    installation.change(
        "plugin_opt_static_url https://static.example.com",
        "plugin_opt_static_url https://other.example.com",
    );
    let (status, told) = answer(&installation, &["alice@acme", "read", "beta/im/pres/bob"]);
    assert_eq!(status, 1);
    assert!(
        told["notes"]
            .to_string()
            .contains("not of this static service"),
        "{told}"
    );
}

#[test]
fn broker_that_is_not_there_is_no_denial() {
    let installation = installation();
    let broker = [
        "--broker",
        "tcp://127.0.0.1:1",
        "--as",
        "root@acme:cli",
        "--timeout",
        "2",
    ];
    let question = [&["explain", "alice@acme", "login"], &broker[..]].concat();
    let done = installation.run(&question);
    assert_eq!(done.status, 3, "{done:?}");
    assert!(done.err.contains("ENTERPRISE_PUSH_TOKEN"), "{done:?}");
    installation.write("token", "a-token\n", 0o600);
    let done = installation.run(&[&question[..], &["--token-file", "token"]].concat());
    assert!(
        done.status == 3 && done.err.contains("127.0.0.1:1"),
        "{done:?}"
    );
    assert!(!done.err.contains("a-token"), "{done:?}");
}

//! Commands as an administrator types them.

use clap::Parser as _;

use super::args::AdminArgs;
use super::carry_out::carry_out;
use super::output::Done;
use crate::password::{Cost, Passwords};
use crate::storage::{Storage, StoredEvent};

#[derive(Debug, clap::Parser)]
struct Admin {
    #[command(flatten)]
    args: AdminArgs,
}

fn parse(line: &[&str]) -> Result<AdminArgs, clap::Error> {
    let line = ["admin", "--db", "x"].iter().chain(line);
    Admin::try_parse_from(line).map(|admin| admin.args)
}

struct Desk {
    _dir: tempfile::TempDir,
    storage: Storage,
    passwords: Passwords,
    seen: i64,
}

impl Desk {
    async fn open() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(&dir.path().join("db")).await.unwrap();
        let cheap = Cost {
            memory_kib: 8,
            passes: 1,
        };
        Desk {
            seen: storage.refresh_head().await.unwrap(),
            _dir: dir,
            storage,
            passwords: Passwords::new(cheap).unwrap(),
        }
    }

    async fn try_run(&self, line: &str) -> anyhow::Result<Done> {
        let words: Vec<_> = line.split_whitespace().collect();
        carry_out(&self.storage, &self.passwords, parse(&words)?.command).await
    }

    async fn run(&self, line: &str) -> Done {
        self.try_run(line)
            .await
            .unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The events since the last call.
    async fn events(&mut self) -> Vec<StoredEvent> {
        let events = self.storage.events_after(self.seen, 100).await.unwrap();
        self.seen = events.last().map_or(self.seen, |event| event.id);
        events
    }

    /// Runs a command that is to yield this one event.
    async fn yields(&mut self, line: &str, kind: &str, data: serde_json::Value) {
        self.run(line).await;
        let events = self.events().await;
        assert_eq!(events.len(), 1, "{line}: {events:?}");
        assert_eq!(events[0].kind, kind, "{line}");
        let found: serde_json::Value = serde_json::from_str(&events[0].data).unwrap();
        assert_eq!(found, data, "{line}");
    }
}

#[tokio::test]
async fn every_change_is_one_event_of_the_contract() {
    use serde_json::json;
    let mut desk = Desk::open().await;
    let acme = json!({"eid": "acme", "name": "Acme"});
    desk.yields(
        "enterprise add acme --name Acme",
        "enterprise.upserted",
        acme.clone(),
    )
    .await;
    desk.run("enterprise add beta --name Beta").await;
    desk.events().await;
    desk.yields(
        "user add alice@acme --name Alice --password x --role operator --channel news/x --channel ads",
        "user.upserted",
        json!({"eid": "acme", "uid": "alice", "name": "Alice", "roles": ["operator"],
               "channels": ["ads", "news/x"], "groups": [], "partners": []}),
    )
    .await;
    desk.yields(
        "user add carol@beta",
        "user.upserted",
        json!({"eid": "beta", "uid": "carol", "name": "carol", "roles": [], "channels": [],
               "groups": [], "partners": []}),
    )
    .await;
    let group =
        |members: &[&str]| json!({"eid": "acme", "gid": "dev", "name": "Devs", "members": members});
    desk.yields(
        "group add dev@acme --name Devs",
        "group.upserted",
        group(&[]),
    )
    .await;
    desk.yields(
        "group member add dev@acme alice",
        "group.upserted",
        group(&["alice"]),
    )
    .await;
    desk.yields(
        "group member remove dev@acme alice",
        "group.upserted",
        group(&[]),
    )
    .await;
    desk.yields(
        "group remove dev@acme",
        "group.removed",
        json!({"eid": "acme", "gid": "dev"}),
    )
    .await;
    let pair = json!({"a": "alice@acme", "b": "carol@beta"});
    desk.yields(
        "partner link carol@beta alice@acme",
        "partner.linked",
        pair.clone(),
    )
    .await;
    desk.yields(
        "partner unlink alice@acme carol@beta",
        "partner.unlinked",
        pair,
    )
    .await;
    desk.yields(
        "session kick alice@acme --device pc --reason left",
        "session.kick",
        json!({"eid": "acme", "uid": "alice", "device": "pc", "reason": "left"}),
    )
    .await;
    desk.yields(
        "enterprise suspend acme",
        "enterprise.suspended",
        json!({"eid": "acme"}),
    )
    .await;
    desk.yields("enterprise resume acme", "enterprise.upserted", acme)
        .await;
    let carol = json!({"eid": "beta", "uid": "carol"});
    desk.yields("user remove carol@beta", "user.removed", carol)
        .await;
}

#[tokio::test]
async fn notices_reach_the_feed_with_their_scope() {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.run("user add bob@acme").await;
    desk.run("group add dev@acme").await;
    desk.events().await;
    for (to, scope) in [
        ("--all", serde_json::json!({"all": true})),
        ("--eid acme", serde_json::json!({"eid": "acme"})),
        (
            "--user bob@acme",
            serde_json::json!({"eid": "acme", "uid": "bob"}),
        ),
        (
            "--group dev@acme",
            serde_json::json!({"eid": "acme", "gid": "dev"}),
        ),
    ] {
        let line = format!("notice send {to} --title Hi --data {{\"a\":1}} --retain --expiry-s 60");
        let done = desk.run(&line).await;
        let events = desk.events().await;
        let data: serde_json::Value = serde_json::from_str(&events[0].data).unwrap();
        assert_eq!(data["scope"], scope);
        assert_eq!(data["id"], done.json["id"]);
        assert_eq!(
            (&data["retain"], &data["expiry_s"]),
            (&true.into(), &60.into())
        );
        assert_eq!(data["data"], serde_json::json!({"a": 1}));
        assert_eq!(data["kind"], "announcement");
    }
}

#[tokio::test]
async fn what_does_not_exist_or_exists_already_is_named_and_changes_nothing() {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.run("user add alice@acme").await;
    desk.run("user add bob@acme").await;
    desk.run("group add dev@acme").await;
    desk.run("group member add dev@acme alice").await;
    desk.run("broker add b1").await;
    desk.events().await;
    for (line, want) in [
        (
            "enterprise add acme --name Acme",
            "enterprise acme exists already",
        ),
        ("enterprise suspend nope", "no enterprise nope"),
        ("user add zed@nope", "no enterprise nope"),
        ("user add alice@acme", "user alice@acme exists already"),
        ("user remove zed@acme", "no user zed@acme"),
        ("user passwd zed@acme --password x", "no user zed@acme"),
        ("user passwd alice@acme", "give the new password"),
        ("group add dev@nope", "no enterprise nope"),
        ("group member add nope@acme alice", "no group nope@acme"),
        ("group member add dev@acme zed", "no user zed@acme"),
        ("group member add dev@acme alice", "exists already"),
        ("group member remove dev@acme bob", "no member bob"),
        ("partner link alice@acme bob@acme", "of one enterprise"),
        ("partner link alice@acme zed@nope", "no user zed@nope"),
        ("partner unlink alice@acme zed@nope", "no link"),
        ("broker add b1", "broker b1 exists already"),
        ("broker remove b2", "no broker b2"),
        ("token revoke zed@acme", "no user zed@acme"),
        ("session kick zed@acme", "no user zed@acme"),
        ("notice send --eid nope --title x", "no enterprise nope"),
        ("notice send --user zed@acme --title x", "no user zed@acme"),
        (
            "notice send --group nope@acme --title x",
            "no group nope@acme",
        ),
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(error.contains(want), "{line}: {error}");
    }
    assert!(desk.events().await.is_empty());
}

#[test]
fn malformed_words_are_usage_errors_that_say_why() {
    for (line, want) in [
        (
            &["enterprise", "add", "ac/me", "--name", "x"][..],
            "eid holds the byte 0x2f",
        ),
        (
            &["enterprise", "add", "acme", "--name", "a\nb"],
            "control character",
        ),
        (&["enterprise", "add", "acme", "--name", ""], "is empty"),
        (&["user", "add", "alice"], "no `@`"),
        (&["user", "add", "a@b@c"], "eid holds the byte 0x40"),
        (&["user", "add", "+@acme"], "uid holds the byte 0x2b"),
        (
            &["user", "add", "a@acme", "--role", "x y"],
            "role holds the byte 0x20",
        ),
        (&["user", "add", "a@acme", "--channel", "news/#"], "level"),
        (
            &[
                "user",
                "add",
                "a@acme",
                "--password",
                "x",
                "--password-stdin",
            ],
            "cannot be used with",
        ),
        (
            &["group", "member", "add", "dev@acme", "a@acme"],
            "uid holds the byte 0x40",
        ),
        (
            &["token", "revoke", "a@acme", "--device", "p:c"],
            "device holds the byte 0x3a",
        ),
        (&["broker", "add", "b:1"], "client id holds the byte 0x3a"),
        (&["notice", "send", "--title", "x"], "required"),
        (
            &["notice", "send", "--all", "--eid", "acme", "--title", "x"],
            "cannot be used with",
        ),
        (
            &["notice", "send", "--all", "--title", "x", "--data", "{"],
            "EOF",
        ),
        (
            &["notice", "send", "--all", "--title", "x", "--expiry-s", "0"],
            "0 is not in",
        ),
    ] {
        let error = parse(line).expect_err(&line.join(" ")).to_string();
        assert!(error.contains(want), "{line:?}: {error}");
    }
}

#[test]
fn debug_output_of_a_command_line_hides_the_password() {
    let args = parse(&["user", "add", "a@acme", "--password", "hunter2"]).unwrap();
    assert!(!format!("{args:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_generated_broker_secret_is_printed_once_and_stored_as_a_digest() {
    let desk = Desk::open().await;
    let done = desk.run("broker add b1").await;
    assert_eq!(done.text.len(), 43);
    assert_eq!(done.json["client_secret"], done.text.as_str());
    let b1 = "b1".parse().unwrap();
    let stored = desk.storage.broker_secret_hash(&b1).await.unwrap().unwrap();
    assert!(stored.starts_with("sha256:") && !stored.contains(&done.text));
}

//! What cannot be done, or cannot be meant.

use super::{Desk, parse};

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
        (
            "user passwd zed@acme --password correct-horse",
            "no user zed@acme",
        ),
        ("user passwd alice@acme", "give the new password"),
        ("user role add zed@acme admin", "no user zed@acme"),
        (
            "user role remove alice@acme admin",
            "no role admin of user alice@acme",
        ),
        ("user channel add zed@acme ads", "no user zed@acme"),
        (
            "user channel remove alice@acme ads",
            "no channel ads of user alice@acme",
        ),
        ("group rename nope@acme --name x", "no group nope@acme"),
        ("group rename dev@acme --name dev", "exists already"),
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
        (
            &["user", "role", "add", "a@acme", "x y"],
            "role holds the byte 0x20",
        ),
        (&["user", "channel", "add", "a@acme", "news/#"], "level"),
        (&["group", "rename", "dev@acme"], "required"),
        (
            &["department", "add", "la/b@acme"],
            "did holds the byte 0x2f",
        ),
        (
            &["department", "add", "lab@acme", "--parent", "firm@beta"],
            "did holds the byte 0x40",
        ),
        (&["department", "move", "lab@acme"], "required"),
        (
            &["department", "move", "lab@acme", "--top", "--parent", "x"],
            "cannot be used with",
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

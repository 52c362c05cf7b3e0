//! Names, profiles and relations as an administrator types them.

use serde_json::json;

use super::{Desk, parse};

#[tokio::test]
async fn a_profile_is_set_in_part_cleared_and_shown() {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.run("user add alice@acme").await;
    desk.events().await;
    let line = "user profile set alice@acme --title Boss --phone 555-1 --email a@acme.example";
    assert_eq!(desk.run(line).await.json, json!({"event": 0}));
    assert!(desk.events().await.is_empty(), "no broker needs to know");
    desk.run("user profile set alice@acme --phone= --name Alice")
        .await;
    let kinds: Vec<_> = desk.events().await.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["user.upserted"]);
    let shown = desk.run("user show alice@acme").await;
    assert!(
        shown
            .text
            .starts_with("name\tAlice\ntitle\tBoss\nphone\t-\nemail\ta@acme.example\n"),
        "{}",
        shown.text
    );
    let again = "user profile set alice@acme --title Boss";
    let error = desk.try_run(again).await.unwrap_err().to_string();
    assert!(
        error.contains("with that profile exists already"),
        "{error}"
    );
    for (line, want) in [
        ("user profile set alice@acme", "give something to change"),
        ("user profile set zed@acme --title Boss", "no user zed@acme"),
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(error.contains(want), "{line}: {error}");
    }
    for line in [
        ["user", "profile", "set", "alice@acme", "--email=nowhere"],
        ["user", "profile", "set", "alice@acme", "--phone=none"],
        ["user", "profile", "set", "alice@acme", "--title=a\tb"],
        ["user", "profile", "set", "alice@acme", "--name="],
    ] {
        parse(&line).expect_err(&line.join(" "));
    }
}

#[tokio::test]
async fn an_enterprise_is_renamed_and_a_suspended_one_stays_suspended() {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.events().await;
    let told = async |desk: &mut Desk| -> Vec<String> {
        desk.events().await.into_iter().map(|e| e.kind).collect()
    };
    desk.run("enterprise rename acme --name Ajax").await;
    assert_eq!(told(&mut desk).await, ["enterprise.upserted"]);
    desk.run("enterprise suspend acme").await;
    desk.run("enterprise rename acme --name Apex").await;
    let renamed = [
        "enterprise.suspended",
        "enterprise.upserted",
        "enterprise.suspended",
    ];
    assert_eq!(told(&mut desk).await, renamed);
    let list = desk.run("enterprise list").await;
    assert_eq!(list.text, "acme\tApex\tsuspended\t-");
    for (line, want) in [
        ("enterprise rename acme --name Apex", "exists already"),
        ("enterprise rename nope --name Apex", "no enterprise nope"),
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(error.contains(want), "{line}: {error}");
    }
    assert!(desk.events().await.is_empty());
}

#[tokio::test]
async fn a_link_is_given_a_relation_and_another_one() {
    let mut desk = Desk::open().await;
    for line in [
        "enterprise add acme --name Acme",
        "enterprise add beta --name Beta",
        "user add alice@acme",
        "user add carol@beta",
        "partner link alice@acme carol@beta --relation upstream",
    ] {
        desk.run(line).await;
    }
    desk.events().await;
    // The same, said from the other end.
    let same = "partner link carol@beta alice@acme --relation downstream";
    let error = desk.try_run(same).await.unwrap_err().to_string();
    assert!(error.contains("exists already"), "{error}");
    let other = "partner link carol@beta alice@acme --relation partner";
    assert_eq!(desk.run(other).await.json, json!({"event": 0}));
    assert!(desk.events().await.is_empty());
    let line = ["partner", "link", "a@acme", "c@beta", "--relation", "boss"];
    let error = parse(&line).unwrap_err().to_string();
    assert!(
        error.contains("want upstream, downstream or partner"),
        "{error}"
    );
}

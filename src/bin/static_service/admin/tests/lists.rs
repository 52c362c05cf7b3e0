//! Lists, for people and for programs.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn lists_show_what_is_there_in_order() {
    let desk = Desk::open().await;
    for line in [
        "enterprise add beta --name Beta",
        "enterprise add acme --name Acme",
        "enterprise suspend beta",
        "enterprise broker set beta tcp://b:1",
        "user add bob@acme --name Bob --role admin --channel ads --channel news/x",
        "user add alice@acme",
        "user add carol@beta",
        "department add lab@acme --name Lab",
        "department add inner@acme --parent lab",
        "department member set lab@acme bob",
        "group add dev@acme --name Devs",
        "group add all@acme",
        "group member add dev@acme bob",
        "partner link bob@acme carol@beta",
        "broker add b2",
        "broker add b1",
    ] {
        desk.run(line).await;
    }
    for (line, text, json) in [
        (
            "enterprise list",
            "acme\tAcme\tactive\t-\nbeta\tBeta\tsuspended\ttcp://b:1",
            json!({"enterprises": [{"eid": "acme", "name": "Acme", "suspended": false, "broker": null},
                                   {"eid": "beta", "name": "Beta", "suspended": true,
                                    "broker": "tcp://b:1"}]}),
        ),
        (
            "user list acme",
            "alice\talice\t-\nbob\tBob\tlab",
            json!({"users": [{"uid": "alice", "name": "alice", "department": null},
                             {"uid": "bob", "name": "Bob", "department": "lab"}]}),
        ),
        (
            "user show bob@acme",
            "name\tBob\ntitle\t-\nphone\t-\nemail\t-\ndepartment\tlab\nlocked\tno\nroles\tadmin\ngroups\tdev\npartners\tcarol@beta\n\
             channels\tads news/x",
            json!({"eid": "acme", "uid": "bob", "name": "Bob", "department": "lab",
                   "locked": false, "title": null, "phone": null, "email": null,
                   "roles": ["admin"], "groups": ["dev"], "partners": ["carol@beta"],
                   "channels": ["ads", "news/x"]}),
        ),
        (
            "group list acme",
            "all\tall\ndev\tDevs",
            json!({"groups": [{"gid": "all", "name": "all"}, {"gid": "dev", "name": "Devs"}]}),
        ),
        (
            "group member list dev@acme",
            "bob",
            json!({"members": ["bob"]}),
        ),
        ("group member list all@acme", "", json!({"members": []})),
        (
            "partner list carol@beta",
            "bob@acme",
            json!({"partners": ["bob@acme"]}),
        ),
        (
            "department list acme",
            "inner\tinner\tlab\nlab\tLab\t-",
            json!({"departments": [{"did": "inner", "name": "inner", "parent": "lab"},
                                   {"did": "lab", "name": "Lab", "parent": null}]}),
        ),
        (
            "department member list lab@acme",
            "bob",
            json!({"members": ["bob"]}),
        ),
        ("broker list", "b1\nb2", json!({"brokers": ["b1", "b2"]})),
    ] {
        let done = desk.run(line).await;
        assert_eq!((done.text.as_str(), done.json), (text, json), "{line}");
    }
}

#[tokio::test]
async fn a_long_list_is_whole() {
    let desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    for count in [2_000, 2_001] {
        desk.storage.add_many_users("acme", count).await;
        let done = desk.run("user list acme").await;
        assert_eq!(done.text.lines().count(), count as usize);
    }
}

#[tokio::test]
async fn a_list_of_what_is_not_there_is_refused() {
    let desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    for (line, want) in [
        ("user list nope", "no enterprise nope"),
        ("user show zed@acme", "no user zed@acme"),
        ("partner list zed@acme", "no user zed@acme"),
        ("group list nope", "no enterprise nope"),
        ("group member list nope@acme", "no group nope@acme"),
    ] {
        let error = desk.try_run(line).await.expect_err(line).to_string();
        assert!(error.contains(want), "{line}: {error}");
    }
}

//! Mosquitto's dynamic-security plugin, and its configuration.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::{Cast, GROUP, Ground, PASSWORD, run};
use crate::people::{EID, User};

/// The plugin and its options, for these people.
pub(super) fn plugin(
    ground: &Ground,
    folder: &Path,
    cast: &Cast,
) -> anyhow::Result<(PathBuf, Vec<(&'static str, String)>)> {
    let file = folder.join("dynamic-security.json");
    let secret = secret(ground, &file)?;
    std::fs::write(&file, configuration(cast, &secret).to_string())?;
    let options = vec![("config_file", file.display().to_string())];
    Ok((library(&ground.broker)?, options))
}

/// The members of a client that tell its password, as `mosquitto_ctrl` writes them: versions differ in their
/// names and in the cost of the hash. All users get the same.
fn secret(ground: &Ground, file: &Path) -> anyhow::Result<Map<String, Value>> {
    let program = ground.beside_broker("mosquitto_ctrl");
    let name = file.to_str().context("the temporary folder is no text")?;
    run(&program, &["dynsec", "init", name, "admin", PASSWORD])?;
    let mut written: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let admin = written.pointer_mut("/clients/0").map(Value::take);
    let Some(Value::Object(mut admin)) = admin else {
        bail!("`{}` wrote no client", program.display());
    };
    admin.retain(|name, _| {
        matches!(
            name.as_str(),
            "password" | "salt" | "iterations" | "encoded_password"
        )
    });
    Ok(admin)
}

/// Its plugin, among the unpacked packages of this broker.
fn library(program: &Path) -> anyhow::Result<PathBuf> {
    const FILE: &str = "mosquitto_dynamic_security.so";
    let root = program.parent().context("no folder of the broker")?;
    let libraries = root.join("root/usr/lib");
    let folders = std::fs::read_dir(&libraries)
        .with_context(|| format!("no folder `{}`", libraries.display()))?;
    for folder in folders {
        let file = folder?.path().join(FILE);
        if file.is_file() {
            return Ok(file);
        }
    }
    bail!("no {FILE} below `{}`", libraries.display())
}

fn configuration(cast: &Cast, secret: &Map<String, Value>) -> Value {
    let rule = |kind: &str, topic: String| json!({"acltype": kind, "topic": topic, "priority": 0, "allow": true});
    let group = format!("{EID}/im/msg/g/{GROUP}");
    let role = |name: String, acls: Vec<Value>| json!({"rolename": name, "acls": acls});
    let mut roles = vec![
        role(
            "user".to_owned(),
            vec![
                rule("publishClientSend", format!("{EID}/im/msg/+")),
                rule("publishClientReceive", format!("{EID}/im/pres/+")),
                rule("subscribePattern", format!("{EID}/im/pres/+")),
                rule("publishClientReceive", format!("{EID}/notice/#")),
                rule("subscribePattern", format!("{EID}/notice/#")),
            ],
        ),
        role(
            GROUP.to_owned(),
            vec![
                rule("publishClientSend", group.clone()),
                rule("publishClientReceive", group.clone()),
                rule("subscribeLiteral", group),
            ],
        ),
    ];
    roles.extend(cast.everybody().map(|user| {
        let own = vec![
            rule("publishClientReceive", user.inbox()),
            rule("subscribeLiteral", user.inbox()),
            rule("publishClientSend", format!("{EID}/im/pres/{}", user.uid())),
        ];
        role(format!("user-{}", user.uid()), own)
    }));
    let client = |user: &User| {
        let mut client = secret.clone();
        client.insert("username".to_owned(), user.uid().into());
        let own = format!("user-{}", user.uid());
        client.insert(
            "roles".to_owned(),
            json!([{"rolename": "user"}, {"rolename": own}]),
        );
        client
    };
    let member = |user: &User| json!({"username": user.uid()});
    json!({
        "defaultACLAccess": {
            "publishClientSend": false, "publishClientReceive": false, "subscribe": false, "unsubscribe": true,
        },
        "clients": cast.everybody().map(client).collect::<Vec<_>>(),
        "groups": [{
            "groupname": GROUP, "roles": [{"rolename": GROUP}],
            "clients": cast.group.iter().map(member).collect::<Vec<_>>(),
        }],
        "roles": roles,
    })
}

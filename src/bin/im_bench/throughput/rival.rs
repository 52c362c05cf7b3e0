//! The rivals: a broker of each, set up so that the same people may do the same things.
//!
//! | rival | who is let in | who may publish and receive |
//! |---|---|---|
//! | bare | everybody | everything |
//! | plugin | announced tokens | the default table |
//! | acl-file | everybody, by user name | six patterns that say what patterns can of the default table |
//! | dynamic-security | passwords | a role for all, one for each user, one for the group |

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::args::Rival;
use crate::broker::{Broker, Setup};
use crate::cli::Place;
use crate::login::{plugin_options, tell_all};
use crate::people::{EID, User};
use crate::service::Service;
use crate::wire::Credentials;

/// The group of the fan-out.
pub(super) const GROUP: &str = "all";

/// Everybody's password at dynamic-security, salt and PBKDF2-SHA512 of it in one iteration: logging in is
/// not what is measured.
const PASSWORD: &str = "bench-password";
const SALT: &str = "aW0tYmVuY2gtc2Fs";
const HASH: &str =
    "B+jkhrrrtgW+YCHztbdhcQlyS6Ci4+myg5ZdCSxp8McpZf8TyhZu4C5WH3aMRBAMI+9ce6VMS85pRiuZySH2DQ==";

/// The default table as far as patterns can tell it: who is in which group, and who is of which
/// enterprise, they cannot.
const PATTERNS: &str = "\
pattern write bench/im/msg/+
pattern read bench/im/msg/%u
pattern readwrite bench/im/msg/g/+
pattern read bench/im/pres/+
pattern write bench/im/pres/%u
pattern read bench/notice/#
";

/// A running rival.
pub(super) struct Stand {
    pub(super) rival: Rival,
    pub(super) broker: Broker,
    service: Option<Service>,
    /// Holds the files that its configuration names.
    _folder: TempDir,
}

impl Stand {
    /// Starts it, for these users, who are all in the group.
    pub(super) fn start(
        rival: Rival,
        place: &Place,
        program: &Path,
        plugin: &Path,
        users: &[User],
    ) -> anyhow::Result<Stand> {
        let folder = tempfile::Builder::new().prefix("im-bench.").tempdir()?;
        let service = (rival == Rival::Plugin).then(Service::start).transpose()?;
        let mut setup = Setup {
            log_types: place.log_types.clone(),
            ..Setup::default()
        };
        match rival {
            Rival::Bare => {}
            Rival::Plugin => {
                let service = service.as_ref().context("no static service")?;
                setup.plugin = Some((plugin.to_owned(), plugin_options(service, &[])));
            }
            Rival::AclFile => {
                let file = folder.path().join("acl");
                std::fs::write(&file, PATTERNS)?;
                setup.lines = vec![
                    "allow_anonymous true".to_owned(),
                    format!("acl_file {}", file.display()),
                ];
            }
            Rival::DynamicSecurity => {
                let file = folder.path().join("dynamic-security.json");
                std::fs::write(&file, dynamic_security(users).to_string())?;
                let options = vec![("config_file", file.display().to_string())];
                setup.plugin = Some((dynamic_security_plugin(program)?, options));
            }
        }
        let broker = Broker::start(program, &setup)?;
        let stand = Stand {
            rival,
            broker,
            service,
            _folder: folder,
        };
        stand.introduce(users)?;
        Ok(stand)
    }

    fn introduce(&self, users: &[User]) -> anyhow::Result<()> {
        let Some(service) = &self.service else {
            return Ok(());
        };
        let feeds = || service.feeds() > 0;
        self.broker
            .wait_until("its plugin follows the feed", feeds)?;
        let members: Vec<&str> = users.iter().map(User::uid).collect();
        let group = json!({"eid": EID, "gid": GROUP, "members": members});
        let announcer = service.announcer();
        announcer.event("group.upserted", &group);
        tell_all(users, |user| announcer.announce_name(user));
        Ok(())
    }

    /// As whom somebody logs in here.
    pub(super) fn credentials(&self, user: &User) -> Credentials {
        match self.rival {
            Rival::Bare => Credentials::anonymous(user),
            Rival::Plugin => Credentials::new(user, user.token()),
            Rival::AclFile | Rival::DynamicSecurity => {
                Credentials::named(user, user.uid(), PASSWORD)
            }
        }
    }
}

/// Its plugin, among the unpacked packages of this broker.
fn dynamic_security_plugin(program: &Path) -> anyhow::Result<PathBuf> {
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

fn dynamic_security(users: &[User]) -> Value {
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
    roles.extend(users.iter().map(|user| {
        let own = vec![
            rule("publishClientReceive", user.inbox()),
            rule("subscribeLiteral", user.inbox()),
            rule("publishClientSend", format!("{EID}/im/pres/{}", user.uid())),
        ];
        role(format!("user-{}", user.uid()), own)
    }));
    let client = |user: &User| {
        json!({
            "username": user.uid(), "password": HASH, "salt": SALT, "iterations": 1,
            "roles": [{"rolename": "user"}, {"rolename": format!("user-{}", user.uid())}],
        })
    };
    let member = |user: &User| json!({"username": user.uid()});
    json!({
        "defaultACLAccess": {
            "publishClientSend": false, "publishClientReceive": false, "subscribe": false, "unsubscribe": true,
        },
        "clients": users.iter().map(client).collect::<Vec<_>>(),
        "groups": [{
            "groupname": GROUP, "roles": [{"rolename": GROUP}],
            "clients": users.iter().map(member).collect::<Vec<_>>(),
        }],
        "roles": roles,
    })
}

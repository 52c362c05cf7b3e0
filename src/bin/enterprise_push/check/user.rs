//! The user that Mosquitto becomes, who has to read and write the plugin's files.

use nix::unistd::{Gid, User, getgrouplist};

use super::finding::Findings;
use crate::broker_conf::BrokerConf;

const DEFAULT: &str = "mosquitto";
/// Whom a Mosquitto started as root becomes where there is no user `mosquitto`.
const FALLBACK: &str = "nobody";

/// Somebody of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: u32,
    pub(super) gids: Vec<u32>,
}

/// Who that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BrokerUser {
    /// For people.
    pub(super) name: String,
    /// `None` when this machine does not know the name.
    pub(super) identity: Option<Identity>,
}

impl BrokerUser {
    /// As the setting `user` says.
    pub(super) fn of(conf: &BrokerConf) -> BrokerUser {
        let name = conf.last("user").map_or(DEFAULT, |setting| &setting.value);
        let user = BrokerUser::named(name);
        if user.identity.is_none() && name == DEFAULT {
            return BrokerUser::named(FALLBACK);
        }
        user
    }

    fn named(name: &str) -> BrokerUser {
        let found = User::from_name(name).ok().flatten();
        BrokerUser {
            name: name.to_owned(),
            identity: found.map(|user| Identity {
                uid: user.uid.as_raw(),
                gids: groups(&user),
            }),
        }
    }

    pub(super) fn judge(&self, conf: &BrokerConf, findings: &mut Findings) {
        let about = "user";
        let typed = conf.last("user");
        let finding = match (&self.identity, typed) {
            (Some(identity), _) if identity.uid == 0 => findings
                .warning(about, "Mosquitto keeps the rights of root")
                .todo("take the line out: Debian's Mosquitto then becomes `mosquitto`"),
            (None, _) => findings
                .error(
                    about,
                    format!(
                        "this machine has no user `{}`: Mosquitto does not start as root",
                        self.name
                    ),
                )
                .todo("make the user, or name another"),
            (Some(_), None) if self.name == FALLBACK => findings
                .warning(
                    about,
                    "there is no user `mosquitto` here: files are judged for `nobody`",
                )
                .todo("run this check on the broker's machine"),
            (Some(_), _) => findings.ok(about, format!("files are judged for `{}`", self.name)),
        };
        if let Some(setting) = typed {
            finding.at(&setting.place);
        }
    }
}

fn groups(user: &User) -> Vec<u32> {
    let name = std::ffi::CString::new(user.name.as_str()).ok();
    let found = name.and_then(|name| getgrouplist(&name, user.gid).ok());
    found.map_or_else(
        || vec![user.gid.as_raw()],
        |gids| gids.into_iter().map(Gid::as_raw).collect(),
    )
}

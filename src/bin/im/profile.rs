//! A login of one user on one device: who, where, and with which credentials. No I/O.

use std::fmt;
use std::path::PathBuf;

use mosquitto_enterprise_push::protocol::{NameError, SessionName, Topic, UserName};

use crate::secret::Secret;

/// What kind of device a login token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pc,
    Phone,
    Service,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Pc => "pc",
            Kind::Phone => "phone",
            Kind::Service => "service",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Kind> {
        [Kind::Pc, Kind::Phone, Kind::Service]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A checked client id that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session(String);

impl Session {
    /// Checks `uid@eid:device`.
    pub(crate) fn parse(client_id: &str) -> Result<Self, NameError> {
        SessionName::parse(client_id)?;
        Ok(Session(client_id.to_owned()))
    }

    pub(crate) fn name(&self) -> SessionName<'_> {
        SessionName::parse(&self.0).expect("the only constructor has checked it")
    }

    pub(crate) fn user(&self) -> UserName<'_> {
        self.name().user
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The topics that the static service named with the token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Topics {
    pub(crate) groups: Vec<String>,
    /// Filters for the presence of colleagues and partners.
    pub(crate) presence_of: Vec<String>,
    /// Filters for their signatures.
    pub(crate) signature_of: Vec<String>,
    pub(crate) notices: Vec<String>,
    pub(crate) system: Vec<String>,
}

/// What the static service gives for one session at the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The login token, the MQTT password.
    pub(crate) token: Secret,
    /// When it expires, in Unix seconds; 0 when not told.
    pub(crate) exp: u64,
    /// `tcp://host:port` or `tls://host:port`.
    pub(crate) broker: String,
    /// The MQTT user name.
    pub(crate) username: String,
    pub(crate) topics: Topics,
}

/// All that is kept of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// `uid@eid:device`, the client id.
    pub(crate) session: Session,
    pub(crate) kind: Kind,
    /// Base URL of the static service.
    pub(crate) static_url: String,
    /// The only CA to trust, instead of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// The session token at the static service, with which new login tokens are fetched.
    pub(crate) session_token: Secret,
    pub(crate) grant: Grant,
}

impl Profile {
    pub(crate) fn inbox(&self) -> String {
        let UserName { uid, eid } = self.session.user();
        Topic::Inbox { eid, uid }.to_string()
    }

    pub(crate) fn presence(&self) -> String {
        let UserName { uid, eid } = self.session.user();
        Topic::Presence { eid, uid }.to_string()
    }

    pub(crate) fn signature(&self) -> String {
        let UserName { uid, eid } = self.session.user();
        Topic::Signature { eid, uid }.to_string()
    }

    /// Filters for presence and signatures of colleagues and partners.
    pub(crate) fn roster_filters(&self) -> Vec<String> {
        let eid = self.session.user().eid;
        let topics = &self.grant.topics;
        let mut filters = or_default(&topics.presence_of, || vec![format!("{eid}/im/pres/+")]);
        filters.extend(or_default(&topics.signature_of, || {
            vec![format!("{eid}/im/sig/+")]
        }));
        filters
    }

    /// Filters for everything that must not be missed: inbox, groups, notices.
    pub(crate) fn message_filters(&self) -> Vec<String> {
        let UserName { uid, eid } = self.session.user();
        let topics = &self.grant.topics;
        let mut filters = vec![self.inbox()];
        filters.extend(topics.groups.iter().cloned());
        filters.extend(or_default(&topics.notices, || {
            vec![format!("{eid}/notice/#")]
        }));
        filters.extend(or_default(&topics.system, || {
            let own = Topic::SysNoticeUser { eid, uid };
            [Topic::SysNotice, Topic::SysNoticeEnterprise { eid }, own]
                .iter()
                .map(Topic::to_string)
                .collect()
        }));
        filters
    }
}

fn or_default(named: &[String], default: impl FnOnce() -> Vec<String>) -> Vec<String> {
    if named.is_empty() {
        default()
    } else {
        named.to_vec()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// alice@acme on a device named after its kind.
    pub(crate) fn alice(kind: Kind) -> Profile {
        Profile {
            session: Session::parse(&format!("alice@acme:{kind}")).unwrap(),
            kind,
            static_url: "http://127.0.0.1:1".to_owned(),
            ca_file: None,
            session_token: Secret::new("session-secret".to_owned()),
            grant: Grant {
                token: Secret::new("login-secret".to_owned()),
                exp: 1,
                broker: "tcp://127.0.0.1:1883".to_owned(),
                username: "alice@acme".to_owned(),
                topics: Topics {
                    groups: vec!["acme/im/msg/g/dev".to_owned()],
                    ..Topics::default()
                },
            },
        }
    }

    #[test]
    fn filters_fall_back_to_the_documented_topics() {
        assert_eq!(
            alice(Kind::Pc).message_filters(),
            [
                "acme/im/msg/alice",
                "acme/im/msg/g/dev",
                "acme/notice/#",
                "$SYS/notice",
                "$SYS/notice/acme",
                "$SYS/notice/acme/alice"
            ]
        );
        assert_eq!(
            alice(Kind::Pc).roster_filters(),
            ["acme/im/pres/+", "acme/im/sig/+"]
        );
    }

    #[test]
    fn debug_output_holds_no_token() {
        let text = format!("{:?}", alice(Kind::Pc));
        assert!(!text.contains("session-secret") && !text.contains("login-secret"));
    }
}

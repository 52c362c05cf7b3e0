//! A login of one user on one device: who, where, and with which credentials. No I/O.

use std::fmt;
use std::path::PathBuf;

pub(crate) use mosquitto_enterprise_push::client::{DeviceKind as Kind, Grant, Topics};
use mosquitto_enterprise_push::client::{Secret, SignedIn};
use mosquitto_enterprise_push::protocol::{NameError, SessionName, Topic, UserName};

/// A login token that has less than this to live is as good as expired: connecting takes its time.
const TOKEN_MARGIN_S: u64 = 30;

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
    /// The session token at the static service.
    pub(crate) session_token: Secret,
    /// Good for one refresh; none of logins from before there was refreshing.
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) grant: Grant,
}

impl Profile {
    /// Takes over what a refresh brought. What it did not bring stays.
    pub(crate) fn take(&mut self, signed_in: &SignedIn) {
        self.session_token = signed_in.session_token.clone();
        if let Some(refresh_token) = &signed_in.refresh_token {
            self.refresh_token = Some(refresh_token.clone());
        }
        if let Some(grant) = &signed_in.grant {
            self.grant = grant.clone();
        }
    }

    /// Whether the login token is over at that time, or will be before it has been of use.
    pub(crate) fn token_expires_by(&self, now_s: u64) -> bool {
        self.grant.exp != 0 && self.grant.exp <= now_s.saturating_add(TOKEN_MARGIN_S)
    }

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
            refresh_token: Some(Secret::new("refresh-secret".to_owned())),
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
        assert!(!text.contains("-secret"), "{text}");
    }

    #[test]
    fn token_is_over_a_little_before_it_expires_and_never_when_nothing_was_told() {
        let mut profile = alice(Kind::Pc);
        profile.grant.exp = 1000;
        assert!(!profile.token_expires_by(1000 - TOKEN_MARGIN_S - 1));
        assert!(profile.token_expires_by(1000 - TOKEN_MARGIN_S));
        profile.grant.exp = 0;
        assert!(!profile.token_expires_by(u64::MAX));
    }
}

//! Wire module: the events of the control feed, exactly as DESIGN section 5 names them.
//!
//! `token.issued` and `user.upserted` carry more members than the contract asks for, so that an
//! announced login has the same rights as an introspected one.

use serde::Serialize;
use utoipa::ToSchema;

/// What a user may do beyond what the name allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Rights {
    /// Roles, such as `operator`.
    pub(crate) roles: Vec<String>,
    /// Groups (gids) of the user's own enterprise.
    pub(crate) groups: Vec<String>,
    /// Linked users of other enterprises, `uid@eid`.
    pub(crate) partners: Vec<String>,
    /// Notice channels that the user may publish to.
    pub(crate) channels: Vec<String>,
}

/// Whom a notice is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Scope {
    /// Everybody: `{"all":true}`.
    All {
        /// Always true.
        all: bool,
    },
    /// A user: `{"eid","uid"}`.
    User {
        /// enterprise
        eid: String,
        /// user
        uid: String,
    },
    /// A group: `{"eid","gid"}`.
    Group {
        /// enterprise
        eid: String,
        /// group
        gid: String,
    },
    /// An enterprise: `{"eid"}`.
    Enterprise {
        /// enterprise
        eid: String,
    },
}

/// A change that brokers must know.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// `token.issued`
    TokenIssued {
        digest: String,
        eid: String,
        uid: String,
        device: String,
        kind: String,
        exp: i64,
        #[serde(flatten)]
        rights: Rights,
    },
    /// `token.revoked`
    TokenRevoked { digest: String },
    /// `session.kick`
    SessionKick {
        eid: String,
        uid: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        reason: String,
    },
    /// `user.upserted`
    UserUpserted {
        eid: String,
        uid: String,
        name: String,
        #[serde(flatten)]
        rights: Rights,
    },
    /// `user.upserted` as the directory tells it: groups and partners have lines of their own there.
    UserListed {
        eid: String,
        uid: String,
        name: String,
        roles: Vec<String>,
        channels: Vec<String>,
    },
    /// `user.removed`
    UserRemoved { eid: String, uid: String },
    /// `group.upserted`
    GroupUpserted {
        eid: String,
        gid: String,
        name: String,
        members: Vec<String>,
    },
    /// `group.removed`
    GroupRemoved { eid: String, gid: String },
    /// `partner.linked`
    PartnerLinked { a: String, b: String },
    /// `partner.unlinked`
    PartnerUnlinked { a: String, b: String },
    /// `enterprise.upserted`
    EnterpriseUpserted { eid: String, name: String },
    /// `enterprise.suspended`
    EnterpriseSuspended { eid: String },
    /// `notice`
    Notice {
        id: String,
        scope: Scope,
        retain: bool,
        expiry_s: Option<u32>,
        title: String,
        body: String,
        kind: String,
        data: serde_json::Value,
        time: i64,
    },
}

impl Event {
    /// The `event:` field.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Event::TokenIssued { .. } => "token.issued",
            Event::TokenRevoked { .. } => "token.revoked",
            Event::SessionKick { .. } => "session.kick",
            Event::UserUpserted { .. } | Event::UserListed { .. } => "user.upserted",
            Event::UserRemoved { .. } => "user.removed",
            Event::GroupUpserted { .. } => "group.upserted",
            Event::GroupRemoved { .. } => "group.removed",
            Event::PartnerLinked { .. } => "partner.linked",
            Event::PartnerUnlinked { .. } => "partner.unlinked",
            Event::EnterpriseUpserted { .. } => "enterprise.upserted",
            Event::EnterpriseSuspended { .. } => "enterprise.suspended",
            Event::Notice { .. } => "notice",
        }
    }

    /// The `data:` field, one line of JSON.
    pub(crate) fn data(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and JSON values always serialise")
    }
}

/// The `event:` field that tells a broker to load the directory anew; its data is `{}`.
pub(crate) const SNAPSHOT_REQUIRED: &str = "snapshot.required";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_look_as_the_contract_says() {
        let kick = |device: Option<&str>| Event::SessionKick {
            eid: "acme".into(),
            uid: "bob".into(),
            device: device.map(str::to_owned),
            reason: "left".into(),
        };
        assert_eq!(
            kick(None).data(),
            r#"{"eid":"acme","uid":"bob","reason":"left"}"#
        );
        assert_eq!(
            kick(Some("pc")).data(),
            r#"{"eid":"acme","uid":"bob","device":"pc","reason":"left"}"#
        );
        let issued = Event::TokenIssued {
            digest: "d".into(),
            eid: "acme".into(),
            uid: "bob".into(),
            device: "pc".into(),
            kind: "pc".into(),
            exp: 7,
            rights: Rights::default(),
        };
        assert_eq!(
            issued.data(),
            r#"{"digest":"d","eid":"acme","uid":"bob","device":"pc","kind":"pc","exp":7,"roles":[],"groups":[],"partners":[],"channels":[]}"#
        );
    }

    #[test]
    fn scopes_are_told_apart_by_their_members() {
        let json = |scope: Scope| serde_json::to_string(&scope).unwrap();
        let eid = || "acme".to_owned();
        assert_eq!(json(Scope::All { all: true }), r#"{"all":true}"#);
        assert_eq!(json(Scope::Enterprise { eid: eid() }), r#"{"eid":"acme"}"#);
        let (uid, gid) = ("bob".to_owned(), "dev".to_owned());
        assert_eq!(
            json(Scope::User { eid: eid(), uid }),
            r#"{"eid":"acme","uid":"bob"}"#
        );
        assert_eq!(
            json(Scope::Group { eid: eid(), gid }),
            r#"{"eid":"acme","gid":"dev"}"#
        );
    }
}

//! The JSON of the static service's contract (DESIGN section 5), and its way into our own terms.
//!
//! A wire module: serde types live here and nowhere else in the room. Unknown members are ignored
//! (RFC 7662 allows extensions); a known one of the wrong type or with a bad name is an error. Events and directory
//! are our own shapes; where the parts of an introspection stand, the options say (`introspection`).

mod introspection;

pub use introspection::{Asked, read_introspection};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::contract::{DeviceKind, Entitlements, FeedEvent, Grant, TokenDigest};
use crate::protocol::notice_wire::NoticeWire;
use crate::protocol::{UserName, name};

#[derive(Deserialize)]
struct GrantWire {
    eid: String,
    uid: String,
    device: String,
    kind: String,
    exp: u64,
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    partners: Option<Vec<String>>,
    channels: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct DigestWire {
    digest: String,
}

#[derive(Deserialize)]
struct KickWire {
    eid: String,
    uid: String,
    device: Option<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct UserWire {
    eid: String,
    uid: String,
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    partners: Option<Vec<String>>,
    channels: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct GroupWire {
    eid: String,
    gid: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Deserialize)]
struct PartnersWire {
    a: String,
    b: String,
}

#[derive(Deserialize)]
struct EnterpriseWire {
    eid: String,
}

/// A line of the directory: an event as the feed has them, or the mark of beginning or end.
#[derive(Deserialize)]
struct LineWire<'a> {
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct BeginWire {
    seq: u64,
}

#[derive(Deserialize)]
struct EndWire {
    entries: u64,
}

/// A line of the directory.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectoryLine {
    /// The first: everything is true after this event of the feed.
    Begin {
        /// The event's id.
        seq: u64,
    },
    /// One of those between; `None` for a kind that we do not know.
    Entry(Option<Box<FeedEvent>>),
    /// The last: so many lines stood between.
    End {
        /// Lines.
        entries: u64,
    },
}

/// Reads a line of the directory.
pub fn read_directory_line(line: &str) -> Result<DirectoryLine, String> {
    let LineWire { event, data } = parse(line)?;
    Ok(match &*event {
        "directory.begin" => DirectoryLine::Begin {
            seq: parse::<BeginWire>(data.get())?.seq,
        },
        "directory.end" => DirectoryLine::End {
            entries: parse::<EndWire>(data.get())?.entries,
        },
        name => {
            let event = read_event(name, data.get()).map_err(|why| format!("`{name}`: {why}"))?;
            if event.as_ref().is_some_and(|e| !e.is_of_directory()) {
                return Err(format!("`{name}` does not belong into a directory"));
            }
            DirectoryLine::Entry(event.map(Box::new))
        }
    })
}

/// Reads one event of the feed; `None` for one whose name we do not know.
pub fn read_event(event: &str, data: &str) -> Result<Option<FeedEvent>, String> {
    Ok(Some(match event {
        "token.issued" => {
            let digest = digest(parse::<DigestWire>(data)?)?;
            FeedEvent::TokenIssued {
                digest,
                grant: read_grant(parse(data)?)?,
            }
        }
        "token.revoked" => FeedEvent::TokenRevoked {
            digest: digest(parse(data)?)?,
        },
        "session.kick" => kick(parse(data)?)?,
        "user.upserted" => user(parse(data)?)?,
        "user.removed" => {
            let UserWire { eid, uid, .. } = checked_user(parse(data)?)?;
            FeedEvent::UserRemoved { eid, uid }
        }
        "group.upserted" => group(parse(data)?)?,
        "group.removed" => match group(parse(data)?)? {
            FeedEvent::GroupUpserted { eid, gid, .. } => FeedEvent::GroupRemoved { eid, gid },
            other => other,
        },
        "partner.linked" => {
            let PartnersWire { a, b } = partners(parse(data)?)?;
            FeedEvent::PartnerLinked { a, b }
        }
        "partner.unlinked" => {
            let PartnersWire { a, b } = partners(parse(data)?)?;
            FeedEvent::PartnerUnlinked { a, b }
        }
        "enterprise.upserted" => FeedEvent::EnterpriseUpserted {
            eid: enterprise(parse(data)?)?,
        },
        "enterprise.suspended" => FeedEvent::EnterpriseSuspended {
            eid: enterprise(parse(data)?)?,
        },
        "notice" => {
            let notice: NoticeWire = parse(data)?;
            if notice.id.is_none() {
                return Err("missing field `id`".to_owned());
            }
            FeedEvent::Notice(notice.try_into()?)
        }
        "snapshot.required" => FeedEvent::SnapshotRequired,
        _ => return Ok(None),
    }))
}

/// Whether events of this name take rights away, or may do so.
pub fn withdraws(event: &str) -> bool {
    !matches!(
        event,
        "notice" | "token.issued" | "partner.linked" | "enterprise.upserted"
    )
}

fn parse<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, String> {
    serde_json::from_str(data).map_err(|e| e.to_string())
}

fn named(part: &'static str, value: &str) -> Result<(), String> {
    name::check(part, value).map_err(|e| e.to_string())
}

fn digest(wire: DigestWire) -> Result<TokenDigest, String> {
    TokenDigest::from_hex(&wire.digest)
        .ok_or_else(|| "digest is not 64 hexadecimal digits".to_owned())
}

fn read_grant(wire: GrantWire) -> Result<Grant, String> {
    let kind = DeviceKind::parse(&wire.kind).ok_or("kind is none of pc, phone, service")?;
    let grant = Grant {
        entitlements: entitlements(wire.roles, wire.groups, wire.partners, wire.channels)?,
        eid: wire.eid,
        uid: wire.uid,
        device: wire.device,
        kind,
        exp_s: wire.exp,
    };
    grant.check().map_err(|e| e.to_string())?;
    Ok(grant)
}

/// `None` when the message carries no groups at all: then it says nothing of rights.
fn entitlements(
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    partners: Option<Vec<String>>,
    channels: Option<Vec<String>>,
) -> Result<Option<Entitlements>, String> {
    if roles.is_none() && groups.is_none() && partners.is_none() && channels.is_none() {
        return Ok(None);
    }
    let found = Entitlements {
        roles: roles.unwrap_or_default(),
        groups: groups.unwrap_or_default(),
        partners: partners.unwrap_or_default(),
        channels: channels.unwrap_or_default(),
    };
    for gid in &found.groups {
        named("group", gid)?;
    }
    for role in &found.roles {
        named("role", role)?;
    }
    for partner in &found.partners {
        check_partner(partner)?;
    }
    for channel in &found.channels {
        check_channel(channel)?;
    }
    Ok(Some(found))
}

fn check_partner(partner: &str) -> Result<(), String> {
    let parsed = UserName::parse(partner);
    parsed.map(|_| ()).map_err(|e| format!("partner: {e}"))
}

fn check_channel(channel: &str) -> Result<(), String> {
    if channel.is_empty() || channel.chars().any(|c| c.is_control() || c == '+') {
        return Err("channel is empty or holds `+` or a control character".to_owned());
    }
    Ok(())
}

fn kick(wire: KickWire) -> Result<FeedEvent, String> {
    named("eid", &wire.eid)?;
    named("uid", &wire.uid)?;
    if let Some(device) = &wire.device {
        named("device", device)?;
    }
    Ok(FeedEvent::SessionKick {
        eid: wire.eid,
        uid: wire.uid,
        device: wire.device,
        reason: wire.reason,
    })
}

fn checked_user(wire: UserWire) -> Result<UserWire, String> {
    named("eid", &wire.eid)?;
    named("uid", &wire.uid)?;
    Ok(wire)
}

fn user(wire: UserWire) -> Result<FeedEvent, String> {
    let UserWire {
        eid,
        uid,
        roles,
        groups,
        partners,
        channels,
    } = checked_user(wire)?;
    let entitlements = entitlements(roles, groups, partners, channels)?;
    Ok(FeedEvent::UserUpserted {
        eid,
        uid,
        entitlements,
    })
}

fn group(wire: GroupWire) -> Result<FeedEvent, String> {
    named("eid", &wire.eid)?;
    named("gid", &wire.gid)?;
    for uid in &wire.members {
        named("member", uid)?;
    }
    Ok(FeedEvent::GroupUpserted {
        eid: wire.eid,
        gid: wire.gid,
        members: wire.members,
    })
}

fn partners(wire: PartnersWire) -> Result<PartnersWire, String> {
    for user in [&wire.a, &wire.b] {
        UserName::parse(user).map_err(|e| e.to_string())?;
    }
    Ok(wire)
}

fn enterprise(wire: EnterpriseWire) -> Result<String, String> {
    named("eid", &wire.eid)?;
    Ok(wire.eid)
}

#[cfg(test)]
mod tests;

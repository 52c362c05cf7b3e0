//! Wire module: a system notice with its scope, as the control feed and operators' commands have it.
//!
//! | member | | meaning |
//! |---|---|---|
//! | `scope` | required | `{"all":true}`, `{"eid"}`, `{"eid","uid"}` or `{"eid","gid"}` |
//! | `title` | required | one line for people |
//! | `id`, `kind`, `time`, `body`, `data` | optional | as in a notice's payload |
//! | `retain` | false | keep it for later subscribers |
//! | `expiry_s` | none | seconds until it is void |

use serde::Deserialize;
use serde_json::Value;

use super::contract::{Scope, SystemNotice};
use super::{Notice, name};

/// Whom a notice is for, as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeWire {
    all: Option<bool>,
    eid: Option<String>,
    uid: Option<String>,
    gid: Option<String>,
}

/// A system notice, as typed. Members that we do not know are passed over.
#[derive(Debug, Deserialize)]
pub struct NoticeWire {
    /// Text or number; whether it is required is the caller's business.
    pub id: Option<Value>,
    scope: ScopeWire,
    #[serde(default)]
    retain: bool,
    expiry_s: Option<u32>,
    title: String,
    body: Option<String>,
    kind: Option<String>,
    time: Option<u64>,
    #[serde(default)]
    data: Value,
}

impl TryFrom<ScopeWire> for Scope {
    type Error = String;

    fn try_from(wire: ScopeWire) -> Result<Scope, String> {
        for (part, value) in [("eid", &wire.eid), ("uid", &wire.uid), ("gid", &wire.gid)] {
            if let Some(value) = value {
                name::check(part, value).map_err(|e| e.to_string())?;
            }
        }
        let ScopeWire { all, eid, uid, gid } = wire;
        match (all.unwrap_or(false), eid, uid, gid) {
            (true, None, None, None) => Ok(Scope::All),
            (false, Some(eid), None, None) => Ok(Scope::Enterprise { eid }),
            (false, Some(eid), Some(uid), None) => Ok(Scope::User { eid, uid }),
            (false, Some(eid), None, Some(gid)) => Ok(Scope::Group { eid, gid }),
            (false, Some(_), Some(_), Some(_)) => {
                Err("scope names both a user and a group".to_owned())
            }
            _ => Err("scope is none of all, eid, eid+uid, eid+gid".to_owned()),
        }
    }
}

impl TryFrom<NoticeWire> for SystemNotice {
    type Error = String;

    /// A missing `id` becomes empty, a missing `time` 0: whoever takes the notice in fills them.
    fn try_from(wire: NoticeWire) -> Result<SystemNotice, String> {
        let id = match wire.id {
            None => String::new(),
            Some(Value::String(id)) if !id.is_empty() => id,
            Some(Value::Number(id)) => id.to_string(),
            Some(_) => return Err("id is neither text nor number".to_owned()),
        };
        Ok(SystemNotice {
            scope: wire.scope.try_into()?,
            retain: wire.retain,
            expiry_s: wire.expiry_s.unwrap_or(0),
            notice: Notice {
                id,
                kind: wire.kind.unwrap_or_else(|| "announcement".to_owned()),
                time: wire.time.unwrap_or(0),
                title: wire.title,
                body: wire.body.unwrap_or_default(),
                data: wire.data,
            },
        })
    }
}

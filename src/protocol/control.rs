//! Wire module: operators' commands on `$CONTROL/enterprise-push/v1`, in the shape that Mosquitto's
//! dynamic-security plugin uses, and their answers.
//!
//! ```json
//! {"commands": [{"command": "kickUser", "eid": "acme", "uid": "bob", "correlationData": "1"}]}
//! {"responses": [{"command": "kickUser", "correlationData": "1", "data": {"sessions": 2}}]}
//! ```
//!
//! | command | members |
//! |---|---|
//! | `sendNotice` | a system notice: `scope`, `title`, `body`, `kind`, `data`, `retain`, `expiry_s`, `id` |
//! | `kickUser` | `eid`, `uid`, optional `device` and `reason` |
//! | `listSessions` | optional `eid` and `uid`, `count` (100, at most 1000), `offset` |
//! | `getStatus` | |
//! | `reloadPolicy` | |
//! | `explain` | `eid`, `uid`, `action` (`read`, `write`, `subscribe`, `login`), `topic` (not for `login`), optional `device` and `kind` |
//!
//! An answer carries `error` instead of `data` when a command failed; the others of the same request are carried
//! out all the same.

mod question;

pub use question::{Asked, Question};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contract::SystemNotice;
use super::name;
use super::notice_wire::NoticeWire;

/// The largest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// Most commands in a request.
pub const MAX_COMMANDS: usize = 100;
/// Most sessions in an answer.
pub const MAX_LISTED: usize = 1000;
const LISTED: usize = 100;

/// A command, checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Send a system notice.
    SendNotice(Box<SystemNotice>),
    /// End a user's sessions, or one device's.
    KickUser {
        /// Enterprise.
        eid: String,
        /// User.
        uid: String,
        /// One device, or all of them.
        device: Option<String>,
        /// For the log.
        reason: String,
    },
    /// Tell who is logged in.
    ListSessions {
        /// Only this enterprise's.
        eid: Option<String>,
        /// Only this user's, together with `eid`.
        uid: Option<String>,
        /// At most so many.
        count: usize,
        /// After so many others.
        offset: usize,
    },
    /// Tell how the plugin is.
    GetStatus,
    /// Read the policy file again.
    ReloadPolicy,
    /// Tell what somebody may do, and why.
    Explain(Box<Question>),
}

/// One command of a request, and what its answer must carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// As typed, even if there is no such command.
    pub name: String,
    /// As typed.
    pub correlation: Option<Value>,
    /// What to do, or why it cannot be done.
    pub command: Result<Command, String>,
}

/// The answer to one command.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(rename = "correlationData", skip_serializing_if = "Option::is_none")]
    correlation: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

#[derive(Deserialize)]
struct RequestWire {
    commands: Vec<Value>,
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
struct ListWire {
    eid: Option<String>,
    uid: Option<String>,
    count: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize)]
struct ResponseWire {
    responses: Vec<Answer>,
}

/// Reads a request. The error is of the request as a whole.
pub fn read(payload: &[u8]) -> Result<Vec<Order>, String> {
    if payload.len() > MAX_REQUEST_BYTES {
        return Err(format!(
            "request of {} bytes, at most {MAX_REQUEST_BYTES}",
            payload.len()
        ));
    }
    let request: RequestWire = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
    if request.commands.len() > MAX_COMMANDS {
        return Err(format!(
            "{} commands, at most {MAX_COMMANDS}",
            request.commands.len()
        ));
    }
    Ok(request.commands.into_iter().map(order).collect())
}

/// The payload of the answers.
pub fn encode(responses: Vec<Answer>) -> Vec<u8> {
    serde_json::to_vec(&ResponseWire { responses })
        .expect("a struct of strings and JSON values always serialises")
}

impl Order {
    /// The answer to this command.
    pub fn answer(self, result: Result<Option<Value>, String>) -> Answer {
        let (data, error) = match result {
            Ok(data) => (data, None),
            Err(error) => (None, Some(error)),
        };
        Answer {
            command: self.name,
            error,
            correlation: self.correlation,
            data,
        }
    }
}

/// The answer to a request that could not be read.
pub fn refusal(why: String) -> Answer {
    Answer {
        command: "unknown".to_owned(),
        error: Some(why),
        correlation: None,
        data: None,
    }
}

fn order(command: Value) -> Order {
    let name = match command.get("command") {
        Some(Value::String(name)) => name.clone(),
        _ => String::new(),
    };
    Order {
        correlation: command.get("correlationData").cloned(),
        command: self::command(&name, command),
        name,
    }
}

fn command(name: &str, members: Value) -> Result<Command, String> {
    Ok(match name {
        "sendNotice" => {
            let notice: NoticeWire = parse(members)?;
            Command::SendNotice(Box::new(notice.try_into()?))
        }
        "kickUser" => kick(parse(members)?)?,
        "listSessions" => list(parse(members)?)?,
        "getStatus" => Command::GetStatus,
        "reloadPolicy" => Command::ReloadPolicy,
        "explain" => {
            let wire: question::Wire = parse(members)?;
            Command::Explain(Box::new(wire.try_into()?))
        }
        "" => return Err("missing member `command`".to_owned()),
        _ => return Err("no such command".to_owned()),
    })
}

fn parse<T: for<'a> Deserialize<'a>>(members: Value) -> Result<T, String> {
    serde_json::from_value(members).map_err(|e| e.to_string())
}

fn kick(wire: KickWire) -> Result<Command, String> {
    check("eid", Some(&wire.eid))?;
    check("uid", Some(&wire.uid))?;
    check("device", wire.device.as_deref())?;
    let KickWire {
        eid,
        uid,
        device,
        reason,
    } = wire;
    Ok(Command::KickUser {
        eid,
        uid,
        device,
        reason,
    })
}

fn list(wire: ListWire) -> Result<Command, String> {
    check("eid", wire.eid.as_deref())?;
    check("uid", wire.uid.as_deref())?;
    if wire.uid.is_some() && wire.eid.is_none() {
        return Err("`uid` needs `eid` beside it".to_owned());
    }
    let count = wire.count.unwrap_or(LISTED);
    if count > MAX_LISTED {
        return Err(format!("count {count}, at most {MAX_LISTED}"));
    }
    Ok(Command::ListSessions {
        eid: wire.eid,
        uid: wire.uid,
        count,
        offset: wire.offset,
    })
}

fn check(part: &'static str, value: Option<&str>) -> Result<(), String> {
    value.map_or(Ok(()), |value| {
        name::check(part, value).map_err(|e| e.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::contract::DeviceKind;

    fn one(text: &str) -> Result<Command, String> {
        let request = format!(r#"{{"commands":[{text}]}}"#);
        read(request.as_bytes()).unwrap().remove(0).command
    }

    #[test]
    fn commands_are_read() {
        let kick = one(r#"{"command":"kickUser","eid":"acme","uid":"bob"}"#);
        assert!(matches!(kick, Ok(Command::KickUser { device: None, .. })));
        assert_eq!(one(r#"{"command":"getStatus"}"#), Ok(Command::GetStatus));
        let list = one(r#"{"command":"listSessions","eid":"acme","count":5,"offset":10}"#);
        assert!(matches!(
            list,
            Ok(Command::ListSessions {
                count: 5,
                offset: 10,
                ..
            })
        ));
        let explain = one(
            r#"{"command":"explain","eid":"acme","uid":"bob","kind":"pc","action":"read","topic":"a/b"}"#,
        );
        assert!(matches!(
            explain,
            Ok(Command::Explain(question))
                if question.asked == Asked::Read("a/b".to_owned()) && question.kind == Some(DeviceKind::Pc)
        ));
        let notice = one(r#"{"command":"sendNotice","scope":{"all":true},"title":"Hi"}"#);
        assert!(matches!(notice, Ok(Command::SendNotice(_))));
    }

    #[test]
    fn bad_commands_are_refused_one_by_one_and_named() {
        for (bad, why) in [
            (r#"{}"#, "command"),
            (r#"7"#, "command"),
            (r#"{"command":"x"}"#, "no such command"),
            (r#"{"command":"kickUser","eid":"acme"}"#, "uid"),
            (r#"{"command":"kickUser","eid":"a/b","uid":"bob"}"#, "0x2f"),
            (r#"{"command":"listSessions","uid":"bob"}"#, "eid"),
            (r#"{"command":"listSessions","count":1001}"#, "1001"),
            (r#"{"command":"listSessions","count":-1}"#, "-1"),
            (r#"{"command":"sendNotice","title":"Hi"}"#, "scope"),
            (
                r#"{"command":"explain","eid":"acme","uid":"bob","action":"read"}"#,
                "topic",
            ),
            (
                r#"{"command":"explain","eid":"acme","uid":"bob","action":"delete","topic":"a"}"#,
                "delete",
            ),
            (
                r#"{"command":"explain","eid":"acme","uid":"bob","action":"login","topic":"a"}"#,
                "login",
            ),
            (
                r#"{"command":"explain","eid":"acme","uid":"bob","action":"login","kind":"PC"}"#,
                "PC",
            ),
            (
                r#"{"command":"explain","eid":"acme","uid":"b#","action":"login"}"#,
                "0x23",
            ),
            (
                r#"{"command":"sendNotice","scope":{"uid":"bob"},"title":"Hi"}"#,
                "scope",
            ),
        ] {
            let error = one(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
        for bad in [&b"7"[..], b"{}", b"{\"commands\":{}}", b"\xff", b""] {
            assert!(read(bad).is_err());
        }
        let many = format!(r#"{{"commands":[{}{{}}]}}"#, "{},".repeat(MAX_COMMANDS));
        assert!(read(many.as_bytes()).unwrap_err().contains("101"));
        assert!(read(&vec![b' '; MAX_REQUEST_BYTES + 1]).is_err());
    }

    #[test]
    fn answers_carry_name_and_correlation() {
        let request =
            br#"{"commands":[{"command":"getStatus","correlationData":"c1"},{"command":"nope"}]}"#;
        let orders = read(request).unwrap();
        let answers = orders.into_iter().map(|order| {
            let result = order.command.clone().map(|_| Some(Value::from(1)));
            order.answer(result)
        });
        assert_eq!(
            String::from_utf8(encode(answers.collect())).unwrap(),
            r#"{"responses":[{"command":"getStatus","correlationData":"c1","data":1},{"command":"nope","error":"no such command"}]}"#
        );
    }
}

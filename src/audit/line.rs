//! A record as a line of JSON. The schema stands in docs/audit.md; members come and events are added, none is renamed.

use std::borrow::Cow;

use serde::Serialize;

use crate::engine::{Change, Event, Login, Origin, Outcome, Record, Refused};
use crate::protocol::SessionName;
use crate::protocol::contract::Scope;

/// Longest topic, reason or foreign name in a line, in bytes: whoever is refused must not fill the log.
const MOST: usize = 512;

/// Makes lines, and gives each an id.
pub(super) struct Lines {
    node: String,
    /// Whether nothing is enforced.
    pub(super) shadow: bool,
    /// Milliseconds since 1970 at the start, in hexadecimal: ids of a former run are others.
    run: String,
    next: u64,
}

#[derive(Default, Serialize)]
struct Line<'a> {
    id: String,
    time: u64,
    node: &'a str,
    event: Cow<'static, str>,
    #[serde(skip_serializing_if = "is_false")]
    shadow: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    eid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partners: Option<&'a [String; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unrecorded: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_in: Option<&'static str>,
}

impl Lines {
    pub(super) fn new(node: &str, start_ms: u64) -> Lines {
        Lines {
            node: node.to_owned(),
            shadow: false,
            run: format!("{start_ms:x}"),
            next: 0,
        }
    }

    /// The line of a record, without its end.
    pub(super) fn line(&mut self, record: &Record) -> String {
        let (id, node) = (self.id(), self.node.clone());
        let mut line = Line {
            id,
            time: record.unix_ms,
            node: &node,
            shadow: self.shadow,
            ..Line::default()
        };
        line.tell(&record.event);
        encode(&line)
    }

    /// The line that says how many records were lost, and where.
    pub(super) fn dropped(&mut self, count: u64, lost_in: &'static str, now_ms: u64) -> String {
        let id = self.id();
        encode(&Line {
            id,
            time: now_ms,
            node: &self.node,
            event: "audit.dropped".into(),
            shadow: self.shadow,
            unrecorded: Some(count),
            lost_in: Some(lost_in),
            ..Line::default()
        })
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("{}-{}", self.run, self.next)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Strings, numbers and lists of them always have a JSON form.
fn encode(line: &Line<'_>) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

impl<'a> Line<'a> {
    fn tell(&mut self, event: &'a Event) {
        match event {
            Event::Login(login) => self.tell_login(login),
            Event::Logout { client_id } => self.about("logout", client_id),
            Event::Kick { client_id, reason } => {
                self.about("kick", client_id);
                self.reason = Some(cut(reason));
            }
            Event::Refused {
                client_id,
                what,
                topic,
                reason,
                unrecorded,
            } => {
                match what {
                    Refused::Publish => {
                        self.about("publish.refused", client_id);
                        self.topic = Some(cut(topic));
                    }
                    Refused::Receive => {
                        self.about("receive.refused", client_id);
                        self.topic = Some(cut(topic));
                    }
                    Refused::Subscribe => {
                        self.about("subscribe.refused", client_id);
                        self.filter = Some(cut(topic));
                    }
                }
                self.reason = Some(cut(reason));
                self.unrecorded = (*unrecorded > 0).then_some(*unrecorded);
            }
            Event::Notice { id, kind, scope } => {
                self.event = "notice".into();
                self.notice = Some(cut(id));
                self.kind = Some(cut(kind));
                self.to(scope);
            }
            Event::Command {
                client_id,
                command,
                error,
            } => {
                let refused = error.is_some();
                let event = if refused {
                    "command.refused"
                } else {
                    "command"
                };
                self.about(event, client_id);
                self.command = Some(cut(command));
                self.reason = error.as_deref().map(cut);
            }
            Event::Options(Ok(changed)) => {
                self.event = "options.loaded".into();
                self.options = Some(changed);
            }
            Event::Options(Err(error)) => {
                self.event = "options.refused".into();
                self.reason = Some(cut(error));
            }
            Event::Policy(Ok(rules)) => {
                self.event = "policy.loaded".into();
                self.rules = Some(*rules);
            }
            Event::Policy(Err(error)) => {
                self.event = "policy.refused".into();
                self.reason = Some(cut(error));
            }
            Event::Directory(change) => self.tell_change(change),
            Event::DirectoryLoaded { users, groups } => {
                self.event = "directory.loaded".into();
                (self.users, self.groups) = (Some(*users), Some(*groups));
            }
            Event::FeedLost { sessions } => {
                self.event = "feed.lost".into();
                self.sessions = Some(*sessions);
            }
        }
    }

    fn tell_login(&mut self, login: &'a Login) {
        let event = match login.outcome {
            Outcome::Granted(_) => "login",
            Outcome::Refused(_) => "login.refused",
        };
        self.about(event, &login.client_id);
        self.peer = (!login.peer.is_empty()).then_some(&login.peer);
        match login.outcome {
            Outcome::Granted(Origin::Announced) => self.via = Some("announcement"),
            Outcome::Granted(Origin::Introspected) => self.via = Some("introspection"),
            Outcome::Refused(refusal) => self.reason = Some(refusal.to_string().into()),
        }
    }

    fn tell_change(&mut self, change: &'a Change) {
        self.event = format!("directory.{}", change.event).into();
        self.eid = (!change.eid.is_empty()).then_some(&change.eid);
        self.uid = change.uid.as_deref();
        self.gid = change.gid.as_deref();
        self.partners = change.partners.as_ref();
    }

    /// Whose it is, by name; a client id that is not one of ours is told as it came.
    fn about(&mut self, event: &'static str, client_id: &'a str) {
        self.event = event.into();
        match SessionName::parse(client_id) {
            Ok(SessionName { user, device }) => {
                (self.eid, self.uid, self.device) = (Some(user.eid), Some(user.uid), Some(device));
            }
            Err(_) => self.client_id = Some(cut(client_id)),
        }
    }

    fn to(&mut self, scope: &'a Scope) {
        match scope {
            Scope::All => {}
            Scope::Enterprise { eid } => self.eid = Some(eid),
            Scope::User { eid, uid } => {
                self.eid = Some(eid);
                self.uid = Some(uid);
            }
            Scope::Group { eid, gid } => {
                self.eid = Some(eid);
                self.gid = Some(gid);
            }
        }
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    match text.get(..text.floor_char_boundary(MOST)) {
        Some(head) if head.len() < text.len() => format!("{head}…").into(),
        _ => text.into(),
    }
}

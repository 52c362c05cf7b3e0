//! The lines about what is kept locally, for people and for scripts.

use mosquitto_enterprise_push::client::{Group, Partner, Person as Card, Relation};
use serde_json::{Value, json};

use crate::book::{Section, Synced, TreeLine};
use crate::clock;
use crate::history::{Body, Record};
use crate::report_json::content;
use crate::roster::{Person, Roster};
use crate::sanitise::sanitise;

/// Something about what is kept.
#[derive(Debug)]
pub(crate) enum Kept<'a> {
    /// The address book is up to date.
    Synced(&'a Synced),
    /// A line of the address book, with what is known of people's presence.
    Tree {
        line: TreeLine<'a>,
        roster: &'a Roster,
    },
    /// A message of the history.
    Message(&'a Record),
}

/// The line for scripts.
pub(crate) fn json_line(kept: &Kept<'_>) -> Value {
    match kept {
        Kept::Synced(synced) => json!({
            "event": "book_synced",
            "version": synced.book.version(),
            "full": synced.full,
            "entries": synced.entries,
            "departments": synced.book.departments().len(),
            "users": synced.book.users().len(),
            "partners": synced.book.partners().len(),
            "groups": synced.book.groups().len(),
        }),
        Kept::Tree { line, roster } => json_of_tree(line, roster),
        Kept::Message(record) => json_of_message(record),
    }
}

/// The line for people.
pub(crate) fn text_line(kept: &Kept<'_>) -> String {
    match kept {
        Kept::Synced(synced) => {
            let what = if synced.full {
                "loaded"
            } else {
                "brought up to date"
            };
            let (entries, version) = (synced.entries, synced.book.version());
            format!("-- address book {what}: {entries} entries, version {version}")
        }
        Kept::Tree { line, roster } => text_of_tree(line, roster),
        Kept::Message(record) => text_of_message(record),
    }
}

fn json_of_tree(line: &TreeLine<'_>, roster: &Roster) -> Value {
    match line {
        TreeLine::Section(section) => {
            json!({ "event": "book_section", "section": section_word(*section) })
        }
        TreeLine::Department { department, depth } => json!({
            "event": "book_department",
            "did": department.did,
            "name": department.name,
            "parent": department.parent,
            "depth": depth,
        }),
        TreeLine::User { person, .. } => {
            let more = json!({ "event": "book_user", "department": person.department });
            joined(more, json_of_card(person, roster.get(&person.uid)))
        }
        TreeLine::Partner(partner) => {
            let more = json!({
                "event": "book_partner",
                "enterprise": partner.enterprise,
                "relation": partner.relation.as_str(),
            });
            joined(
                more,
                json_of_card(&partner.person, roster.get(&partner.id())),
            )
        }
        TreeLine::Group(group) => json!({
            "event": "book_group",
            "gid": group.gid,
            "name": group.name,
            "members": group.members,
        }),
    }
}

fn json_of_card(card: &Card, known: Option<&Person>) -> Value {
    json!({
        "eid": card.eid,
        "uid": card.uid,
        "name": card.name,
        "title": card.title,
        "phone": card.phone,
        "email": card.email,
        "avatar": card.avatar,
        "presence": known.and_then(|known| known.presence).map(|presence| presence.as_str()),
        "signature": known.and_then(|known| known.signature.as_deref()),
    })
}

fn section_word(section: Section) -> &'static str {
    match section {
        Section::Organisation => "organisation",
        Section::Partners(relation) => relation.as_str(),
        Section::Groups => "groups",
    }
}

fn text_of_tree(line: &TreeLine<'_>, roster: &Roster) -> String {
    match line {
        TreeLine::Section(section) => heading(*section).to_owned(),
        TreeLine::Department { department, depth } => {
            let (did, name) = (sanitise(&department.did), sanitise(&department.name));
            format!("{}{name} ({did})", indent(depth + 1))
        }
        TreeLine::User { person, depth } => {
            let known = roster.get(&person.uid);
            format!("{}{}", indent(depth + 1), card(&person.uid, person, known))
        }
        TreeLine::Partner(partner) => partner_line(partner, roster),
        TreeLine::Group(group) => group_line(group),
    }
}

fn heading(section: Section) -> &'static str {
    match section {
        Section::Organisation => "Organisation",
        Section::Partners(Relation::Upstream) => "Upstream partners",
        Section::Partners(Relation::Downstream) => "Downstream partners",
        Section::Partners(Relation::Partner) => "Partners",
        Section::Groups => "Groups",
    }
}

fn partner_line(partner: &Partner, roster: &Roster) -> String {
    let id = partner.id();
    let line = card(&id, &partner.person, roster.get(&id));
    let enterprise = sanitise(&partner.enterprise);
    format!("{}{line}  [{enterprise}]", indent(1))
}

fn group_line(group: &Group) -> String {
    let members: Vec<String> = group.members.iter().map(|uid| sanitise(uid)).collect();
    let (gid, name) = (sanitise(&group.gid), sanitise(&group.name));
    format!("{}#{gid}  {name}: {}", indent(1), members.join(", "))
}

/// Who, with what is known: presence, name, title, numbers, signature.
fn card(id: &str, card: &Card, known: Option<&Person>) -> String {
    let presence = known.and_then(|known| known.presence);
    let presence = presence.map(|presence| format!("({presence})"));
    let signature = known.and_then(|known| known.signature.as_deref());
    let signature = signature.map(|text| format!("\"{}\"", sanitise(text)));
    let words = [&card.name, &card.title, &card.phone, &card.email];
    let words = words.map(|word| Some(sanitise(word)));
    [Some(sanitise(id)), presence]
        .into_iter()
        .chain(words)
        .chain([signature])
        .flatten()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("  ")
}

/// Deep trees stay on the screen.
fn indent(depth: usize) -> String {
    "  ".repeat(depth.min(20))
}

fn json_of_message(record: &Record) -> Value {
    let text = match &record.body {
        Body::Text(text) => json!({ "text": text }),
        Body::Left => json!({}),
    };
    let line = json!({
        "event": "history",
        "kept_ms": record.kept_ms,
        "with": record.with,
        "from": record.from,
        "outgoing": record.outgoing,
        "seq": record.seq,
        "content": content(record.content),
        "timestamp_ms": record.timestamp_ms,
        "bytes": record.bytes,
    });
    joined(line, text)
}

/// The members of both objects.
fn joined(one: Value, other: Value) -> Value {
    let members = |value| match value {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    members(one).into_iter().chain(members(other)).collect()
}

fn text_of_message(record: &Record) -> String {
    let (time, from) = (clock::local(record.timestamp_ms), sanitise(&record.from));
    let to = if record.outgoing || record.with.starts_with('#') {
        sanitise(&record.with)
    } else {
        "me".to_owned()
    };
    let body = match &record.body {
        Body::Text(text) => sanitise(text),
        Body::Left => format!("[{}, {} bytes]", content(record.content), record.bytes),
    };
    format!("{time} {from} -> {to}: {body}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use mosquitto_enterprise_push::protocol::Presence;

    fn ann() -> Card {
        Card {
            eid: "acme".to_owned(),
            uid: "ann".to_owned(),
            name: "Ann\u{1b} Lee".to_owned(),
            title: "Engineer".to_owned(),
            ..Card::default()
        }
    }

    fn roster() -> Roster {
        let mut roster = Roster::default();
        let uid = || "ann".to_owned();
        roster.note(&Event::Presence {
            uid: uid(),
            presence: Presence::Busy,
        });
        let text = "on the train".to_owned();
        roster.note(&Event::Signature { uid: uid(), text });
        roster
    }

    #[test]
    fn person_stands_with_presence_and_signature() {
        let (person, roster) = (ann(), roster());
        let line = TreeLine::User {
            person: &person,
            depth: 1,
        };
        let kept = |roster| Kept::Tree { line, roster };
        assert_eq!(
            text_line(&kept(&roster)),
            r#"    ann  (busy)  Ann\u{1b} Lee  Engineer  "on the train""#
        );
        let json = json_line(&kept(&roster));
        assert_eq!(
            (&json["event"], &json["presence"]),
            (&json!("book_user"), &json!("busy"))
        );
        assert_eq!(
            (&json["name"], &json["signature"]),
            (&json!("Ann\u{1b} Lee"), &json!("on the train"))
        );
        let nobody = Roster::default();
        assert_eq!(
            text_line(&kept(&nobody)),
            r"    ann  Ann\u{1b} Lee  Engineer"
        );
        assert_eq!(json_line(&kept(&nobody))["presence"], Value::Null);
    }

    #[test]
    fn partner_is_known_by_the_whole_name() {
        let partner = Partner {
            person: ann(),
            enterprise: "Acme Ltd".to_owned(),
            relation: Relation::Upstream,
        };
        let roster = roster();
        let kept = Kept::Tree {
            line: TreeLine::Partner(&partner),
            roster: &roster,
        };
        let line = text_line(&kept);
        assert!(line.starts_with("  ann@acme  Ann"), "{line}");
        assert!(line.ends_with("Engineer  [Acme Ltd]"), "{line}");
        assert_eq!(json_line(&kept)["relation"], "upstream");
    }
}

//! Presence and signatures as far as they are known. Pure.

use std::collections::BTreeMap;

use mosquitto_enterprise_push::protocol::Presence;

use crate::event::Event;
use crate::wire::control::PersonRow;

/// What is known of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) presence: Option<Presence>,
    /// Never empty.
    pub(crate) signature: Option<String>,
}

/// Users by uid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roster(BTreeMap<String, Person>);

impl Roster {
    /// Takes note of presence and signatures; ignores all else.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Presence { uid, presence } => self.person(uid).presence = Some(*presence),
            Event::Signature { uid, text } => {
                self.person(uid).signature = (!text.is_empty()).then(|| text.clone());
            }
            _ => {}
        }
    }

    /// Forgets everything, before all retained values come anew.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = (&str, &Person)> {
        self.0.iter().map(|(uid, person)| (uid.as_str(), person))
    }

    pub(crate) fn get(&self, uid: &str) -> Option<&Person> {
        self.0.get(uid)
    }

    pub(crate) fn rows(&self) -> Vec<PersonRow> {
        let row = |(uid, person): (&str, &Person)| PersonRow {
            uid: uid.to_owned(),
            presence: person.presence.map(|presence| presence.to_string()),
            signature: person.signature.clone(),
        };
        self.people().map(row).collect()
    }

    pub(crate) fn from_rows(rows: Vec<PersonRow>) -> Roster {
        let person = |row: PersonRow| {
            let presence = row
                .presence
                .and_then(|word| Presence::parse(word.as_bytes()));
            (
                row.uid,
                Person {
                    presence,
                    signature: row.signature,
                },
            )
        };
        Roster(rows.into_iter().map(person).collect())
    }

    fn person(&mut self, uid: &str) -> &mut Person {
        self.0.entry(uid.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_value_counts_and_survives_the_control_socket() {
        let mut roster = Roster::default();
        for presence in [Presence::Online, Presence::Busy] {
            roster.note(&Event::Presence {
                uid: "bob".to_owned(),
                presence,
            });
        }
        for text in ["lunch", ""] {
            roster.note(&Event::Signature {
                uid: "carol".to_owned(),
                text: text.to_owned(),
            });
        }
        let busy = Person {
            presence: Some(Presence::Busy),
            signature: None,
        };
        assert_eq!(roster.get("bob"), Some(&busy));
        assert_eq!(roster.get("carol"), Some(&Person::default()));
        assert_eq!(Roster::from_rows(roster.rows()), roster);
    }
}

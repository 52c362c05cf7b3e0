//! The address book as people read it: the organisation's tree, partners by relation, groups. Pure.

use std::collections::{BTreeMap, BTreeSet};

use mosquitto_enterprise_push::client::{
    AddressBook, Department, Group, Partner, Person, Relation,
};

/// A part of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Organisation,
    Partners(Relation),
    Groups,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TreeLine<'a> {
    Section(Section),
    Department {
        department: &'a Department,
        depth: usize,
    },
    User {
        person: &'a Person,
        depth: usize,
    },
    Partner(&'a Partner),
    Group(&'a Group),
}

/// Everything, departments with their people below them. Whatever hangs nowhere, or in a ring, stands at the top.
pub(crate) fn tree(book: &AddressBook) -> Vec<TreeLine<'_>> {
    let mut organisation = Organisation::of(book);
    let mut lines = organisation.lines();
    for relation in [Relation::Upstream, Relation::Downstream, Relation::Partner] {
        let partners = book.partners().values();
        let partners = partners.filter(|partner| partner.relation == relation);
        section(
            &mut lines,
            Section::Partners(relation),
            partners.map(TreeLine::Partner),
        );
    }
    let groups = book.groups().values().map(TreeLine::Group);
    section(&mut lines, Section::Groups, groups);
    lines
}

/// What has the text, upper or lower case, in any of its words for people or its name; flat.
pub(crate) fn matches<'a>(book: &'a AddressBook, text: &str) -> Vec<TreeLine<'a>> {
    let wanted = text.to_lowercase();
    let has = |line: &TreeLine<'_>| {
        let words = words(line);
        words
            .iter()
            .any(|word| word.to_lowercase().contains(&wanted))
    };
    let flat = |line| match line {
        TreeLine::Department { department, .. } => TreeLine::Department {
            department,
            depth: 0,
        },
        TreeLine::User { person, .. } => TreeLine::User { person, depth: 0 },
        other => other,
    };
    tree(book).into_iter().filter(has).map(flat).collect()
}

fn words<'a>(line: &TreeLine<'a>) -> Vec<&'a str> {
    match line {
        TreeLine::Section(_) => Vec::new(),
        TreeLine::Department { department, .. } => vec![&department.did, &department.name],
        TreeLine::User { person, .. } => words_of(person),
        TreeLine::Partner(partner) => {
            let mut words = words_of(&partner.person);
            words.extend([partner.person.eid.as_str(), &partner.enterprise]);
            words
        }
        TreeLine::Group(group) => vec![&group.gid, &group.name],
    }
}

fn words_of(person: &Person) -> Vec<&str> {
    vec![
        &person.uid,
        &person.name,
        &person.title,
        &person.phone,
        &person.email,
    ]
}

/// Adds a section that is not empty.
fn section<'a>(
    lines: &mut Vec<TreeLine<'a>>,
    section: Section,
    content: impl Iterator<Item = TreeLine<'a>>,
) {
    let mut content = content.peekable();
    if content.peek().is_some() {
        lines.push(TreeLine::Section(section));
        lines.extend(content);
    }
}

/// The own enterprise, by who hangs where.
struct Organisation<'a> {
    book: &'a AddressBook,
    /// Children of each department, and those of none.
    children: BTreeMap<Option<&'a str>, Vec<&'a Department>>,
    people: BTreeMap<Option<&'a str>, Vec<&'a Person>>,
    shown: BTreeSet<&'a str>,
}

impl<'a> Organisation<'a> {
    fn of(book: &'a AddressBook) -> Self {
        let known = |did: &'a Option<String>| {
            let did = did.as_deref()?;
            book.departments().contains_key(did).then_some(did)
        };
        let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for department in book.departments().values() {
            let parent = known(&department.parent);
            children.entry(parent).or_default().push(department);
        }
        let mut people: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for person in book.users().values() {
            let department = known(&person.department);
            people.entry(department).or_default().push(person);
        }
        Organisation {
            book,
            children,
            people,
            shown: BTreeSet::new(),
        }
    }

    fn lines(&mut self) -> Vec<TreeLine<'a>> {
        let mut content = Vec::new();
        for department in self.children.get(&None).cloned().unwrap_or_default() {
            self.walk(department, &mut content);
        }
        // Rings have no top: begin anywhere.
        for department in self.book.departments().values() {
            self.walk(department, &mut content);
        }
        self.push_people(None, 0, &mut content);
        let mut lines = Vec::new();
        section(&mut lines, Section::Organisation, content.into_iter());
        lines
    }

    /// A department and all below it, without recursion: the depth is others' choice.
    fn walk(&mut self, top: &'a Department, lines: &mut Vec<TreeLine<'a>>) {
        let mut open = vec![(top, 0)];
        while let Some((department, depth)) = open.pop() {
            if !self.shown.insert(&department.did) {
                continue;
            }
            lines.push(TreeLine::Department { department, depth });
            self.push_people(Some(&department.did), depth + 1, lines);
            let below = self.children.get(&Some(department.did.as_str()));
            let below = below.into_iter().flatten().rev();
            open.extend(below.map(|child| (*child, depth + 1)));
        }
    }

    fn push_people(&self, did: Option<&str>, depth: usize, lines: &mut Vec<TreeLine<'a>>) {
        let people = self.people.get(&did).into_iter().flatten();
        lines.extend(people.map(|person| TreeLine::User { person, depth }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::client::{Changes, Entry};

    fn department(did: &str, parent: Option<&str>) -> Entry {
        Entry::Department(Department {
            did: did.to_owned(),
            name: did.to_uppercase(),
            parent: parent.map(str::to_owned),
        })
    }

    fn user(uid: &str, department: Option<&str>) -> Entry {
        Entry::User(person(uid, department))
    }

    fn person(uid: &str, department: Option<&str>) -> Person {
        Person {
            uid: uid.to_owned(),
            name: format!("{uid} Smith"),
            department: department.map(str::to_owned),
            ..Person::default()
        }
    }

    fn book(entries: Vec<Entry>) -> AddressBook {
        let mut book = AddressBook::default();
        book.apply(Changes {
            version: 1,
            full: true,
            entries,
        });
        book
    }

    fn shown(lines: &[TreeLine<'_>]) -> Vec<String> {
        let line = |line: &TreeLine<'_>| match line {
            TreeLine::Section(section) => format!("{section:?}"),
            TreeLine::Department { department, depth } => format!("{depth} {}", department.did),
            TreeLine::User { person, depth } => format!("{depth} {}", person.uid),
            TreeLine::Partner(partner) => partner.person.uid.clone(),
            TreeLine::Group(group) => format!("#{}", group.gid),
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn people_stand_below_their_departments() {
        let book = book(vec![
            department("lab", Some("rd")),
            department("rd", None),
            department("sales", None),
            user("ann", Some("lab")),
            user("bob", Some("rd")),
            user("eve", None),
        ]);
        let want = [
            "Organisation",
            "0 rd",
            "1 bob",
            "1 lab",
            "2 ann",
            "0 sales",
            "0 eve",
        ];
        assert_eq!(shown(&tree(&book)), want);
    }

    #[test]
    fn rings_orphans_and_lost_people_are_shown_once() {
        let book = book(vec![
            department("a", Some("b")),
            department("b", Some("a")),
            department("orphan", Some("gone")),
            user("ann", Some("gone")),
        ]);
        let want = ["Organisation", "0 orphan", "0 a", "1 b", "0 ann"];
        assert_eq!(shown(&tree(&book)), want);
    }

    #[test]
    fn partners_stand_by_relation_and_empty_sections_are_left_out() {
        let partner = |uid, relation| {
            Entry::Partner(Partner {
                person: person(uid, None),
                relation,
                ..Partner::default()
            })
        };
        let book = book(vec![
            partner("zoe", Relation::Upstream),
            partner("ann", Relation::Downstream),
        ]);
        let want = ["Partners(Upstream)", "zoe", "Partners(Downstream)", "ann"];
        assert_eq!(shown(&tree(&book)), want);
        assert!(tree(&AddressBook::default()).is_empty());
    }

    #[test]
    fn search_looks_at_every_word_whatever_its_case() {
        let book = book(vec![
            department("rd", None),
            user("ann", Some("rd")),
            user("bob", None),
        ]);
        assert_eq!(shown(&matches(&book, "SMITH")), ["0 ann", "0 bob"]);
        assert_eq!(shown(&matches(&book, "rd")), ["0 rd"]);
        assert!(matches(&book, "nobody").is_empty());
    }
}

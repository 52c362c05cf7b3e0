//! What should come out: filters by a naive reading of the standard, and the tally of what did.

use super::people::{Person, World};

/// What stands at a wildcard when a filter is turned into topics: every name of this world that could make
/// a difference, a fresh one, and the empty level.
const WORDS: [&str; 20] = [
    "acme", "beta", "evil", "frozen", "im", "msg", "pres", "sig", "g", "dev", "notice", "alice",
    "bob", "carol", "news", "broker", "sentinel", "fresh", "", "response",
];

/// MQTT 5 section 4.7, level by level.
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let names: Vec<&str> = topic.split('/').collect();
    if topic.starts_with('$') && matches!(levels[0], "+" | "#") {
        return false;
    }
    let (open, fixed) = match levels.split_last() {
        Some((&"#", fixed)) => (true, fixed),
        _ => (false, levels.as_slice()),
    };
    let enough = names.len() == fixed.len() || open && names.len() > fixed.len();
    enough
        && fixed
            .iter()
            .zip(&names)
            .all(|(level, name)| *level == "+" || level == name)
}

impl World {
    /// Whether somebody may subscribe: everything that the filter matches may be received.
    pub(super) fn may_subscribe(&self, person: &Person, filter: &str) -> bool {
        let question = (person.name, filter.to_owned());
        if let Some(known) = self.verdicts.borrow().get(&question) {
            return *known;
        }
        let mut topics = witnesses(filter).into_iter();
        let all = person.is_active() && topics.all(|topic| self.may_receive(person, &topic));
        self.verdicts.borrow_mut().insert(question, all);
        all
    }
}

/// Topics that a filter matches: its wildcards filled in from [`WORDS`] in every way.
fn witnesses(filter: &str) -> Vec<String> {
    let mut heads = vec![Vec::new()];
    for level in filter.split('/') {
        heads = match level {
            "+" => extended(&heads),
            // The parent itself, and one and two levels more.
            "#" => {
                let one = extended(&heads);
                let two = extended(&one);
                [heads, one, two].concat()
            }
            name => {
                heads.iter_mut().for_each(|head| head.push(name));
                heads
            }
        };
        // Filters as wide as this are refused by their first witnesses.
        heads.truncate(3_000);
    }
    let topics = heads.into_iter().map(|levels| levels.join("/"));
    topics.filter(|topic| !topic.is_empty()).collect()
}

fn extended<'a>(heads: &[Vec<&'a str>]) -> Vec<Vec<&'a str>> {
    let longer = |head: &Vec<&'a str>| WORDS.map(|word| [head.as_slice(), &[word]].concat());
    heads.iter().flat_map(longer).collect()
}

/// How many cells were judged, and which were wrong.
#[derive(Default)]
pub(super) struct Tally {
    cells: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// One cell: what should be, what was, and its name for whoever has to look into it.
    pub(super) fn cell<T: PartialEq + std::fmt::Debug>(
        &mut self,
        want: T,
        got: T,
        name: impl FnOnce() -> String,
    ) {
        self.cells += 1;
        if want != got {
            let name = name();
            self.wrong
                .push(format!("{name}: want {want:?}, got {got:?}"));
        }
    }

    /// Prints the count; fails when a cell was wrong, or when there were fewer than the matrix has.
    pub(super) fn close(self, what: &str, least: usize) {
        const SHOWN: usize = 40;
        println!("{what}: {} cells, {} wrong", self.cells, self.wrong.len());
        let shown: Vec<&str> = self.wrong.iter().take(SHOWN).map(String::as_str).collect();
        assert!(
            self.wrong.is_empty(),
            "{what}: {} of {} cells:\n{}",
            self.wrong.len(),
            self.cells,
            shown.join("\n")
        );
        assert!(self.cells >= least, "{what}: only {} cells", self.cells);
    }
}

#[test]
fn naive_matching_reads_the_standard() {
    for (filter, topic, want) in [
        ("a/#", "a", true),
        ("a/#", "a/b/c", true),
        ("a/+", "a", false),
        ("a/+", "a/", true),
        ("+", "/", false),
        ("#", "$SYS/x", false),
        ("+/x", "$SYS/x", false),
        ("$SYS/#", "$SYS/x", true),
        ("a", "b", false),
        ("a/b", "a", false),
    ] {
        assert_eq!(matches(filter, topic), want, "{filter} {topic}");
    }
}

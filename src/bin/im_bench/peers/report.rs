//! What was measured, by rival, work and round. Pure.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::args::{PeersArgs, Work};
use super::table;
use crate::findings::Findings;
use crate::report::ms;
use crate::rivals::Rival;

/// Who was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The program's version.
    pub(super) version: String,
    /// The rival, or one of its ways.
    pub(super) name: String,
    /// The version of the bare broker that it is compared with.
    pub(super) beside: String,
}

impl Subject {
    pub(super) fn new(version: &str, name: &str, beside: &str) -> Subject {
        Subject {
            version: version.to_owned(),
            name: name.to_owned(),
            beside: beside.to_owned(),
        }
    }

    /// The same under another name.
    pub(super) fn named(&self, name: &str) -> Subject {
        Subject::new(&self.version, name, &self.beside)
    }

    pub(super) fn label(&self) -> String {
        format!("{} {}", self.version, self.name)
    }

    /// The bare broker that it is compared with.
    fn bare(&self) -> Subject {
        Subject::new(&self.beside, Rival::Bare.name(), &self.beside)
    }

    /// Whether it has to let everybody in and to lose nothing.
    fn is_answered_for(&self) -> bool {
        self.name == Rival::Bare.name() || self.name.starts_with(Rival::Plugin.name())
    }
}

/// Some numbers and what they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Figures(BTreeMap<&'static str, f64>);

impl Figures {
    pub(super) fn of(figures: impl IntoIterator<Item = (&'static str, f64)>) -> Figures {
        Figures(figures.into_iter().collect())
    }

    pub(super) fn extend(&mut self, figures: impl IntoIterator<Item = (&'static str, f64)>) {
        self.0.extend(figures);
    }

    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter();
        let shown = shown.map(|(name, value)| format!("{name} {}", ms(Some(*value))));
        f.write_str(&shown.collect::<Vec<_>>().join(", "))
    }
}

/// When something was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// The round, for which all were started anew.
    pub(super) round: u32,
    /// The slice of it; 0 where there are none.
    pub(super) slice: u32,
}

impl Turn {
    /// All of a round.
    pub(super) fn whole(round: u32) -> Turn {
        Turn { round, slice: 0 }
    }
}

#[derive(Debug)]
struct Entry {
    subject: Subject,
    work: Work,
    turn: Turn,
    figures: Figures,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct PeersReport {
    /// What stands above the tables about sizes.
    sizes: String,
    entries: Vec<Entry>,
    not_measured: Vec<String>,
    failed: Vec<String>,
}

impl PeersReport {
    pub(super) fn new(args: &PeersArgs) -> PeersReport {
        PeersReport {
            sizes: table::sizes(args),
            ..PeersReport::default()
        }
    }

    pub(super) fn push(&mut self, subject: Subject, work: Work, turn: Turn, figures: Figures) {
        self.entries.push(Entry {
            subject,
            work,
            turn,
            figures,
        });
    }

    /// Somebody who could not be started.
    pub(super) fn not_measured(&mut self, why: &str) {
        crate::output::progress(&format!("not measured: {why}"));
        if !self.not_measured.iter().any(|told| told == why) {
            self.not_measured.push(why.to_owned());
        }
    }

    /// Somebody who could not do a work.
    pub(super) fn failed(&mut self, why: &str) {
        self.failed.push(why.to_owned());
    }

    /// Who did this work, in the order of the first round's start: versions and rivals as they were asked for.
    pub(super) fn subjects(&self, work: Work) -> Vec<&Subject> {
        let mut subjects: Vec<&Subject> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.work == work) {
            if !subjects.contains(&&entry.subject) {
                subjects.push(&entry.subject);
            }
        }
        subjects.sort_by_key(|subject| (subject.beside.clone(), table::place(subject)));
        subjects
    }

    fn one(&self, subject: &Subject, work: Work, turn: Turn) -> Option<&Figures> {
        let of_it = |e: &&Entry| e.subject == *subject && e.work == work && e.turn == turn;
        self.entries.iter().find(of_it).map(|entry| &entry.figures)
    }

    fn of<'a>(&'a self, subject: &'a Subject, work: Work) -> impl Iterator<Item = &'a Entry> {
        let all = self.entries.iter();
        all.filter(move |e| e.subject == *subject && e.work == work)
    }

    /// A figure in every turn.
    pub(super) fn values(&self, subject: &Subject, work: Work, name: &str) -> Vec<f64> {
        let all = self.of(subject, work);
        all.filter_map(|entry| entry.figures.get(name)).collect()
    }

    /// A figure in every turn and, beside it, that of `other` at `work_of_other` in the same turn.
    fn side_by_side<'a>(
        &'a self,
        (subject, work): (&'a Subject, Work),
        (other, work_of_other): (&'a Subject, Work),
        name: &'a str,
    ) -> impl Iterator<Item = (Turn, f64, f64)> + 'a {
        self.of(subject, work).filter_map(move |entry| {
            let beside = self.one(other, work_of_other, entry.turn)?.get(name)?;
            Some((entry.turn, entry.figures.get(name)?, beside))
        })
    }

    /// The one against the other.
    fn ratios(&self, own: (&Subject, Work), other: (&Subject, Work), name: &str) -> Vec<f64> {
        let pairs = self.side_by_side(own, other, name);
        ratios_of(pairs.map(|(_, own, beside)| (own, beside)))
    }

    /// Against the bare broker at the same work.
    pub(super) fn over_bare(&self, subject: &Subject, work: Work, name: &str) -> Vec<f64> {
        self.ratios((subject, work), (&subject.bare(), work), name)
    }

    /// A figure summed up over each round's turns, against the bare broker's sum.
    pub(super) fn sums_over_bare(&self, subject: &Subject, work: Work, name: &str) -> Vec<f64> {
        let bare = subject.bare();
        let mut sums = BTreeMap::<u32, (f64, f64)>::new();
        for (turn, own, beside) in self.side_by_side((subject, work), (&bare, work), name) {
            let (owns, besides) = sums.entry(turn.round).or_default();
            *owns += own;
            *besides += beside;
        }
        ratios_of(sums.into_values())
    }

    /// Against the same one while nobody logs in.
    pub(super) fn over_quiet(&self, subject: &Subject, work: Work, name: &str) -> Vec<f64> {
        self.ratios((subject, work), (subject, Work::Latency), name)
    }

    fn complaints_of(entry: &Entry) -> Vec<String> {
        let count = |name| entry.figures.get(name).unwrap_or_default();
        let mut wrong = Vec::new();
        if matches!(entry.work, Work::Latency | Work::Storm) {
            wrong.push((count("lost"), "messages of QoS 1 lost"));
            wrong.push((
                count("refused") + count("gave_up"),
                "good logins not let in",
            ));
        }
        if entry.work == Work::Connect {
            wrong.push((count("failed"), "good logins not let in"));
        }
        let label = entry.subject.label();
        let wrong = wrong.into_iter().filter(|(number, _)| *number > 0.0);
        wrong
            .map(|(number, what)| format!("{label}, {}: {number} {what}", entry.work.name()))
            .collect()
    }
}

/// Each first against its second, where that makes a number.
fn ratios_of(pairs: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    let ratios = pairs.map(|(own, beside)| own / beside);
    ratios.filter(|ratio| ratio.is_finite()).collect()
}

impl Findings for PeersReport {
    fn markdown(&self) -> String {
        let mut text = self.sizes.clone();
        text.push_str(&table::all(self));
        for (head, lines) in [
            ("Not measured", &self.not_measured),
            ("Works of others that failed", &self.failed),
        ] {
            if !lines.is_empty() {
                let _ = write!(text, "\n### {head}\n\n");
            }
            for line in lines {
                let _ = writeln!(text, "- {}", line.replace('\n', " "));
            }
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = String::from("version,rival,work,round,slice,figure,value\n");
        for Entry {
            subject,
            work,
            turn: Turn { round, slice },
            figures,
        } in &self.entries
        {
            for (name, value) in &figures.0 {
                let (version, rival) = (&subject.version, &subject.name);
                let work = work.name();
                let _ = writeln!(
                    text,
                    "{version},\"{rival}\",\"{work}\",{round},{slice},{name},{value}"
                );
            }
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let entry = |entry: &Entry| {
            json!({
                "version": entry.subject.version, "rival": entry.subject.name, "beside": entry.subject.beside,
                "work": entry.work.name(), "round": entry.turn.round, "slice": entry.turn.slice, "figures": entry.figures.0,
            })
        };
        json!({
            "head": head.iter().cloned().collect::<BTreeMap<_, _>>(),
            "measured": self.entries.iter().map(entry).collect::<Vec<_>>(),
            "not_measured": self.not_measured,
            "failed": self.failed,
        })
    }

    fn complaints(&self) -> Vec<String> {
        let ours = self.entries.iter().filter(|e| e.subject.is_answered_for());
        ours.flat_map(PeersReport::complaints_of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> PeersReport {
        let mut report = PeersReport::default();
        for (name, p99, lost) in [
            ("bare", 2.0, 0.0),
            ("plugin", 3.0, 1.0),
            ("password-file", 4.0, 5.0),
        ] {
            let subject = Subject::new("2.1.2", name, "2.1.2");
            let figures = Figures::of([("p99_ms", p99), ("lost", lost)]);
            report.push(subject.clone(), Work::Latency, Turn::whole(1), figures);
            let figures = Figures::of([("p99_ms", p99 * 10.0), ("gave_up", lost)]);
            report.push(subject, Work::Storm, Turn::whole(1), figures);
        }
        let subject = Subject::new("4.0.5", "rabbitmq-http", "2.1.2");
        report.push(
            subject,
            Work::Latency,
            Turn::whole(2),
            Figures::of([("p99_ms", 9.0)]),
        );
        report
    }

    #[test]
    fn ratios_are_of_the_same_round_only() {
        let report = report();
        let plugin = Subject::new("2.1.2", "plugin", "2.1.2");
        assert_eq!(report.over_bare(&plugin, Work::Latency, "p99_ms"), [1.5]);
        assert_eq!(report.over_quiet(&plugin, Work::Storm, "p99_ms"), [10.0]);
        let rabbit = Subject::new("4.0.5", "rabbitmq-http", "2.1.2");
        assert_eq!(report.values(&rabbit, Work::Latency, "p99_ms"), [9.0]);
        assert!(
            report
                .over_bare(&rabbit, Work::Latency, "p99_ms")
                .is_empty()
        );
    }

    #[test]
    fn a_round_counts_as_one_whatever_its_slices() {
        let mut report = PeersReport::default();
        let plugin = Subject::new("2.1.2", "plugin", "2.1.2");
        for (round, slice, bare, own) in [
            (1, 1, 100.0, 90.0),
            (1, 2, 300.0, 310.0),
            (2, 1, 100.0, 80.0),
        ] {
            for (subject, per_s) in [(plugin.clone(), own), (plugin.bare(), bare)] {
                let figures = Figures::of([("per_s", per_s)]);
                report.push(subject, Work::Qos0, Turn { round, slice }, figures);
            }
        }
        let sums = report.sums_over_bare(&plugin, Work::Qos0, "per_s");
        assert_eq!(sums, [1.0, 0.8]);
    }

    #[test]
    fn only_ours_and_the_bare_broker_are_complained_about_and_never_for_time() {
        assert_eq!(
            report().complaints(),
            [
                "2.1.2 plugin, latency: 1 messages of QoS 1 lost",
                "2.1.2 plugin, login storm: 1 good logins not let in",
            ]
        );
    }

    #[test]
    fn what_could_not_be_measured_is_told_in_every_writing() {
        let mut report = report();
        report.not_measured("rabbitmq-http: nowhere");
        report.failed("2.1.2 password-file, latency: broke\nin two lines");
        let text = report.markdown();
        assert!(
            text.contains("### Not measured\n\n- rabbitmq-http: nowhere\n"),
            "{text}"
        );
        assert!(text.contains("broke in two lines"), "{text}");
        assert!(
            report
                .csv()
                .contains("4.0.5,\"rabbitmq-http\",\"latency\",2,0,p99_ms,9\n")
        );
        assert_eq!(
            report.json(&[])["not_measured"][0],
            "rabbitmq-http: nowhere"
        );
    }
}

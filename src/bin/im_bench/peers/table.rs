//! The report's tables. Pure.

use std::fmt::Write as _;

use super::args::{PeersArgs, Work};
use super::report::{PeersReport, Subject};
use crate::report::middle_half;
use crate::stats::{mean_and_error, median_and_spread};

/// Those that a table lists, in this order, for each version.
const ORDER: [&str; 7] = [
    "bare",
    "plugin",
    "plugin, unknown tokens",
    "acl-file",
    "password-file",
    "dynamic-security",
    "rabbitmq-http",
];

/// What a column shows of a figure.
#[derive(Debug, Clone, Copy)]
enum Shown {
    /// The figure.
    Itself,
    /// The figure; of many slices, whose outermost say nothing.
    OfSlices,
    /// Against the bare broker in the same slice.
    OfSlicesOverBare,
    /// All of a round against all of the bare broker's: the mean of the rounds, and its standard error.
    OfRoundsOverBare,
    /// Against the bare broker in the same round.
    OverBare,
    /// Against the same rival in the same round while nobody logs in.
    OverQuiet,
    /// The sum over the rounds.
    Sum,
}

struct Column {
    head: &'static str,
    figure: &'static str,
    shown: Shown,
    digits: usize,
}

const fn column(head: &'static str, figure: &'static str, shown: Shown, digits: usize) -> Column {
    Column {
        head,
        figure,
        shown,
        digits,
    }
}

const CONNECT: &[Column] = &[
    column("logins/s", "per_s", Shown::Itself, 0),
    column("x bare", "per_s", Shown::OverBare, 3),
    column("CPU us a login", "cpu_us", Shown::Itself, 0),
    column("cores", "cores", Shown::Itself, 2),
    column("questions a login", "asked_per_login", Shown::Itself, 2),
    column("failed", "failed", Shown::Sum, 0),
];

const CARRIED: &[Column] = &[
    column("messages/s", "per_s", Shown::OfSlices, 0),
    column("x bare", "per_s", Shown::OfRoundsOverBare, 3),
    column("x bare, slices", "per_s", Shown::OfSlicesOverBare, 3),
    column("CPU us a message", "cpu_us", Shown::OfSlices, 2),
    column("x bare", "cpu_us", Shown::OfSlicesOverBare, 3),
    column("cores", "cores", Shown::OfSlices, 2),
    column("lost", "lost", Shown::Sum, 0),
];

const LATENCY: &[Column] = &[
    column("p50 ms", "p50_ms", Shown::Itself, 2),
    column("p99 ms", "p99_ms", Shown::Itself, 2),
    column("max ms", "max_ms", Shown::Itself, 1),
    column("p99 x bare", "p99_ms", Shown::OverBare, 2),
    column("lag p99 ms", "lag_p99_ms", Shown::Itself, 2),
    column("cores", "cores", Shown::Itself, 2),
    column("sent", "sent", Shown::Sum, 0),
    column("lost", "lost", Shown::Sum, 0),
    column("doubled", "doubled", Shown::Sum, 0),
    column("broken", "broken", Shown::Sum, 0),
];

const STORM: &[Column] = &[
    column("p50 ms", "p50_ms", Shown::Itself, 2),
    column("p99 ms", "p99_ms", Shown::Itself, 2),
    column("max ms", "max_ms", Shown::Itself, 1),
    column("p99 x no logins", "p99_ms", Shown::OverQuiet, 2),
    column("p99 x bare", "p99_ms", Shown::OverBare, 2),
    column("lag p99 ms", "lag_p99_ms", Shown::Itself, 2),
    column("cores", "cores", Shown::Itself, 2),
    column("lost", "lost", Shown::Sum, 0),
    column("logins", "logins", Shown::Sum, 0),
    column("in at once", "in_at_once", Shown::Sum, 0),
    column("on retry", "in_on_retry", Shown::Sum, 0),
    column("refused", "refused", Shown::Sum, 0),
    column("gave up", "gave_up", Shown::Sum, 0),
    column("login p50 ms", "login_p50_ms", Shown::Itself, 0),
    column("login p99 ms", "login_p99_ms", Shown::Itself, 0),
    column("questions", "asked", Shown::Sum, 0),
];

const IDLE: &[Column] = &[
    column("KiB a connection", "each_kib", Shown::Itself, 2),
    column("x bare", "each_kib", Shown::OverBare, 2),
    column("MiB before", "before_mib", Shown::Itself, 1),
    column("MiB with them", "after_mib", Shown::Itself, 1),
];

const TABLES: &[(&str, &str, &[Work], &[Column])] = &[
    (
        "Logins as fast as can be",
        "64 connectors, closed loop: CONNECT, CONNACK, DISCONNECT, over and over, as 512 users, each with the rival's own check of its credentials, after \
         a second that is not counted. \
         Unknown tokens: each used once, the static service asked about it; who is cut off comes again after 10 ms.",
        &[Work::Connect],
        CONNECT,
    ),
    (
        "Messages as fast as can be",
        "64 bytes behind the full header, closed loop, one publisher; deliveries are counted. Slices of a quarter of a second, in which the Mosquittos of a \
         version take turns. `x bare`: all of a start's messages against all of the bare broker's, mean of the starts ± its standard error. The others: median (quarter to \
         three quarters) of all slices, against the bare broker's of the same turn.",
        &[Work::Qos0, Work::Qos1, Work::FanOut],
        CARRIED,
    ),
    (
        "Latency of pairs, nobody logs in",
        "QoS 1, open loop, from the intended time of sending. `lag`: from that time to the write, the bench's own part of it.",
        &[Work::Latency],
        LATENCY,
    ),
    (
        "Latency of pairs in a login storm",
        "The same while others log in, whom the broker has never seen. Whoever is asked about logins is slow: our static service, RabbitMQ's HTTP service; the \
         others have nobody to ask. `x no logins` and `x bare`: of the same round.",
        &[Work::Storm],
        STORM,
    ),
    (
        "Memory of idle connections",
        "Resident memory of the broker's process, one subscription each, fresh brokers.",
        &[Work::Idle],
        IDLE,
    ),
];

/// What the sizes were.
pub(super) fn sizes(args: &PeersArgs) -> String {
    let more = match (args.of_more_rounds(), args.more_rounds) {
        (None, _) | (_, 0) => String::new(),
        (Some(_), more) => format!(" ({more} more of the Mosquittos' throughput and storm)"),
    };
    format!(
        "{} rounds{more}, for each of which all are started anew, rivals in turns; medians (least to most). As fast as can be: {} s each; fan-out to {}. Latency: {} pairs, {} messages a second, \
         {} s. Storm: {} logins a second, {} ms a question. Idle: {} connections. Ratios are to the bare broker of the same version in the same round; \
         RabbitMQ's to the bare broker of the last version.\n",
        args.rounds,
        args.seconds.as_secs(),
        args.subscribers,
        args.pairs,
        args.rate,
        args.talk_seconds.as_secs(),
        args.logins,
        args.check_ms.as_millis(),
        args.idle,
    )
}

/// Where in a table a rival stands.
pub(super) fn place(subject: &Subject) -> usize {
    let at = ORDER.iter().position(|name| *name == subject.name);
    at.unwrap_or(ORDER.len())
}

/// All tables that have something to show.
pub(super) fn all(report: &PeersReport) -> String {
    let mut text = String::new();
    for (head, note, works, columns) in TABLES {
        let lines: Vec<(Work, &Subject)> = works
            .iter()
            .flat_map(|work| {
                let subjects = report.subjects(*work);
                subjects.into_iter().map(|subject| (*work, subject))
            })
            .collect();
        if lines.is_empty() {
            continue;
        }
        let named = works.len() > 1;
        let _ = write!(text, "\n### {head}\n\n{note}\n\n");
        text.push_str(&heading(named, columns));
        for (work, subject) in lines {
            text.push_str(&line(report, named, work, subject, columns));
        }
    }
    text
}

fn heading(named: bool, columns: &[Column]) -> String {
    let mut heads = vec!["version", "rival"];
    if named {
        heads.insert(0, "work");
    }
    heads.extend(columns.iter().map(|column| column.head));
    let rule = "---|".repeat(heads.len());
    format!("| {} |\n|{rule}\n", heads.join(" | "))
}

fn line(
    report: &PeersReport,
    named: bool,
    work: Work,
    subject: &Subject,
    columns: &[Column],
) -> String {
    let mut cells = vec![subject.version.clone(), subject.name.clone()];
    if named {
        cells.insert(0, work.name().to_owned());
    }
    cells.extend(
        columns
            .iter()
            .map(|column| cell(report, work, subject, column)),
    );
    format!("| {} |\n", cells.join(" | "))
}

fn cell(report: &PeersReport, work: Work, subject: &Subject, column: &Column) -> String {
    let (name, digits) = (column.figure, column.digits);
    match column.shown {
        Shown::OfSlices => middle_half(&report.values(subject, work, name), digits),
        Shown::OfSlicesOverBare => middle_half(&report.over_bare(subject, work, name), digits),
        Shown::OfRoundsOverBare => mean(&report.sums_over_bare(subject, work, name), digits),
        Shown::Itself => told(&report.values(subject, work, name), digits),
        Shown::OverBare => told(&report.over_bare(subject, work, name), digits),
        Shown::OverQuiet => told(&report.over_quiet(subject, work, name), digits),
        Shown::Sum => {
            let sum: f64 = report.values(subject, work, name).iter().sum();
            format!("{sum:.0}")
        }
    }
}

/// The mean, and its standard error when there is one.
fn mean(values: &[f64], digits: usize) -> String {
    match mean_and_error(values) {
        None => String::new(),
        Some((mean, None)) => format!("{mean:.digits$}"),
        Some((mean, Some(error))) => format!("{mean:.digits$} ± {error:.digits$}"),
    }
}

/// The median, and the spread when there is one.
fn told(values: &[f64], digits: usize) -> String {
    match median_and_spread(values) {
        None => String::new(),
        Some((only, _, _)) if values.len() == 1 => format!("{only:.digits$}"),
        Some((median, least, most)) => {
            format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::{Figures, Turn};
    use super::*;

    #[test]
    fn a_table_shows_medians_ratios_and_sums_in_a_fixed_order() {
        let mut report = PeersReport::default();
        for round in [1, 2] {
            for (name, per_second) in [("plugin", 90.0), ("bare", 100.0)] {
                let subject = Subject::new("2.1.2", name, "2.1.2");
                let per_second = per_second * f64::from(round);
                let figures = Figures::of([("per_s", per_second), ("failed", 1.0)]);
                report.push(subject, Work::Connect, Turn::whole(round), figures);
            }
        }
        let text = all(&report);
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("| 2.1.2")).collect();
        assert_eq!(
            lines,
            [
                "| 2.1.2 | bare | 150 (100 to 200) | 1.000 (1.000 to 1.000) |  |  |  | 2 |",
                "| 2.1.2 | plugin | 135 (90 to 180) | 0.900 (0.900 to 0.900) |  |  |  | 2 |",
            ]
        );
        assert!(!text.contains("storm"), "{text}");
    }

    #[test]
    fn one_round_has_no_spread() {
        assert_eq!(told(&[2.0], 1), "2.0");
        assert_eq!(told(&[], 1), "");
        assert_eq!(mean(&[2.0], 1), "2.0");
        assert_eq!(mean(&[1.0, 3.0], 1), "2.0 ± 1.0");
    }
}

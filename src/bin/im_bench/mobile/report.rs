//! What the ways cost, as tables. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rumqttc::QoS;
use serde_json::{Value, json};

use super::TEXT;
use super::line::Spent;
use crate::findings::Findings;

/// IPv4 and TCP without options, for each segment.
const HEADERS_BYTES: u64 = 40;
/// How often a phone says that it is there.
const INTERVALS_S: [u64; 3] = [60, 300, 900];

/// What is compared with one another; the first of each is what the others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// From nothing to being reachable.
    Login,
    /// A message that may be lost, at both phones.
    Qos0,
    /// A message that is acknowledged, at both phones.
    Qos1,
    /// Once saying that one is there, or asking for news.
    KeepAlive,
}

impl Group {
    pub(super) fn of_qos(qos: QoS) -> Group {
        match qos {
            QoS::AtMostOnce => Group::Qos0,
            _ => Group::Qos1,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Group::Login => "login",
            Group::Qos0 => "message, QoS 0",
            Group::Qos1 => "message, QoS 1",
            Group::KeepAlive => "keep alive",
        }
    }

    fn head(self) -> String {
        let length = TEXT.len();
        match self {
            Group::Login => "One phone logs in, connection set up included".to_owned(),
            Group::Qos0 => {
                format!(
                    "One message of {length} bytes that may be lost: sender's and receiver's phone"
                )
            }
            Group::Qos1 => {
                format!(
                    "One message of {length} bytes, acknowledged: sender's and receiver's phone"
                )
            }
            Group::KeepAlive => "Staying connected, or asking for news".to_owned(),
        }
    }
}

#[derive(Debug)]
struct Row {
    group: Group,
    way: String,
    spent: Spent,
}

impl Row {
    fn payload(&self) -> u64 {
        self.spent.up + self.spent.down
    }

    /// With a header for each segment.
    fn on_the_wire(&self) -> Option<u64> {
        let segments = self.spent.segments?;
        Some(self.payload() + segments * HEADERS_BYTES)
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct MobileReport {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl MobileReport {
    pub(super) fn push(&mut self, group: Group, way: &str, spent: Spent) {
        crate::output::progress(&format!("{}: {way}: {spent:?}", group.name()));
        let way = way.to_owned();
        self.rows.push(Row { group, way, spent });
    }

    /// Something that a reader has to know.
    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    fn of(&self, group: Group) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.group == group)
    }

    fn once(&self, group: Group) -> String {
        let mut text = format!(
            "\n### {}\n\n| way | up | down | both | x first | segments | with headers | x first |\n|---|---|---|---|---|---|---|---|\n",
            group.head()
        );
        let first = self.of(group).next();
        for row in self.of(group) {
            let cells = [
                row.way.clone(),
                row.spent.up.to_string(),
                row.spent.down.to_string(),
                row.payload().to_string(),
                ratio(Some(row.payload()), first.map(Row::payload)),
                told(row.spent.segments),
                told(row.on_the_wire()),
                ratio(row.on_the_wire(), first.and_then(Row::on_the_wire)),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    /// An hour of it, at each interval.
    fn hourly(&self) -> String {
        let mut text = String::from(
            "\n### An hour of it\n\nKiB with headers, both ways, once every so many seconds and nothing else.\n\n| way |",
        );
        for interval in INTERVALS_S {
            let _ = write!(text, " {interval} s |");
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(INTERVALS_S.len()));
        for row in self.of(Group::KeepAlive) {
            let cells = INTERVALS_S.map(|interval| an_hour(row.on_the_wire(), interval));
            let _ = writeln!(text, "| {} | {} |", row.way, cells.join(" | "));
        }
        text
    }
}

fn an_hour(bytes: Option<u64>, interval_s: u64) -> String {
    bytes.map_or("not told".to_owned(), |bytes| {
        format!("{:.1}", bytes as f64 * 3600.0 / interval_s as f64 / 1024.0)
    })
}

fn told(number: Option<u64>) -> String {
    number.map_or("not told".to_owned(), |number| number.to_string())
}

fn ratio(of: Option<u64>, to: Option<u64>) -> String {
    let both = of.zip(to).filter(|(_, to)| *to > 0);
    both.map_or(String::new(), |(of, to)| {
        format!("{:.2}", of as f64 / to as f64)
    })
}

impl Findings for MobileReport {
    fn markdown(&self) -> String {
        let mut text = String::from(
            "Bytes of TCP payload, counted at the phone's socket; no TLS. `up`: sent by phones; `down`: received. `segments`: both ways, bare acknowledgements \
             among them, as the kernel counts them over loopback; `with headers` is computed: 40 bytes more for each (IPv4 and TCP without options). The same \
             secret of 64 characters everywhere. `x first`: against the first line.\n",
        );
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        for group in [Group::Login, Group::Qos0, Group::Qos1, Group::KeepAlive] {
            text.push_str(&self.once(group));
        }
        text.push_str(&self.hourly());
        text
    }

    fn csv(&self) -> String {
        let mut text = String::from("what,way,up_bytes,down_bytes,segments,with_headers_bytes\n");
        for row in &self.rows {
            let number = |number: Option<u64>| number.map_or(String::new(), |n| n.to_string());
            let _ = writeln!(
                text,
                "\"{}\",\"{}\",{},{},{},{}",
                row.group.name(),
                row.way,
                row.spent.up,
                row.spent.down,
                number(row.spent.segments),
                number(row.on_the_wire()),
            );
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let row = |row: &Row| {
            json!({
                "what": row.group.name(), "way": row.way, "up_bytes": row.spent.up, "down_bytes": row.spent.down,
                "segments": row.spent.segments, "with_headers_bytes": row.on_the_wire(),
            })
        };
        json!({
            "head": head.iter().cloned().collect::<BTreeMap<_, _>>(),
            "notes": self.notes,
            "ways": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(up: u64, down: u64, segments: Option<u64>) -> Spent {
        Spent { up, down, segments }
    }

    #[test]
    fn ratios_are_to_the_first_way_and_headers_count_for_each_segment() {
        let mut report = MobileReport::default();
        report.push(Group::Qos0, "ours", spent(60, 40, Some(4)));
        report.push(Group::Login, "ours", spent(1, 1, Some(1)));
        report.push(Group::Qos0, "theirs", spent(200, 100, Some(5)));
        report.push(Group::Qos0, "counted", spent(100, 50, None));
        let text = report.markdown();
        assert!(
            text.contains("| ours | 60 | 40 | 100 | 1.00 | 4 | 260 | 1.00 |"),
            "{text}"
        );
        assert!(
            text.contains("| theirs | 200 | 100 | 300 | 3.00 | 5 | 500 | 1.92 |"),
            "{text}"
        );
        assert!(
            text.contains("| counted | 100 | 50 | 150 | 1.50 | not told | not told |  |"),
            "{text}"
        );
    }

    #[test]
    fn an_hour_is_as_many_times_as_the_interval_fits() {
        assert_eq!(an_hour(Some(1024), 60), "60.0");
        assert_eq!(an_hour(Some(1024), 900), "4.0");
        assert_eq!(an_hour(None, 60), "not told");
    }
}

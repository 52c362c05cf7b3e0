//! The options of the plugin: the operator's guide against what the configuration's own check takes.

use std::collections::BTreeSet;

use mosquitto_enterprise_push::config::{LIVE_OPTIONS, OPTION_NAMES, Options, Settings};

use super::{assert_none, quoted, read, root};

/// A row of the guide's table.
struct Row {
    names: Vec<String>,
    default: String,
    range: String,
}

fn rows() -> Vec<Row> {
    let guide = read(&root().join("docs/operations.md"));
    let table = guide.split("| option | default | range | effect |").nth(1);
    let lines = table.into_iter().flat_map(str::lines).skip(2);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let mut next = || cells.next().unwrap_or_default().to_owned();
            let names = quoted(&next()).map(str::to_owned).collect();
            let (default, range) = (next(), next());
            Row {
                names,
                default,
                range,
            }
        })
        .collect()
}

thread_local! {
    /// A test's own: the check writes into it, and two at a time would be in each other's way.
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
}

/// What the options that are needed, for some option or always, and this one come to; none when they are refused.
fn settings(name: &str, value: Option<&str>) -> Option<String> {
    let mut options = Options::default();
    let folder = FOLDER.with(|folder| folder.path().display().to_string());
    let needed = [
        ("state_dir", folder.as_str()),
        ("static_url", "https://static.example.com"),
        ("client_id", "broker-1"),
        ("client_secret", "secret"),
    ];
    let kept = needed.into_iter().filter(|(needed, _)| *needed != name);
    for (name, value) in kept.chain(value.map(|value| (name, value))) {
        options.set(name, value).ok()?;
    }
    let checked = Settings::check(&options, "host-a").ok()?;
    Some(format!("{checked:?}"))
}

#[test]
fn every_option_is_documented_and_no_other() {
    let known = BTreeSet::from(OPTION_NAMES.map(str::to_owned));
    let told: BTreeSet<String> = rows().into_iter().flat_map(|row| row.names).collect();
    let table = "docs/operations.md#options";
    let untold: Vec<String> = known.difference(&told).cloned().collect();
    assert_none(&format!("options without a row in {table}"), &untold);
    let unknown: Vec<String> = told.difference(&known).cloned().collect();
    assert_none(&format!("rows of {table} without an option"), &unknown);
    let sample = read(&root().join("mosquitto-conf/enterprise-push.conf"));
    let unsaid: Vec<String> = known
        .into_iter()
        .filter(|name| !sample.contains(&format!("plugin_opt_{name} ")))
        .collect();
    assert_none("not in the sample configuration", &unsaid);
}

/// Of a row for several options the first default is the first one's, and so on; one alone is that of all.
#[test]
fn defaults_are_what_is_documented() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for row in rows() {
        let defaults: Vec<&str> = quoted(&row.default).collect();
        for (place, name) in row.names.iter().enumerate() {
            let Some(default) = defaults.get(place).or_else(|| defaults.first()) else {
                continue;
            };
            compared += 1;
            let said = settings(name, Some(default));
            if said.is_none() || said != settings(name, None) {
                wrong.push(format!("{name}: {default}"));
            }
        }
    }
    assert!(compared > 20, "only {compared} defaults");
    assert_none("not the default", &wrong);
}

#[test]
fn ranges_are_what_is_documented() {
    let (mut wrong, mut numbers, mut words) = (Vec::new(), 0, 0);
    for Row { names, range, .. } in rows() {
        let mut expect = |value: &str, good: bool| {
            for name in &names {
                if settings(name, Some(value)).is_some() != good {
                    wrong.push(format!("{name} {value}, documented as {range}"));
                }
            }
        };
        if let Some((least, most)) = range.split_once(" to ")
            && let (Ok(least), Ok(most)) = (least.parse::<i64>(), most.parse::<i64>())
        {
            numbers += 1;
            for (value, good) in [
                (least - 1, false),
                (least, true),
                (most, true),
                (most + 1, false),
            ] {
                expect(&value.to_string(), good);
            }
        } else if range == "`on`, `off`" {
            words += 1;
            for (value, good) in [("on", true), ("off", true), ("yes", false)] {
                expect(value, good);
            }
        }
    }
    assert!(
        numbers >= 7 && words >= 4,
        "only {numbers} and {words} rows"
    );
    assert_none("taken or refused otherwise", &wrong);
}

/// What stands in the first cells of the table with this heading.
fn first_cells<'t>(text: &'t str, heading: &str) -> BTreeSet<&'t str> {
    let table = text.split(&format!("| {heading} |")).nth(1);
    let rows = table.into_iter().flat_map(str::lines).skip(2);
    rows.take_while(|row| row.starts_with('|'))
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(quoted)
        .collect()
}

#[test]
fn operators_guide_says_of_each_option_whether_it_can_change_while_the_broker_runs() {
    let guide = read(&root().join("docs/operations.md"));
    let live = first_cells(&guide, "takes effect on SIGHUP");
    let fixed = first_cells(&guide, "needs a restart");
    assert_eq!(live, BTreeSet::from(LIVE_OPTIONS));
    let others = BTreeSet::from(OPTION_NAMES);
    let others: BTreeSet<&str> = others.difference(&live).copied().collect();
    assert_eq!(fixed, others);
}

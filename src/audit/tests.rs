//! Lines, file and spool together, in folders of their own.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::engine::{Event, Login, Outcome, Refusal, Refused};

const NOW: u64 = 1_800_000_000_000;

fn logout(client_id: &str) -> Record {
    Record {
        unix_ms: NOW,
        event: Event::Logout {
            client_id: client_id.into(),
        },
    }
}

fn many(count: usize) -> Vec<Record> {
    (0..count)
        .map(|n| logout(&format!("u{n}@acme:pc")))
        .collect()
}

fn parse(text: &str) -> Vec<Value> {
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn read(path: &Path) -> Vec<Value> {
    parse(&std::fs::read_to_string(path).unwrap())
}

fn spool(folder: &Path, most_bytes: u64) -> Spool {
    Spool::open(folder, most_bytes).unwrap()
}

/// Everything in the spool, taken out segment by segment.
fn drain(spool: &mut Spool) -> (Vec<Value>, Vec<u64>) {
    let (mut records, mut sizes) = (Vec::new(), Vec::new());
    while let Some(segment) = spool.oldest() {
        let text = std::fs::read_to_string(&segment.path).unwrap();
        assert_eq!(text.len() as u64, segment.bytes);
        records.extend(parse(&text));
        sizes.push(segment.bytes);
        spool.remove(&segment).unwrap();
    }
    assert_eq!(spool.bytes(), 0);
    (records, sizes)
}

fn uids(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|r| r["uid"].as_str()).collect()
}

#[test]
fn a_line_has_what_is_known_and_nothing_else() {
    let mut lines = line::Lines::new("b1", 0x1234);
    let of = |event| Record {
        unix_ms: NOW,
        event,
    };
    let refused = of(Event::Login(Login {
        client_id: "a\n\"b\u{7f}".to_owned(),
        peer: "192.0.2.1".to_owned(),
        outcome: Outcome::Refused(Refusal::NoToken),
    }));
    let told = [logout("alice@acme:pc"), refused].map(|r| lines.line(&r));
    assert_eq!(
        told[0],
        r#"{"id":"1234-1","time":1800000000000,"node":"b1","event":"logout","eid":"acme","uid":"alice","device":"pc"}"#
    );
    let told: Value = serde_json::from_str(&told[1]).unwrap();
    assert_eq!(told["client_id"], "a\n\"b\u{7f}");
    assert_eq!(told["reason"], "no login token");
    assert_eq!(told["uid"], Value::Null);
}

#[test]
fn what_an_outsider_chose_is_cut_between_characters() {
    let mut lines = line::Lines::new("b1", 1);
    let record = Record {
        unix_ms: NOW,
        event: Event::Refused {
            client_id: "alice@acme:pc".into(),
            what: Refused::Publish,
            topic: "ü".repeat(40_000).into(),
            reason: "no".to_owned(),
            unrecorded: 7,
        },
    };
    let line = lines.line(&record);
    assert!(line.len() < 2048, "{}", line.len());
    let told: Value = serde_json::from_str(&line).unwrap();
    let topic = told["topic"].as_str().unwrap();
    assert!(topic.ends_with("ü…") && topic.len() <= 515, "{topic}");
    assert_eq!(told["unrecorded"], 7);
}

#[test]
fn file_takes_all_and_is_opened_anew_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut trail = Trail::new("b1", 1, Some(&path), None);
    assert_eq!(trail.write(&many(2), 0, NOW), []);
    let moved = folder.path().join("audit.log.1");
    std::fs::rename(&path, &moved).unwrap();
    trail.write(&many(1), 0, NOW);
    assert_eq!(read(&moved).len(), 3, "still the old one");
    trail.reopen(Some(&path));
    trail.write(&many(1), 3, NOW);
    let records = read(&path);
    assert_eq!(records[1]["event"], "audit.dropped");
    assert_eq!(
        (&records[1]["unrecorded"], &records[1]["lost_in"]),
        (&3.into(), &"queue".into())
    );
}

#[test]
fn file_may_be_another_from_a_reload_on_and_none_at_last() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a", "b"].map(|name| folder.path().join(name));
    let mut trail = Trail::new("b1", 1, None, None);
    assert!(!trail.is_wanted());
    for path in [&first, &second] {
        trail.reopen(Some(path));
        assert!(trail.is_wanted());
        trail.write(&many(2), 0, NOW);
    }
    trail.reopen(None);
    assert!(!trail.is_wanted());
    trail.write(&many(2), 0, NOW);
    assert_eq!((read(&first).len(), read(&second).len()), (2, 2));
}

#[test]
fn records_of_shadow_mode_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut trail = Trail::new("b1", 1, Some(&path), None);
    trail.write(&many(1), 0, NOW);
    trail.mark_as_shadow();
    trail.write(&many(1), 1, NOW);
    let marks: Vec<Value> = read(&path).iter().map(|r| r["shadow"].clone()).collect();
    assert_eq!(marks, [Value::Null, true.into(), true.into()]);
}

#[test]
fn file_that_cannot_be_written_is_told_once_and_its_loss_is_put_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/audit.log");
    let mut trail = Trail::new("b1", 1, Some(&path), None);
    let told = trail.write(&many(2), 0, NOW);
    assert!(told[0].1.contains("audit.log"), "{told:?}");
    assert_eq!(trail.write(&many(3), 0, NOW), []);
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let told = trail.write(&many(1), 0, NOW);
    assert!(told[0].1.contains("5 records were lost"), "{told:?}");
    let records = read(&path);
    assert_eq!((records.len(), &records[0]["unrecorded"]), (2, &5.into()));
    assert_eq!(records[0]["lost_in"], "file");
}

#[test]
fn spool_gives_back_all_in_order_in_segments_of_bounded_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path(), 64 << 20);
    let lines: Vec<String> = (0..12_000)
        .map(|n| format!(r#"{{"uid":"u{n}"}}"#))
        .collect();
    for some in lines.chunks(1_700) {
        assert_eq!(spool.append(some.iter()).unwrap(), 0);
    }
    let (records, sizes) = drain(&mut spool);
    let want: Vec<String> = (0..12_000).map(|n| format!("u{n}")).collect();
    assert_eq!(uids(&records), want);
    assert_eq!(sizes.len(), 3, "5,000 records each: {sizes:?}");
    let long: Vec<String> = (0..40)
        .map(|_| format!("\"{}\"", "x".repeat(100_000)))
        .collect();
    spool.append(long.iter()).unwrap();
    let (records, sizes) = drain(&mut spool);
    assert_eq!(records.len(), 40);
    assert!(
        sizes.iter().all(|size| *size < SEGMENT_BYTES + 100_100),
        "{sizes:?}"
    );
}

#[test]
fn full_spool_refuses_what_comes_and_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let line_bytes = 60;
    let lines = |of: std::ops::Range<usize>| -> Vec<String> {
        of.map(|n| format!(r#"{{"uid":"{n:0>49}"}}"#)).collect()
    };
    assert_eq!(lines(0..1)[0].len() + 1, line_bytes);
    let mut spool = spool(folder.path(), 10 * line_bytes as u64);
    assert_eq!(spool.append(lines(0..7).iter()).unwrap(), 0);
    assert_eq!(spool.append(lines(7..15).iter()).unwrap(), 5);
    assert_eq!(spool.append(lines(15..16).iter()).unwrap(), 1);
    let segment = spool.oldest().unwrap();
    assert_eq!(
        spool.append(lines(16..17).iter()).unwrap(),
        1,
        "still there"
    );
    spool.remove(&segment).unwrap();
    assert_eq!(spool.append(lines(17..18).iter()).unwrap(), 0);
    let (records, _) = drain(&mut spool);
    assert_eq!(records.len(), 1);
}

#[test]
fn what_a_full_spool_lost_is_put_on_record_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut trail = Trail::new("b1", 1, None, Some(spool(folder.path(), 1000)));
    let told = trail.write(&many(20), 0, NOW);
    assert!(told[0].1.contains("spool is full"), "{told:?}");
    assert_eq!(trail.write(&many(5), 0, NOW), []);
    let kept = drain(trail.spool().unwrap()).0.len();
    let told = trail.write(&many(1), 0, NOW);
    assert!(told[0].1.contains("takes records again"), "{told:?}");
    let (records, _) = drain(trail.spool().unwrap());
    assert_eq!(records[0]["event"], "audit.dropped");
    assert_eq!(records[0]["unrecorded"], (25 - kept) as u64);
    assert_eq!(records.len(), 2);
}

#[test]
fn spool_of_a_former_run_goes_on_without_half_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("9.ndjson", "{\"uid\":\"a\"}\n{\"uid\":\"b\"}\n{\"ui");
    write("10.ndjson", "{\"uid\":\"c\"}\n");
    write("11.ndjson", "{\"u");
    write("refused", "nonsense");
    let mut spool = spool(folder.path(), 1 << 20);
    spool.append([r#"{"uid":"d"}"#.to_owned()].iter()).unwrap();
    let (records, _) = drain(&mut spool);
    assert_eq!(uids(&records), ["a", "b", "c", "d"]);
    let left: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(left, [folder.path().join("refused")]);
}

#[test]
fn segment_that_was_refused_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = spool(folder.path(), 1 << 20);
    for uid in ["a", "b"] {
        spool
            .append([format!(r#"{{"uid":"{uid}"}}"#)].iter())
            .unwrap();
        let segment = spool.oldest().unwrap();
        let aside = spool.set_aside(&segment).unwrap();
        assert_eq!(uids(&read(&aside)), [uid]);
    }
    assert_eq!((spool.bytes(), spool.oldest()), (0, None));
}

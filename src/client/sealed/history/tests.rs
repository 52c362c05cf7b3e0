//! What a file of records gives back, whole and meddled with.

use super::*;
use crate::client::PersonalKey;
use crate::client::sealed::Purpose;

const ALICE: &str = "alice@acme:pc";

fn key(byte: u8) -> StorageKey {
    StorageKey::derive(&PersonalKey::new([byte; 32]), Purpose::History)
}

/// A file's header and the records, each by itself.
fn file(texts: &[&str]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (key, mut records) = (key(1), Vec::new());
    let header = HistoryHeader::random(&key);
    for (place, text) in (0..).zip(texts) {
        let nonce = Nonce::random();
        let record = header.seal_record(&key, ALICE, place, &nonce, text.as_bytes());
        records.push(record.unwrap());
    }
    (header.encode(), records)
}

fn read(file: &[u8], client_id: &str) -> Vec<Result<String, SealedError>> {
    let text = |bytes: Zeroizing<Vec<u8>>| String::from_utf8(bytes.to_vec()).unwrap();
    let records = Records::read(file).unwrap();
    let open = |record: Record<'_>| record.open(&key(1), client_id).map(text);
    records.map(open).collect()
}

#[test]
fn records_come_back_in_order() {
    let (header, records) = file(&["one", "", "three"]);
    let bytes = [header, records.concat()].concat();
    let texts: Vec<String> = read(&bytes, ALICE).into_iter().flatten().collect();
    assert_eq!(texts, ["one", "", "three"]);
    let mut walk = Records::read(&bytes).unwrap();
    assert_eq!(walk.by_ref().count(), 3);
    assert!(walk.is_at_end());
    assert_eq!(walk.place(), 3);
}

#[test]
fn moved_swapped_copied_and_missing_records_are_seen() {
    let (header, records) = file(&["one", "two", "three"]);
    let [one, two, three] = &records[..] else {
        panic!("three records");
    };
    let good = |order: &[&Vec<u8>]| {
        let mut bytes = header.clone();
        order.iter().for_each(|record| bytes.extend(*record));
        let read = read(&bytes, ALICE);
        read.iter().map(Result::is_ok).collect::<Vec<_>>()
    };
    assert_eq!(good(&[one, two, three]), [true, true, true]);
    assert_eq!(good(&[two, one, three]), [false, false, true]);
    assert_eq!(good(&[one, three]), [true, false]);
    assert_eq!(good(&[one, one, three]), [true, false, true]);
    let (other, _) = file(&["one"]);
    let bytes = [&other[..], one].concat();
    assert_eq!(read(&bytes, ALICE), [Err(SealedError::Forged)]);
}

#[test]
fn one_changed_bit_costs_one_record() {
    let (header, records) = file(&["one", "two", "three"]);
    let mut bytes = [header.clone(), records.concat()].concat();
    let inside_two = header.len() + records[0].len() + 4 + 24;
    bytes[inside_two] ^= 1;
    let read = read(&bytes, ALICE);
    assert_eq!(
        read,
        [
            Ok("one".to_owned()),
            Err(SealedError::Forged),
            Ok("three".to_owned())
        ]
    );
}

#[test]
fn every_cut_leaves_the_records_before_it() {
    let (header, records) = file(&["one", "two"]);
    let bytes = [header.clone(), records.concat()].concat();
    let second = header.len() + records[0].len();
    for end in second..bytes.len() {
        let mut walk = Records::read(&bytes[..end]).unwrap();
        assert_eq!(walk.by_ref().count(), 1, "{end}");
        assert_eq!(walk.is_at_end(), end == second);
    }
    for end in 0..header.len() {
        let refused = Records::read(&bytes[..end]).unwrap_err();
        assert!(matches!(refused, SealedError::Truncated(_)), "{end}");
    }
}

#[test]
fn other_keys_and_other_devices_read_nothing() {
    let (header, records) = file(&["one"]);
    let bytes = [header, records.concat()].concat();
    assert_eq!(read(&bytes, "alice@acme:phone"), [Err(SealedError::Forged)]);
    let mut records = Records::read(&bytes).unwrap();
    assert!(!records.header().is_under(&key(2)));
    let record = records.next().unwrap();
    assert_eq!(
        record.open(&key(2), ALICE).unwrap_err(),
        SealedError::OtherKey
    );
}

#[test]
fn absurd_lengths_end_the_file() {
    let (header, _) = file(&[]);
    for length in [0, 39, u32::MAX] {
        let tail = [&length.to_be_bytes()[..], &[0; 64]].concat();
        let bytes = [&header[..], &tail].concat();
        let mut walk = Records::read(&bytes).unwrap();
        assert!(walk.next().is_none() && !walk.is_at_end(), "{length}");
    }
    let long = vec![b'x'; MAX_RECORD_BYTES];
    let header = HistoryHeader::random(&key(1));
    let sealed = header.seal_record(&key(1), ALICE, 0, &Nonce::random(), &long);
    assert_eq!(sealed, Err(SealedError::TooLong(long.len())));
}

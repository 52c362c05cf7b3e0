//! Tests of the copy: what is written is read again, and nothing else is believed.

use super::*;

const SERVICE: &str = "http://a";

fn user(uid: &str) -> String {
    format!(r#"{{"event":"user.upserted","data":{{"eid":"acme","uid":"{uid}"}}}}"#)
}

fn removed(uid: &str) -> RawEvent {
    RawEvent {
        name: "user.removed".to_owned(),
        data: format!(r#"{{"eid":"acme","uid":"{uid}"}}"#),
    }
}

/// A copy of two users, true after event 7, with two events since.
fn written(folder: &Path) -> Copy {
    let mut copy = Copy::new(folder, SERVICE);
    let mut new = copy.begin(7).unwrap();
    for uid in ["alice", "bob"] {
        new.line(&user(uid)).unwrap();
    }
    copy.replace(new, &[(9, removed("bob"))]).unwrap();
    copy.append(12, &removed("alice")).unwrap();
    copy
}

fn read(folder: &Path, needed: u64) -> Result<Option<Vec<DirectoryStep>>, String> {
    Copy::new(folder, SERVICE).read(needed)
}

#[test]
fn what_was_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(folder.path(), 0), Ok(None));
    assert_eq!(written(folder.path()).last(), Some(12));
    let steps = read(folder.path(), 12).unwrap().unwrap();
    let [
        DirectoryStep::Begin,
        DirectoryStep::Entries(entries),
        DirectoryStep::Again(events),
        DirectoryStep::End,
    ] = steps.as_slice()
    else {
        panic!("{steps:?}")
    };
    assert_eq!((entries.len(), events.len()), (2, 2));
    assert!(matches!(&events[1], FeedEvent::UserRemoved { uid, .. } if uid == "alice"));
}

#[test]
fn copy_can_be_read_without_knowing_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(copied_directory(folder.path()), Ok(None));
    written(folder.path());
    let copied = copied_directory(folder.path()).unwrap().unwrap();
    assert_eq!((copied.service.as_str(), copied.last), (SERVICE, 12));
    assert_eq!(Ok(Some(copied.steps)), read(folder.path(), 12));
    std::fs::write(
        folder.path().join(DIRECTORY),
        "enterprise-push-directory-1 x",
    )
    .unwrap();
    assert!(copied_directory(folder.path()).is_err());
}

#[test]
fn events_are_kept_once_and_only_beside_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut copy = Copy::new(folder.path(), SERVICE);
    copy.append(3, &removed("x")).unwrap();
    assert_eq!(copy.last(), None);
    let mut copy = written(folder.path());
    for id in [7, 12, 12] {
        copy.append(id, &removed("x")).unwrap();
    }
    let mut again = Copy::new(folder.path(), SERVICE);
    again.read(0).unwrap().unwrap();
    again.append(13, &removed("y")).unwrap();
    let journal = std::fs::read_to_string(folder.path().join(JOURNAL)).unwrap();
    assert_eq!(journal.lines().count(), 3);
}

#[test]
fn copy_that_lacks_events_or_is_of_another_service_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    assert!(read(folder.path(), 13).unwrap_err().contains("13"));
    let other = Copy::new(folder.path(), "http://b").read(0);
    assert_eq!(other, Ok(None));
}

#[test]
fn damage_anywhere_makes_the_copy_unusable() {
    for file in [DIRECTORY, JOURNAL] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        let path = folder.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len() - 1).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            assert!(
                read(folder.path(), 0).is_err(),
                "{file}, byte {at} of {}",
                whole.len()
            );
        }
    }
}

#[test]
fn what_a_crash_cut_off_is_passed_over_in_the_journal_only() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let journal = folder.path().join(JOURNAL);
    let whole = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &whole[..whole.len() - 3]).unwrap();
    assert!(read(folder.path(), 9).unwrap().is_some());
    assert!(read(folder.path(), 12).is_err());
    std::fs::remove_file(&journal).unwrap();
    assert!(read(folder.path(), 7).unwrap().is_some());
    let directory = folder.path().join(DIRECTORY);
    let whole = std::fs::read(&directory).unwrap();
    std::fs::write(&directory, &whole[..whole.len() - 3]).unwrap();
    assert!(read(folder.path(), 7).is_err());
}

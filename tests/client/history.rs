//! `im history` without a broker: nothing kept, and what is not understood.

use serde_json::Value;

use crate::fake::Service;
use crate::program::{Im, lines};

#[test]
fn nothing_kept_is_nothing_shown() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    assert_eq!(im.lines(&["history"]), Vec::<Value>::new());
    assert_eq!(
        im.lines(&["history", "#dev", "--limit", "0", "--since", "3d"]),
        Vec::<Value>::new()
    );
}

#[test]
fn wrong_words_are_named() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    for (arguments, word) in [
        (["history", "a/b"].as_slice(), "a/b"),
        (&["history", "--since", "someday"], "someday"),
    ] {
        let done = im.run(arguments);
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        let error = lines(&done).pop().unwrap();
        assert!(error["error"].as_str().unwrap().contains(word), "{error}");
    }
}

#[test]
fn files_that_are_none_are_counted_and_passed_over() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    let dir = im.profile_dir().join("history");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("00000001.sealed"), "nonsense").unwrap();
    std::fs::write(dir.join("notes.txt"), "mine").unwrap();
    let shown = im.lines(&["history"]);
    assert_eq!(shown.len(), 1);
    assert!(
        shown[0]["warning"].as_str().unwrap().contains("1 files"),
        "{shown:?}"
    );
}

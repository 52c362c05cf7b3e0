//! The files of `state_dir`. The first byte says which file, and whether the checksums are made right first, since chance
//! would never find them.
#![no_main]

use std::fmt::Write;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::protocol::contract::DirectoryStep;
use mosquitto_enterprise_push::worker::fuzzing::{
    journal_line, read_devices, read_directory, read_position, read_undelivered, sealed,
    write_undelivered,
};
use mosquitto_enterprise_push_fuzz::{first_byte, text};

const SERVICE: &str = "http://a";
const UNDELIVERED: &str = "enterprise-push-undelivered-1\n";
const WHOLE: &str = "enterprise-push-directory-1 http://a 7\n";

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a folder");
}

fuzz_target!(|data: &[u8]| {
    let (which, bytes) = first_byte(data);
    FOLDER.with(|folder| one_file(folder.path(), which, bytes));
});

fn one_file(folder: &Path, which: usize, bytes: &[u8]) {
    let put = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).expect("a file");
    };
    match which % 8 {
        0 => {
            put("directory", bytes);
            put("directory-journal", b"");
            let _ = read_directory(folder, SERVICE, 0);
        }
        1 => {
            let Some(lines) = text(bytes) else { return };
            put("directory", sealed(lines).as_bytes());
            put("directory-journal", b"");
            is_whole(read_directory(folder, SERVICE, 0));
        }
        2 => {
            put("directory", sealed(WHOLE).as_bytes());
            put("directory-journal", bytes);
            let _ = read_directory(folder, SERVICE, 7);
        }
        3 => {
            let Some(text) = text(bytes) else { return };
            put("directory", sealed(WHOLE).as_bytes());
            put("directory-journal", journal(text).as_bytes());
            is_whole(read_directory(folder, SERVICE, 7));
        }
        4 => {
            put("feed-position", bytes);
            let _ = read_position(folder, SERVICE);
        }
        5 => {
            put("devices", bytes);
            if let Ok(devices) = read_devices(folder) {
                assert_eq!(read_devices(folder), Ok(devices), "read again");
            }
        }
        6 => {
            put("undelivered", bytes);
            let _ = read_undelivered(folder);
        }
        _ => {
            let Some(lines) = text(bytes) else { return };
            put("undelivered", sealed(&format!("{UNDELIVERED}{lines}")).as_bytes());
            if let Ok(read) = read_undelivered(folder) {
                assert_eq!(write_undelivered(folder, &read), Ok(0));
                assert_eq!(read_undelivered(folder), Ok(read), "written and read again");
            }
        }
    }
}

/// `id name data` a line, each as the plugin itself writes it.
fn journal(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let id = words.next().and_then(|id| id.parse().ok());
        let (name, data) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let _ = write!(lines, "{}", journal_line(id.unwrap_or(8), name, data));
    }
    lines
}

/// A copy is given as a whole load, or not at all.
fn is_whole(read: Result<Option<Vec<DirectoryStep>>, String>) {
    if let Ok(Some(steps)) = read {
        assert_eq!(steps.first(), Some(&DirectoryStep::Begin));
        assert_eq!(steps.last(), Some(&DirectoryStep::End));
    }
}

//! Transfers with a file service in the same process, which can be cut, forgetful, and dishonest.

mod downloads;
mod fake;
mod token;
mod uploads;

use std::path::Path;
use std::time::Duration;

use super::{FileService, Retry, Source, Wanted};
use crate::profile::{Kind, tests::alice};
use crate::session::Context;
use crate::store::Store;
use fake::Fake;

/// How long nothing may move in these tests.
const SILENCE: Duration = Duration::from_millis(400);

/// alice's; her profile is kept as long as the fake is.
fn service(fake: &Fake) -> FileService {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut profile = alice(Kind::Pc);
    profile.static_url = fake.url();
    let store = Store::open(Some(fake.home())).unwrap();
    store.save(&profile).unwrap();
    FileService::new(&Context::new(store, profile, SILENCE)).unwrap()
}

/// Long enough for a few attempts on a busy machine.
fn patient() -> Retry {
    Retry::new(Duration::from_secs(60))
}

/// One attempt.
fn impatient() -> Retry {
    Retry::new(Duration::ZERO)
}

/// `bytes` bytes that are not all the same.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

fn source(dir: &Path, bytes: usize) -> Source {
    let path = dir.join("film.bin");
    std::fs::write(&path, content(bytes)).unwrap();
    Source::open(&path, None).unwrap()
}

fn wanted(url: &str) -> Wanted {
    Wanted {
        url: url.to_owned(),
        size: None,
        sha256: None,
        limit_bytes: 1 << 20,
    }
}

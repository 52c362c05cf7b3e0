//! A broker's clocks, which a test sets: the library that `im-bench soak` loads before its brokers, compiled here.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/im_bench/soak/clock.c");

/// The clocks of one broker, right until they are set.
pub(crate) struct Clocks {
    folder: TempDir,
}

impl Clocks {
    pub(crate) fn new() -> Clocks {
        let clocks = Clocks {
            folder: tempfile::tempdir().expect("a folder for the clocks"),
        };
        let built = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", SOURCE, "-o"])
            .arg(clocks.library())
            .status();
        assert!(built.expect("cc").success(), "{SOURCE} does not compile");
        clocks.set_time_of_day(0);
        clocks
    }

    /// Moves the time of day to so many seconds off.
    pub(crate) fn set_time_of_day(&self, seconds: i64) {
        let offsets = [seconds * 1_000_000_000, 0].map(i64::to_ne_bytes);
        // Never truncated: the broker has it mapped.
        let written = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(self.offsets())
            .and_then(|file| file.write_all_at(&offsets.concat(), 0));
        written.expect("the clocks' file");
    }

    /// What a broker needs in its environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("LD_PRELOAD", self.library()),
            ("MEP_CLOCK", self.offsets()),
        ]
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    fn offsets(&self) -> PathBuf {
        self.folder.path().join("clock")
    }
}

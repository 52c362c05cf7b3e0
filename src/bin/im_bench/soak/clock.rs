//! A broker's clocks, which can be made to jump: a small library of ours that is loaded before it (`clock.c`, compiled
//! here with `cc`) adds an offset to what the kernel says. The offsets stand in a file that both have mapped or open.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

const SOURCE: &str = include_str!("clock.c");

/// The clocks of one broker.
pub(super) struct Clocks {
    library: PathBuf,
    file: PathBuf,
    offsets: File,
    /// Nanoseconds: the time of day, and the time since the start.
    now: [i64; 2],
}

impl Clocks {
    /// Clocks that are right, in a folder of ours.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Clocks> {
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, SOURCE)?;
        let built = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .output()
            .context("no `cc` to compile clock.c (--steady-clock does without)")?;
        if !built.status.success() {
            bail!("clock.c: {}", String::from_utf8_lossy(&built.stderr));
        }
        let file = folder.join("clock");
        let offsets = File::create(&file)?;
        let clocks = Clocks {
            library,
            file,
            offsets,
            now: [0, 0],
        };
        clocks.write()?;
        Ok(clocks)
    }

    /// What a broker needs in its environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("LD_PRELOAD", self.library.clone()),
            ("MEP_CLOCK", self.file.clone()),
        ]
    }

    /// The time of day is so much off from now on.
    pub(super) fn set_wall(&mut self, seconds: i64) -> anyhow::Result<()> {
        self.now[0] = seconds.saturating_mul(1_000_000_000);
        self.write()
    }

    /// So much time passes at once, as after a machine's sleep. It never goes back.
    pub(super) fn pass(&mut self, time: Duration) -> anyhow::Result<()> {
        let more = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        self.now[1] = self.now[1].saturating_add(more);
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let [wall, since] = self.now.map(i64::to_ne_bytes);
        self.offsets.write_all_at(&[wall, since].concat(), 0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_under_these_clocks_sees_the_jump() {
        let folder = tempfile::tempdir().unwrap();
        let mut clocks = Clocks::new(folder.path()).unwrap();
        let seen = |clocks: &Clocks| -> i64 {
            let mut date = Command::new("date");
            let said = date.arg("+%s").envs(clocks.environment()).output().unwrap();
            let said = String::from_utf8(said.stdout).unwrap();
            said.trim().parse().unwrap()
        };
        let before = seen(&clocks);
        clocks.set_wall(-86_400).unwrap();
        let passed = seen(&clocks) - before;
        assert!((-86_400..-86_300).contains(&passed), "{passed}");
        clocks.pass(Duration::from_secs(3)).unwrap();
        clocks.set_wall(0).unwrap();
        assert!(seen(&clocks) >= before);
    }
}

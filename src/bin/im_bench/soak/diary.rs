//! What happened when, a line each, for whoever looks into something that a soak has found (`--diary`).

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;

/// A file of lines that begin with the seconds since its start; or nothing at all.
#[derive(Debug, Default)]
pub(super) struct Diary(Option<(Instant, BufWriter<File>)>);

impl Diary {
    /// Begins one.
    pub(super) fn begin(file: &Path) -> anyhow::Result<Diary> {
        let opened = File::create(file).with_context(|| format!("the diary {}", file.display()))?;
        Ok(Diary(Some((Instant::now(), BufWriter::new(opened)))))
    }

    /// Writes a line; a disk that is full ends the diary, not the soak.
    pub(super) fn note(&mut self, text: impl Display) {
        let Some((began, file)) = &mut self.0 else {
            return;
        };
        if writeln!(file, "{:10.3} {text}", began.elapsed().as_secs_f64()).is_err() {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("diary");
        Diary::default().note("nobody reads this");
        let mut diary = Diary::begin(&file).unwrap();
        diary.note(format_args!("{} comes", "alice"));
        drop(diary);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("     0.") && text.ends_with(" alice comes\n"),
            "{text}"
        );
    }
}

//! Man pages and shell completions of the programs, written from their command lines: they cannot tell anything
//! else than the program does. A program asks [`written`] before it looks at its own options; then
//! `PROGRAM --write-manual DIR` fills `DIR` as packages lay out `/usr`:
//!
//! | below `DIR/share` | what |
//! |---|---|
//! | `man/man1/` | a page for the program and one for each of its commands |
//! | `bash-completion/completions/`, `zsh/vendor-completions/`, `fish/vendor_completions.d/` | completions |
//!
//! Behind the feature `cli`; knows nothing of the programs but their command lines.

mod completions;
mod pages;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};

/// What asks for it. No option of the programs, so that it stands in no completion.
const OPTION: &str = "--write-manual";

/// Does what the process's command line asks for, if that is this; the program ends with the answer.
pub fn written<Cli: CommandFactory>() -> Option<ExitCode> {
    answer(std::env::args_os().skip(1), Cli::command)
}

fn answer(
    mut words: impl Iterator<Item = OsString>,
    command: impl FnOnce() -> Command,
) -> Option<ExitCode> {
    if words.next()? != OPTION {
        return None;
    }
    let (Some(folder), None) = (words.next(), words.next()) else {
        complain(&format!("want {OPTION} DIR"));
        return Some(ExitCode::from(2));
    };
    let folder = Path::new(&folder);
    Some(match write(command(), folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("cannot write below {}: {error}", folder.display()));
            ExitCode::FAILURE
        }
    })
}

#[allow(clippy::print_stderr)] // The last word of a program.
fn complain(text: &str) {
    eprintln!("{text}");
}

/// Writes all pages and completions below `folder`, which is made when missing.
fn write(command: Command, folder: &Path) -> io::Result<()> {
    let share = folder.join("share");
    completions::write(command.clone(), |place| make(&share, place))?;
    pages::write(command, &make(&share, "man/man1")?)
}

fn make(share: &Path, place: &str) -> io::Result<std::path::PathBuf> {
    let folder = share.join(place);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

//! Man pages: one for the program, one for each command that its help shows.

use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

/// What stands at the foot of each page. No date: what is built twice is the same twice.
const SOURCE: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
const MANUAL: &str = "User Commands";

/// Writes `im.1`, `im-login.1` and so on.
pub(super) fn write(command: Command, folder: &Path) -> io::Result<()> {
    // `help` is a command of each command, with a tree of pages of its own.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    page_and_those_below(command, folder)
}

fn page_and_those_below(command: Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        page_and_those_below(below.clone(), folder)?;
    }
    let page = Man::new(command).source(SOURCE).manual(MANUAL);
    page.generate_to(folder).map(drop)
}

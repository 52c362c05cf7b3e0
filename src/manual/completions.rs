//! Completions for bash, zsh and fish, where each shell looks for those of packages.

use std::io;
use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

/// A shell, where it looks below `/usr/share`, and what it calls the file of a program.
const SHELLS: [(Shell, &str, fn(&str) -> String); 3] = [
    (Shell::Bash, "bash-completion/completions", |name| {
        name.to_owned()
    }),
    (Shell::Zsh, "zsh/vendor-completions", |name| {
        format!("_{name}")
    }),
    (Shell::Fish, "fish/vendor_completions.d", |name| {
        format!("{name}.fish")
    }),
];

/// Writes a file for each shell; `make` gives the folder of a place.
pub(super) fn write(
    mut command: Command,
    make: impl Fn(&str) -> io::Result<PathBuf>,
) -> io::Result<()> {
    let name = command.get_name().to_owned();
    for (shell, place, file) in SHELLS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, &name, &mut text);
        std::fs::write(make(place)?.join(file(&name)), text)?;
    }
    Ok(())
}

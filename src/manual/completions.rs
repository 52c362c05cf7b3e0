//! Completions for bash, zsh and fish, where each shell looks for those of packages.

use std::io;
use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

/// A shell, where it looks below `/usr/share`, and what stands around a program's name there.
const SHELLS: [(Shell, &str, &str, &str); 3] = [
    (Shell::Bash, "bash-completion/completions", "", ""),
    (Shell::Zsh, "zsh/vendor-completions", "_", ""),
    (Shell::Fish, "fish/vendor_completions.d", "", ".fish"),
];

/// Writes a file for each shell; `make` gives the folder of a place.
pub(super) fn write(
    mut command: Command,
    make: impl Fn(&str) -> io::Result<PathBuf>,
) -> io::Result<()> {
    let name = command.get_name().to_owned();
    for (shell, place, before, behind) in SHELLS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, &name, &mut text);
        std::fs::write(make(place)?.join(format!("{before}{name}{behind}")), text)?;
    }
    Ok(())
}

//! Mosquitto's `password_file`.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Cast, Ground, PASSWORD, run};

/// Writes one with everybody. All have the same password and salt, so that only one hash is made here; a
/// check at the broker costs what it costs with any.
pub(super) fn write(ground: &Ground, folder: &Path, cast: &Cast) -> anyhow::Result<PathBuf> {
    let file = folder.join("passwords");
    let name = file.to_str().context("the temporary folder is no text")?;
    let program = ground.beside_broker("mosquitto_passwd");
    run(&program, &["-b", "-c", name, "anybody", PASSWORD])?;
    let one = std::fs::read_to_string(&file)?;
    let hash = one.trim().strip_prefix("anybody:");
    let hash = hash.with_context(|| format!("`{}` wrote no hash", program.display()))?;
    let lines = cast
        .everybody()
        .map(|user| format!("{}:{hash}\n", user.uid()));
    std::fs::write(&file, lines.collect::<String>())?;
    Ok(file)
}

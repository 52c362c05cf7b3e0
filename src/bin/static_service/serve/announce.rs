//! Says where the service listens: on stdout for scripts, and in the ready file.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::ServeArgs;

/// The file is written last: who waits for it may rely on everything else.
#[allow(clippy::print_stdout)] // The lines that this command is documented to print.
pub(super) fn announce(
    args: &ServeArgs,
    main: &TcpListener,
    operation: Option<&TcpListener>,
    over_tls: bool,
) -> anyhow::Result<()> {
    let address = main.local_addr()?;
    let scheme = if over_tls { "https" } else { "http" };
    println!("listening on {scheme}://{address}");
    if let Some(listener) = operation {
        println!("metrics on http://{}/metrics", listener.local_addr()?);
    }
    std::io::stdout().flush()?;
    let Some(file) = &args.ready_file else {
        return Ok(());
    };
    write_atomically(file, &format!("{address}\n"))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Whoever sees the file sees all of it.
fn write_atomically(file: &Path, text: &str) -> std::io::Result<()> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_file_is_written_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ready");
        write_atomically(&file, "127.0.0.1:1\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "127.0.0.1:1\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

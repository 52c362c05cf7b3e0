//! The worker's thread: without signals, behind the broker's, and with a table of open files of its own.
//!
//! As long as two threads share one table of open files, the kernel counts references at each of the broker's system
//! calls, which costs it some 5 % of its messages (docs/performance.md). So the worker gets a copy, in which it keeps
//! what its runtime needs and closes all that is the broker's: a log file that the broker has given up must not stay open
//! here. The runtime's own files stand in both tables under the same numbers, since the broker's thread wakes the
//! runtime through one of them; there they stay until the broker ends.
//!
//! From then on a number means another file on either side. Whatever holds a file, tasks of the runtime first of all, is
//! made, used and dropped on the worker's thread.

use std::fs::DirEntry;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::Platform;

/// Starts the thread.
pub(super) fn start<W: Future<Output = ()>>(
    platform: Arc<dyn Platform>,
    work: impl FnOnce() -> W + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let before = open_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let files = before.zip(open_files()).map(|(before, mut after)| {
        after.retain(|file| !before.contains(file));
        after
    });
    std::thread::Builder::new()
        .name("mep-worker".to_owned())
        .spawn(move || {
            platform.block_signals();
            platform.give_way();
            if let Some(files) = files {
                platform.separate_files(&files);
            }
            runtime.block_on(work());
            // Name look-ups run on threads of the runtime's own; do not wait for a slow one.
            runtime.shutdown_timeout(Duration::from_millis(200));
        })
}

/// The numbers of the process's open files; `None` where the system does not tell.
fn open_files() -> Option<Vec<i32>> {
    let folder = Path::new("/proc/self/fd");
    let entries = std::fs::read_dir(folder).ok()?;
    let number = |entry: io::Result<DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    let mut files: Vec<i32> = entries.filter_map(number).collect();
    // The folder itself was among them, and is closed by now.
    files.retain(|file| folder.join(file.to_string()).read_link().is_ok());
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_open_is_told_by_its_number() {
        use std::os::fd::AsRawFd as _;
        let file = tempfile::tempfile().unwrap();
        let number = file.as_raw_fd();
        assert!(open_files().unwrap().contains(&number));
    }
}

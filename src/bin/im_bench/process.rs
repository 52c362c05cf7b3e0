//! A process of ours: whatever happens (an error, a panic, Ctrl-C) it is killed by its own pid, and its
//! folder removed.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

/// The longest wait for a process to be of use.
const READY: Duration = Duration::from_secs(10);
/// Linux reports processor time in these, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Folders that no process has for its own.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static RUNNING: Mutex<Vec<Arc<Running>>> = Mutex::new(Vec::new());

struct Running {
    child: Mutex<Child>,
    folder: PathBuf,
    /// Its process group, when it has one of its own.
    group: Option<Pid>,
}

impl Running {
    fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // The group before its leader is waited for: until then the number is nobody else's.
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Kills every process that still runs and removes its folder: for a program about to exit.
pub(crate) fn kill_all() {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    for process in running.drain(..) {
        process.kill();
        let _ = std::fs::remove_dir_all(&process.folder);
    }
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in folders.drain(..) {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// A temporary folder that goes with its value, or when the program has to.
pub(crate) fn temporary_folder() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("im-bench.").tempdir()?;
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    folders.retain(|folder| folder.exists());
    folders.push(folder.path().to_owned());
    Ok(folder)
}

/// A running process, killed with its value.
pub(crate) struct Process {
    running: Arc<Running>,
    /// What it is called in complaints.
    name: &'static str,
    log: PathBuf,
    pid: u32,
}

/// What a process has used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Processor time, in seconds.
    pub(crate) cpu_s: f64,
    /// Memory now, in bytes.
    pub(crate) rss_bytes: u64,
    /// The most memory at any time, in bytes.
    pub(crate) peak_bytes: u64,
}

impl Process {
    /// Starts a command whose output goes to a file below `folder`, which goes when the program has to.
    pub(crate) fn start(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        log: &str,
    ) -> anyhow::Result<Process> {
        Process::launch(name, command, folder, log, false)
    }

    /// The same for a program that starts others: it gets a process group of its own, which ends with it.
    pub(crate) fn start_group(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        log: &str,
    ) -> anyhow::Result<Process> {
        Process::launch(name, command.process_group(0), folder, log, true)
    }

    fn launch(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        log: &str,
        leads_group: bool,
    ) -> anyhow::Result<Process> {
        let log = folder.join(log);
        let output = File::create(&log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        Ok(Process::of(name, spawn(command)?, folder, log, leads_group))
    }

    /// Starts a command that we talk to: what it says to standard error goes to a file below `folder`.
    pub(crate) fn converse(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        log: &str,
    ) -> anyhow::Result<(Process, ChildStdin, ChildStdout)> {
        let log = folder.join(log);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = spawn(pipes.stderr(File::create(&log)?))?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let process = Process::of(name, child, folder, log, false);
        let (to, from) = to.zip(from).context("no pipes to it")?;
        Ok((process, to, from))
    }

    fn of(
        name: &'static str,
        child: Child,
        folder: &Path,
        log: PathBuf,
        leads_group: bool,
    ) -> Process {
        let pid = child.id();
        let running = Arc::new(Running {
            child: Mutex::new(child),
            folder: folder.to_owned(),
            group: i32::try_from(pid)
                .ok()
                .and_then(Pid::from_raw)
                .filter(|_| leads_group),
        });
        RUNNING
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&running));
        Process {
            running,
            name,
            log,
            pid,
        }
    }

    /// Waits for something; fails at once when the process is gone.
    pub(crate) fn wait_until(&self, what: &str, ready: impl Fn() -> bool) -> anyhow::Result<()> {
        self.wait_for(READY, what, ready)
    }

    /// As [`Process::wait_until`], for so long at most.
    pub(crate) fn wait_for(
        &self,
        patience: Duration,
        what: &str,
        ready: impl Fn() -> bool,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        while !ready() {
            if !self.is_running() {
                bail!("{} ended before {what}:\n{}", self.name, self.log_tail());
            }
            if Instant::now() > deadline {
                bail!("not within {patience:?}: {what}:\n{}", self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&self) -> bool {
        let child = self.running.child.lock();
        let mut child = child.unwrap_or_else(PoisonError::into_inner);
        matches!(child.try_wait(), Ok(None))
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its log is.
    pub(crate) fn log_file(&self) -> &Path {
        &self.log
    }

    /// Sends it a signal; nothing happens when it is gone.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| self.is_running()) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + READY;
        while self.is_running() {
            if Instant::now() > deadline {
                bail!("{} does not end:\n{}", self.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let child = self.running.child.lock();
        let mut child = child.unwrap_or_else(PoisonError::into_inner);
        match child.wait()? {
            status if status.success() => Ok(()),
            status => bail!("{}: {status}:\n{}", self.name, self.log_tail()),
        }
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its last words.
    pub(crate) fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(20)..);
        tail.unwrap_or_default().join("\n")
    }

    /// Processor time so far of its threads that have not ended, from `/proc/PID/task/*/schedstat`. It is in
    /// nanoseconds, where [`Usage`] has hundredths of a second; for a process whose threads stay, as a
    /// broker's do.
    pub(crate) fn cpu_time(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid));
        let tasks = tasks.into_iter().flatten().flatten();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|text| on_cpu(&text))
            .sum()
    }

    /// What it has used so far; nothing when it is gone.
    pub(crate) fn usage(&self) -> Usage {
        usage_of(&self.pid.to_string())
    }

    /// Lets the peak of memory begin anew, where the kernel allows it (proc(5), `clear_refs`).
    pub(crate) fn forget_peak(&self) {
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.pid), "5");
    }
}

/// What this process has used so far.
pub(crate) fn own_usage() -> Usage {
    usage_of("self")
}

fn usage_of(pid: &str) -> Usage {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
    let status = read("status").unwrap_or_default();
    Usage {
        cpu_s: cpu_seconds(&read("stat").unwrap_or_default()).unwrap_or_default(),
        rss_bytes: memory_bytes(&status, "VmRSS:").unwrap_or_default(),
        peak_bytes: memory_bytes(&status, "VmHWM:").unwrap_or_default(),
    }
}

fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    let child = command.spawn();
    child.with_context(|| format!("cannot start `{}`", command.get_program().display()))
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running.kill();
        RUNNING
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|running| !Arc::ptr_eq(running, &self.running));
    }
}

/// The first field of the kernel's `schedstat`: nanoseconds on a processor.
fn on_cpu(schedstat: &str) -> Option<Duration> {
    let first = schedstat.split_whitespace().next()?;
    first.parse().ok().map(Duration::from_nanos)
}

/// Fields 14 and 15 of proc(5)'s `stat`, counted after the command's name, which may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

fn memory_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_whatever_the_program_is_called() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 1 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        let status = "VmHWM:\t 9 kB\nVmRSS:\t    2048 kB\n";
        assert_eq!(memory_bytes(status, "VmRSS:"), Some(2 << 20));
        assert_eq!(memory_bytes(status, "VmHWM:"), Some(9 << 10));
        assert_eq!(on_cpu("1500 7 3\n"), Some(Duration::from_nanos(1500)));
        assert_eq!((on_cpu(""), on_cpu("x 1")), (None, None));
        assert_eq!((cpu_seconds(""), memory_bytes("", "VmRSS:")), (None, None));
    }

    #[test]
    fn what_a_group_leader_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]);
        let process = Process::start_group("it", &mut command, folder.path(), "log").unwrap();
        let said = || process.log().trim().parse::<u32>().is_ok();
        process.wait_until("it has a child", said).unwrap();
        let child = PathBuf::from(format!("/proc/{}/stat", process.log().trim()));
        drop(process);
        // Whoever inherited it may be slow to collect it.
        let gone = || std::fs::read_to_string(&child).map_or(true, |stat| stat.contains(") Z "));
        let deadline = Instant::now() + READY;
        while !gone() {
            assert!(Instant::now() < deadline, "still there");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_process_that_ends_early_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo last words; exit 3"]);
        let process = Process::start("it", &mut command, folder.path(), "log").unwrap();
        let error = process.wait_until("it is ready", || false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it ended before it is ready:\nlast words"
        );
    }

    #[test]
    fn one_can_talk_to_a_process_and_knows_what_it_used() {
        use std::io::{Read as _, Write as _};
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "read word; echo you said $word; echo aside >&2"]);
        let (process, mut to, mut from) =
            Process::converse("it", &mut command, folder.path(), "log").unwrap();
        process.forget_peak();
        assert!(process.usage().rss_bytes > 0 && own_usage().peak_bytes > 0);
        to.write_all(b"hello\n").unwrap();
        let mut said = String::new();
        from.read_to_string(&mut said).unwrap();
        assert_eq!(said, "you said hello\n");
        assert_eq!(process.log_tail(), "aside");
    }
}

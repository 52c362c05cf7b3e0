//! A child process that never outlives its test.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::wait::within;

/// Between two SIGTERMs.
const AGAIN: Duration = Duration::from_millis(500);

/// Killed when dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Process {
        let child = command.spawn();
        Process(child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// The exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be waited for")
    }

    /// Sends a signal; false when the process has ended.
    pub(crate) fn signal(&mut self, signal: Signal) -> bool {
        if self.ended().is_some() {
            return false;
        }
        let pid = Pid::from_child(&self.0);
        kill_process(pid, signal).is_ok()
    }

    /// SIGTERM, then its exit status. Sent again now and then: Mosquitto forgets one that comes after it has
    /// opened its listeners and before it enters its loop (`g_run = 1` in mosquitto.c).
    pub(crate) fn terminate(&mut self, limit: Duration) -> ExitStatus {
        let mut again = Instant::now();
        within(limit, "end after SIGTERM", || {
            if again <= Instant::now() {
                self.signal(Signal::TERM);
                again = Instant::now() + AGAIN;
            }
            self.ended()
        })
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

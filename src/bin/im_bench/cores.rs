//! Which processor cores are whose: by util-linux's `taskset`, which needs no call of ours into the kernel.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// A core for the service alone, and the others for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cores {
    service: u32,
    others: Vec<u32>,
}

impl Cores {
    /// Of those that we may use; fails when there is only one.
    pub(crate) fn share() -> anyhow::Result<Cores> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let mut allowed = allowed(&status).context("no core list in /proc/self/status")?;
        let service = allowed.remove(0);
        if allowed.is_empty() {
            bail!("one core only: the service and the load cannot have one each");
        }
        let others = allowed;
        Ok(Cores { service, others })
    }

    /// A program on the service's core.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(self.service.to_string()).arg(program);
        command
    }

    /// Keeps us off the service's core until the answer is dropped.
    pub(crate) fn stay_off(&self) -> anyhow::Result<Apart> {
        self.part_from(&[])
    }

    /// The same, and moves services that run already to their core, for as long.
    pub(crate) fn part_from(&self, services: &[u32]) -> anyhow::Result<Apart> {
        let us = std::process::id();
        let apart = Apart {
            all: self.others.iter().copied().chain([self.service]).collect(),
            moved: services.iter().copied().chain([us]).collect(),
        };
        for service in services {
            move_to(*service, &[self.service])?;
        }
        move_to(us, &self.others)?;
        Ok(apart)
    }
}

/// While it lives, this process and the service have cores of their own.
pub(crate) struct Apart {
    all: Vec<u32>,
    moved: Vec<u32>,
}

impl Drop for Apart {
    fn drop(&mut self) {
        for process in &self.moved {
            let _ = move_to(*process, &self.all);
        }
    }
}

/// All threads of a process.
fn move_to(process: u32, cores: &[u32]) -> anyhow::Result<()> {
    let list: Vec<String> = cores.iter().map(u32::to_string).collect();
    let done = Command::new("taskset")
        .args(["-a", "-c", "-p", &list.join(",")])
        .arg(process.to_string())
        .output()
        .context("cannot run taskset (util-linux)")?;
    if !done.status.success() {
        bail!("taskset: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

/// `Cpus_allowed_list` of proc(5)'s `status`, such as `0-2,5`; at least one.
fn allowed(status: &str) -> Option<Vec<u32>> {
    let list = status
        .lines()
        .find_map(|l| l.strip_prefix("Cpus_allowed_list:"))?;
    let mut cores = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        cores.extend(first..=last);
    }
    (!cores.is_empty()).then_some(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_lists_are_read() {
        let status = "Cpus_allowed:\tff\nCpus_allowed_list:\t0-2,5\n";
        assert_eq!(allowed(status), Some(vec![0, 1, 2, 5]));
        assert_eq!(allowed("Cpus_allowed_list:\t3\n"), Some(vec![3]));
        for bad in ["", "Cpus_allowed_list:\t\n", "Cpus_allowed_list:\tx\n"] {
            assert_eq!(allowed(bad), None, "{bad}");
        }
    }
}

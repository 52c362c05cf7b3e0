//! How many files a process may open: a connection is one.

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside the connections that matter: logs, databases, HTTP, the runtime's own.
const SPARE: u64 = 600;

/// Raises our limit to the hard one, for us and for all that we start; fails when that is not enough for a process
/// with so many connections.
pub(crate) fn raise_limit(connections: u32, whose: &str) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let Some(most) = limit.maximum else {
        return Ok(());
    };
    if u64::from(connections) + SPARE > most {
        bail!("{connections} connections {whose}: a process may open {most} files here");
    }
    let raised = Rlimit {
        current: Some(most),
        ..limit
    };
    setrlimit(Resource::Nofile, raised).with_context(|| format!("cannot open {most} files"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_hard_limit_is_refused_with_the_number() {
        raise_limit(1, "of a test").unwrap();
        if getrlimit(Resource::Nofile).maximum.is_some() {
            let error = raise_limit(u32::MAX, "of a test").unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("4294967295 connections of a test")
            );
        }
    }
}

//! What can be asked of the scenario on the command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::cli::seconds;

/// Options of `static`
#[derive(Debug, Clone, Args)]
pub(crate) struct StaticArgs {
    /// The service's program; by default the one beside this program
    #[arg(long, value_name = "FILE")]
    pub(super) static_service: Option<PathBuf>,
    /// A PostgreSQL database of its own, or a schema by `?options=-c%20search_path%3DNAME`; by default a SQLite
    /// file in a temporary folder
    #[arg(long, value_name = "URL")]
    pub(super) database_url: Option<String>,
    /// Processes of the service on that database, which take turns
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(super) replicas: u8,
    /// What to measure
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "refresh,introspect,address-book,feed"
    )]
    pub(super) works: Vec<Work>,
    /// Users with refresh tokens who come in the storm
    #[arg(long, default_value_t = 35_000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub(super) users: u32,
    /// Users who log in by password, to compare with
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) password_users: u32,
    /// Connections at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) connections: u32,
    /// People in the address book
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(super) people: u32,
    /// Questions a second for changes of the address book
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) queries: u32,
    /// Changes a second that an administrator makes meanwhile
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(super) changes: u32,
    /// Events a second on the feed
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(super) events: u32,
    /// Brokers that follow the feed
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) listeners: u32,
    /// Seconds of the works that go by time
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(super) seconds: Duration,
    /// Little of everything, in less than half a minute, to see that it works
    #[arg(long)]
    pub(super) quick: bool,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

/// What is measured
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// All users get a login token by their refresh tokens, and some by password
    Refresh,
    /// Token checks, the service on one core
    Introspect,
    /// Changes of a large address book, and all of it
    AddressBook,
    /// Events to brokers
    Feed,
}

impl Work {
    pub(super) fn name(self) -> &'static str {
        match self {
            Work::Refresh => "refresh",
            Work::Introspect => "introspect",
            Work::AddressBook => "address book",
            Work::Feed => "feed",
        }
    }
}

impl StaticArgs {
    /// Little of everything, on SQLite.
    pub(crate) fn for_smoke() -> StaticArgs {
        StaticArgs {
            static_service: None,
            database_url: None,
            replicas: 1,
            works: vec![
                Work::Refresh,
                Work::Introspect,
                Work::AddressBook,
                Work::Feed,
            ],
            users: 200,
            password_users: 6,
            connections: 16,
            people: 300,
            queries: 100,
            changes: 10,
            events: 100,
            listeners: 4,
            seconds: Duration::from_secs(1),
            quick: true,
            csv: None,
            json: None,
        }
    }

    /// The same with what goes without saying, if it makes sense.
    pub(super) fn checked(&self) -> anyhow::Result<StaticArgs> {
        if self.replicas > 1 && self.database_url.is_none() {
            bail!(
                "--replicas {}: want --database-url, since a SQLite file is for one process",
                self.replicas
            );
        }
        let known = ["postgres://", "postgresql://"];
        if let Some(url) = &self.database_url
            && !known.iter().any(|scheme| url.starts_with(scheme))
        {
            bail!("--database-url: want a postgres:// URL");
        }
        let mut args = self.clone();
        if self.quick {
            args.at_most_a_smoke();
        }
        Ok(args)
    }

    fn at_most_a_smoke(&mut self) {
        for (size, most) in [
            (&mut self.users, 200),
            (&mut self.password_users, 6),
            (&mut self.connections, 16),
            (&mut self.people, 300),
            (&mut self.queries, 100),
            (&mut self.events, 100),
            (&mut self.listeners, 4),
        ] {
            *size = (*size).min(most);
        }
        self.seconds = self.seconds.min(Duration::from_secs(1));
    }

    /// What the database is called in reports.
    pub(super) fn storage(&self) -> &'static str {
        match self.database_url {
            Some(_) => "PostgreSQL",
            None => "SQLite",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(more: &[&str]) -> anyhow::Result<StaticArgs> {
        let words = ["im-bench", "static"].iter().chain(more);
        match Cli::try_parse_from(words)?.command {
            Command::Static(args) => args.checked(),
            _ => panic!("not static"),
        }
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let args = args(&[]).unwrap();
        assert_eq!(
            (args.users, args.password_users, args.connections),
            (35_000, 200, 64)
        );
        assert_eq!((args.people, args.queries, args.changes), (10_000, 500, 10));
        assert_eq!((args.events, args.listeners, args.replicas), (1000, 10, 1));
        assert_eq!(
            (args.works.len(), args.seconds.as_secs(), args.storage()),
            (4, 10, "SQLite")
        );
    }

    #[test]
    fn quick_is_small_and_never_more_than_asked_for() {
        let args = args(&["--quick", "--people", "20"]).unwrap();
        assert_eq!(
            (args.users, args.people, args.seconds.as_secs()),
            (200, 20, 1)
        );
    }

    #[test]
    fn nonsense_is_refused_without_repeating_a_password() {
        for (bad, want) in [
            (
                &["--replicas", "2"][..],
                "--replicas 2: want --database-url",
            ),
            (&["--replicas", "3"], "3"),
            (&["--works", "everything"], "everything"),
            (&["--users", "0"], "0"),
            (
                &["--database-url", "mysql://me:hunter2@h/d"],
                "want a postgres:// URL",
            ),
        ] {
            let error = args(bad).unwrap_err().to_string();
            assert!(
                error.contains(want) && !error.contains("hunter2"),
                "{error}"
            );
        }
        let url = "postgres://h/d";
        assert_eq!(
            args(&["--replicas", "2", "--database-url", url])
                .unwrap()
                .replicas,
            2
        );
    }
}

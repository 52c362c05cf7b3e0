//! Which database a command works on, as typed: `--db`, or a PostgreSQL URL by the command line, by a
//! file, or by the environment, which other users of the machine cannot see.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, bail};

use crate::storage::{DatabaseUrl, Location};

/// Where the URL is looked for when nothing else is said.
const VARIABLE: &str = "DATABASE_URL";

/// Which database.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct DatabaseArgs {
    /// The database file (SQLite); created when missing
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// A PostgreSQL database, such as postgres://user@host/database; other users of this machine can see a
    /// password in it. DATABASE_URL in the environment says the same
    #[arg(long, value_name = "URL")]
    database_url: Option<Unshown>,
    /// File whose first line is the URL of the PostgreSQL database
    #[arg(long, value_name = "FILE")]
    database_url_file: Option<PathBuf>,
}

/// Something that may hold a secret: not shown in debug output, nor by clap.
#[derive(Clone)]
struct Unshown(String);

impl FromStr for Unshown {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Unshown(text.to_owned()))
    }
}

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl DatabaseArgs {
    /// Where the database is.
    pub(crate) fn location(&self) -> anyhow::Result<Location> {
        self.location_or(std::env::var_os(VARIABLE))
    }

    /// The same; `variable` is what the environment says.
    fn location_or(&self, variable: Option<OsString>) -> anyhow::Result<Location> {
        if let Some(file) = &self.db {
            return Ok(Location::File(file.clone()));
        }
        if let Some(Unshown(url)) = &self.database_url {
            return server(url).context("--database-url");
        }
        if let Some(file) = &self.database_url_file {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let url = text.lines().next().unwrap_or_default();
            return server(url.trim()).with_context(|| file.display().to_string());
        }
        let Some(url) = variable.filter(|url| !url.is_empty()) else {
            bail!("no database: want --db FILE, --database-url URL or --database-url-file FILE");
        };
        server(&url.to_string_lossy()).context(VARIABLE)
    }
}

fn server(url: &str) -> anyhow::Result<Location> {
    let url: DatabaseUrl = url.parse()?;
    Ok(Location::Server(url))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        database: DatabaseArgs,
    }

    fn parse(line: &[&str]) -> Result<DatabaseArgs, clap::Error> {
        let line = ["x"].iter().chain(line);
        Line::try_parse_from(line).map(|line| line.database)
    }

    fn location(line: &[&str], variable: Option<&str>) -> String {
        let location = parse(line).unwrap().location_or(variable.map(Into::into));
        match location {
            Ok(location) => location.to_string(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_database_is_named_by_file_url_or_environment() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url");
        std::fs::write(&file, "postgres://me:hunter2@h:1/from-file\nmore\n").unwrap();
        let file = file.to_str().unwrap();
        let variable = Some("postgres://h:1/from-variable");
        for (line, wanted) in [
            (&["--db", "a"][..], "a"),
            (
                &["--database-url", "postgres://h:1/db"],
                "postgres://h:1/db",
            ),
            (&["--database-url-file", file], "postgres://h:1/from-file"),
            (&[], "postgres://h:1/from-variable"),
        ] {
            assert_eq!(location(line, variable), wanted);
        }
    }

    #[test]
    fn no_database_two_of_them_and_bad_urls_are_refused_without_repeating_a_url() {
        assert!(location(&[], None).starts_with("no database: want --db FILE"));
        assert!(location(&[], Some("")).starts_with("no database"));
        assert!(parse(&["--db", "a", "--database-url", "postgres://h/db"]).is_err());
        assert!(location(&["--database-url-file", "/nowhere"], None).contains("/nowhere"));
        let bad = location(&["--database-url", "mysql://me:hunter2@h/db"], None);
        assert!(bad.starts_with("--database-url: want postgres://"), "{bad}");
        let bad = location(&[], Some("hunter2"));
        assert!(bad.starts_with("DATABASE_URL: want postgres://"), "{bad}");
        let args = parse(&["--database-url", "postgres://me:hunter2@h/db"]).unwrap();
        assert!(!format!("{args:?}").contains("hunter2"));
    }
}

//! Where the database is: a file, or a PostgreSQL server named by a URL, which may hold a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::{Result, StorageError};

/// What every URL of a PostgreSQL server begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// What may stand behind the question mark.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Where the database is.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    /// SQLite: a file of ours.
    File(PathBuf),
    /// PostgreSQL: shared by several replicas.
    Server(DatabaseUrl),
}

impl From<&Path> for Location {
    fn from(file: &Path) -> Self {
        Location::File(file.to_owned())
    }
}

impl From<&PathBuf> for Location {
    fn from(file: &PathBuf) -> Self {
        Location::File(file.clone())
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(file) => file.display().fmt(f),
            Location::Server(url) => url.fmt(f),
        }
    }
}

/// The URL of a PostgreSQL database. Neither its password nor its parameters are ever shown.
#[derive(Clone)]
pub(crate) struct DatabaseUrl(String);

/// Why a text is no such URL; says nothing of what may be a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadDatabaseUrl {
    /// Not one at all.
    #[error(
        "want postgres://user@host/database, with a password or without (special characters as %XX)"
    )]
    Shape,
    /// A parameter that nobody knows.
    #[error("{0:?} is no parameter of a database's URL: want any of {known}", known = PARAMETERS.join(", "))]
    Parameter(String),
}

impl FromStr for DatabaseUrl {
    type Err = BadDatabaseUrl;

    fn from_str(text: &str) -> std::result::Result<Self, BadDatabaseUrl> {
        let known = SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        if !known || text.contains('#') {
            return Err(BadDatabaseUrl::Shape);
        }
        check_parameters(text)?;
        let parsed = text.parse::<PgConnectOptions>();
        parsed.map_err(|_| BadDatabaseUrl::Shape)?;
        Ok(DatabaseUrl(text.to_owned()))
    }
}

/// sqlx would write unknown ones to the log, with their values.
fn check_parameters(url: &str) -> std::result::Result<(), BadDatabaseUrl> {
    let (_, parameters) = url.split_once('?').unwrap_or_default();
    let names = parameters.split('&').filter(|pair| !pair.is_empty());
    for pair in names {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        if !PARAMETERS.contains(&name) {
            return Err(BadDatabaseUrl::Parameter(name.to_owned()));
        }
    }
    Ok(())
}

impl DatabaseUrl {
    /// The URL of connections for which these of the server's settings hold.
    pub(super) fn with(&self, settings: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        for (name, value) in settings {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("options=-c%20{name}%3D{value}"));
        }
        url
    }

    /// The same for sqlx's own driver.
    pub(super) fn options(&self, settings: &[(&str, &str)]) -> Result<PgConnectOptions> {
        self.with(settings).parse().map_err(StorageError::Database)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parsed, since a text may say the host in more places than one.
        let Ok(options) = self.0.parse::<PgConnectOptions>() else {
            return f.write_str("postgres://");
        };
        let (host, port) = (options.get_host(), options.get_port());
        let database = options.get_database().unwrap_or_default();
        write!(f, "postgres://{host}:{port}/{database}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://me:hunter2@db.example:5433/push?sslmode=require"
            .parse()
            .unwrap();
        let shown = format!("{url} {url:?} {:?}", Location::Server(url.clone()));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            shown.starts_with("postgres://db.example:5433/push "),
            "{shown}"
        );
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused_without_repeating_it() {
        for bad in [
            "",
            "push",
            "mysql://me:hunter2@h/db",
            "postgres//hunter2",
            "postgres://h:port:hunter2/db",
            "postgres://h/db?sslmode=hunter2",
            "postgres://h/db#hunter2",
        ] {
            let error = bad.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(error.contains("postgres://user@host/database"), "{bad}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_parameter_that_nobody_knows_is_named_without_its_value() {
        let error = "postgres://h/db?pasword=hunter2"
            .parse::<DatabaseUrl>()
            .unwrap_err();
        assert!(error.to_string().starts_with("\"pasword\" is no parameter"));
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn settings_of_ours_are_added_to_those_that_are_there() {
        let url: DatabaseUrl = "postgres://h/db?options=-c%20search_path%3Dpush"
            .parse()
            .unwrap();
        let options = url.options(&[("lock_timeout", "5s"), ("statement_timeout", "9s")]);
        let options = options.unwrap();
        assert_eq!(
            options.get_options(),
            Some("-c search_path=push -c lock_timeout=5s -c statement_timeout=9s")
        );
    }
}

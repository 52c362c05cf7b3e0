//! What `serve` is told of files on its command line.

use std::path::{Path, PathBuf};

use super::Limits;

/// Shared files.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// Folder of the files that users share; default: beside the database, and none for a database server
    #[arg(long, value_name = "FOLDER")]
    files_dir: Option<PathBuf>,
    /// The largest file, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30, value_parser = bytes())]
    file_max_bytes: u64,
    /// What the files of an enterprise may take together, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 10 << 30, value_parser = bytes())]
    file_quota_bytes: u64,
    /// How long a file is kept, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30 * 24 * 3600, value_parser = clap::value_parser!(u32).range(1..))]
    file_ttl_s: u32,
    /// What links begin with, such as https://static.example; default: as the client asked
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<String>,
}

/// What the database can count.
fn bytes() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=1 << 53)
}

impl FileArgs {
    /// Where files are, if anywhere; `database` is the database's file, if it has one.
    pub(crate) fn folder(&self, database: Option<&Path>) -> Option<PathBuf> {
        let beside = |database: &Path| {
            let mut name = database.as_os_str().to_owned();
            name.push(".files");
            name.into()
        };
        self.files_dir.clone().or_else(|| database.map(beside))
    }

    /// How much is kept, and for how long.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_bytes: self.file_max_bytes,
            quota_bytes: self.file_quota_bytes,
            ttl_s: self.file_ttl_s,
        }
    }
}

/// Answers it without the `/` at its end.
fn public_url(text: &str) -> Result<String, String> {
    let url: axum::http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err("want http:// or https://".to_owned());
    }
    if url.query().is_some() || text.contains(['#', '@']) {
        return Err("want neither user, query nor fragment".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: FileArgs,
    }

    fn parse(more: &[&str]) -> Result<FileArgs, String> {
        let line = Line::try_parse_from(["serve"].iter().chain(more));
        line.map(|line| line.args)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_beside_the_database_unless_told_otherwise() {
        let args = parse(&[]).unwrap();
        let database = Path::new("/var/lib/push.db");
        let beside = args.folder(Some(database)).unwrap();
        assert_eq!(beside, Path::new("/var/lib/push.db.files"));
        assert_eq!(args.folder(None), None);
        let told = parse(&["--files-dir", "/srv/f"]).unwrap();
        assert_eq!(told.folder(Some(database)).unwrap(), Path::new("/srv/f"));
        assert_eq!(told.folder(None).unwrap(), Path::new("/srv/f"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let url = parse(&["--public-url", "https://h:8443/push/"]).unwrap();
        assert_eq!(url.public_url.unwrap(), "https://h:8443/push");
        for (option, bad) in [
            ("--file-max-bytes", "0"),
            ("--file-max-bytes", "18446744073709551615"),
            ("--file-quota-bytes", "1G"),
            ("--file-ttl-s", "0"),
            ("--public-url", "h:1"),
            ("--public-url", "ftp://h"),
            ("--public-url", "http://h?x"),
            ("--public-url", "http://u@h"),
        ] {
            let error = parse(&[option, bad]).unwrap_err();
            assert!(error.contains(option), "{option} {bad}: {error}");
        }
    }
}

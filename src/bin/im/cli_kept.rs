//! The command line of what is kept locally: the address book and the history.

use clap::{Args, Subcommand};

/// `im book`
#[derive(Debug, Args)]
pub(crate) struct Book {
    #[command(subcommand)]
    pub(crate) action: Option<BookAction>,
}

/// What to do with the address book; the default is to bring it up to date and show it.
#[derive(Debug, Subcommand)]
pub(crate) enum BookAction {
    /// Bring the copy on disk up to date
    Sync,
    /// Show the copy on disk
    Show,
    /// Show who and what has the text in a name, title, number or address
    Find {
        /// Upper and lower case are the same
        #[arg(required = true, value_name = "TEXT")]
        text: Vec<String>,
    },
}

/// `im history`
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Only with this one: uid, uid@eid, '#gid' or g:gid, or `me` for one's own devices
    #[arg(value_name = "WITH")]
    pub(crate) with: Option<String>,
    /// Only the latest N; 0 for all
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(crate) limit: usize,
    /// Only from then on: a time (2026-11-25T09:00:00Z), a day (2026-11-25), or how long ago (2h, 3d)
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
}

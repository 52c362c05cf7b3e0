//! The command line, as typed. What the words mean is decided in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli_kept::{Book, History};
use crate::transfer::SLOWEST;

/// Terminal client for enterprise messages, presence and notices over MQTT.
#[derive(Debug, Parser)]
#[command(name = "im", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Where profiles are kept [default: $XDG_DATA_HOME/im or ~/.local/share/im]
    #[arg(long, global = true, env = "IM_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// The login to use [default: the only one, or the latest]
    #[arg(
        long = "profile",
        visible_alias = "as",
        global = true,
        env = "IM_PROFILE",
        value_name = "UID@EID:DEVICE"
    )]
    pub(crate) profile: Option<String>,
    /// One JSON object a line, for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How long to wait for the servers, in seconds
    #[arg(long, global = true, default_value_t = 10.0, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: f64,
    /// How much history to keep on disk, in MiB; 0 keeps none
    #[arg(long, global = true, env = "IM_HISTORY_MB", default_value_t = 64, value_name = "MIB", value_parser = clap::value_parser!(u64).range(..=1_048_576))]
    pub(crate) history_mb: u64,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 other error, 2 usage, 3 not logged in, \
4 refused by a server, 5 timed out or unreachable";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in at the static service and keep the credentials (the password comes from
    /// $IM_PASSWORD or --password-stdin)
    Login(Login),
    /// Send one message
    Send(Send),
    /// Show what arrives, until stopped
    Listen(Listen),
    /// Download a file that a message offers
    Fetch(Fetch),
    /// Conversations on the whole terminal
    Chat(Chat),
    /// Set the own presence, or show everybody's
    Presence(Presence),
    /// Set or clear the personal signature
    Sign(Sign),
    /// Show the address book: organisation, partners, groups
    Book(Book),
    /// Show messages received and sent on this device
    History(History),
}

/// `im login`
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Who logs in
    #[arg(value_name = "UID@EID")]
    pub(crate) user: String,
    /// Address of the static service, such as https://push.example.com
    #[arg(long = "static", env = "IM_STATIC", value_name = "URL")]
    pub(crate) static_url: String,
    /// What kind of device this is
    #[arg(long, value_enum, default_value_t = Role::Pc)]
    pub(crate) role: Role,
    /// Name of this device [default: the role]
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Trust only this CA (PEM), for the static service and a tls:// broker
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// A computer
    Pc,
    /// A phone
    Phone,
}

/// `im send`
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// `TO TEXT...`: TO is uid, uid@eid, '#gid' or g:gid, me:phone or me:pc; TEXT `-` reads
    /// standard input. With --to-my-device TEXT alone, with --file TO alone
    #[arg(value_name = "TO TEXT")]
    pub(crate) words: Vec<String>,
    /// To the user's own devices of the other kind
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) to_my_device: Option<Role>,
    /// What it is [default: text; of a file what its content says]
    #[arg(long = "type", value_enum)]
    pub(crate) content: Option<SendType>,
    /// Send this file: within the message up to 3 MiB, else uploaded, with a link in the message
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Upload the file however small it is: the receiver is asked, and gets its name
    #[arg(long, requires = "file")]
    pub(crate) upload: bool,
    /// The name that the receiver of an uploaded file sees [default: the file's own]
    #[arg(long, value_name = "NAME", requires = "file")]
    pub(crate) name: Option<String>,
    /// How long an upload that does not move is tried, in seconds
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) retry: f64,
    /// Upload no faster than so many bytes a second [default: as fast as it goes]
    #[arg(long, value_name = "BYTES", requires = "file", value_parser = rate())]
    pub(crate) limit_rate: Option<u32>,
    /// 1 waits for the broker's confirmation, 0 does not
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) qos: u8,
}

/// The content types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SendType {
    /// Plain text
    Text,
    /// A hyperlink
    Link,
    /// A picture, with --file
    Image,
    /// A sound, with --file
    Audio,
    /// A film, with --file
    Video,
    /// Any file, with --file
    File,
    /// The application's own business
    User,
}

/// `im fetch`
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// Address of the file, as a message tells it; or SEQ, the message's number, or FROM:SEQ
    #[arg(value_name = "URL")]
    pub(crate) from: String,
    /// Where to put it: a file, or a folder that exists [default: the server's name for it, here]
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    /// Replace the file that --output names
    #[arg(long, requires = "output")]
    pub(crate) overwrite: bool,
    /// The SHA-256 that it must have, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    pub(crate) sha256: Option<String>,
    /// The most bytes to take
    #[arg(long, default_value_t = MOST_BYTES, value_name = "BYTES")]
    pub(crate) max_bytes: u64,
    /// How long a download that does not move is tried, in seconds
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) retry: f64,
    /// Download no faster than so many bytes a second [default: as fast as it goes]
    #[arg(long, value_name = "BYTES", value_parser = rate())]
    pub(crate) limit_rate: Option<u32>,
}

/// A rate in bytes a second.
fn rate() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(SLOWEST..)
}

/// `im chat`
#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// Save pictures, sounds, films and files that come in messages to this folder; downloads go
    /// there too [default: downloads go here, the others are not saved]
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// The most bytes to download for one message
    #[arg(long, default_value_t = MOST_BYTES, value_name = "BYTES")]
    pub(crate) max_bytes: u64,
}

/// The most that is downloaded without being told: what a static service takes by default.
pub(crate) const MOST_BYTES: u64 = 1 << 30;

/// `im listen`
#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Stop after this time
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) for_seconds: Option<f64>,
    /// Stop after this many messages and notices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Show presence and signatures too
    #[arg(long)]
    pub(crate) presence: bool,
    /// Never send SUBSCRIBE: show what the broker brings unasked. Presence, signatures and what is
    /// kept as retained do not come so
    #[arg(long, conflicts_with = "presence")]
    pub(crate) no_subscribe: bool,
    /// Stop when the connection is lost
    #[arg(long)]
    pub(crate) no_reconnect: bool,
    /// Save pictures, sounds, films and files that come in messages to this folder; downloads go
    /// there too
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Download what is offered without asking
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    /// Neither ask nor download
    #[arg(long, conflicts_with = "yes")]
    pub(crate) no_download: bool,
    /// The most bytes to download for one message
    #[arg(long, default_value_t = MOST_BYTES, value_name = "BYTES")]
    pub(crate) max_bytes: u64,
}

/// `im presence`
#[derive(Debug, Args)]
pub(crate) struct Presence {
    #[command(subcommand)]
    pub(crate) action: Option<PresenceAction>,
    /// Collect for exactly this long [default: until nothing came for 0.3 s]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) wait: Option<f64>,
}

/// What to do with presence; showing everybody's is the default.
#[derive(Debug, Subcommand)]
pub(crate) enum PresenceAction {
    /// Be reachable
    Online,
    /// Be away
    Away,
    /// Be busy
    Busy,
    /// Look offline
    Offline,
    /// List presence and signatures
    Show {
        /// Only these users
        #[arg(value_name = "UID")]
        uids: Vec<String>,
    },
}

/// `im sign`
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The signature, at most 256 bytes of UTF-8
    #[arg(required_unless_present = "clear", value_name = "TEXT")]
    pub(crate) text: Vec<String>,
    /// Remove the signature
    #[arg(long, conflicts_with = "text")]
    pub(crate) clear: bool,
}

/// Lower-case hex of 32 bytes.
fn sha256(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("want 64 hexadecimal digits".to_owned())
    }
}

/// A time that `Duration` can hold: finite, not negative, at most a year.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "want a number of seconds".to_owned())?;
    if (0.0..=31_536_000.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("want between 0 and 31536000 seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_after_the_words() {
        let cli = Cli::parse_from(["im", "--json", "send", "bob", "hi", "there", "--qos", "0"]);
        let Command::Send(send) = cli.command else {
            panic!("not send");
        };
        assert_eq!((cli.json, send.qos), (true, 0));
        assert_eq!(send.words, ["bob", "hi", "there"]);
        assert!(Cli::try_parse_from(["im", "send", "bob", "hi", "--qos", "2"]).is_err());
        assert!(Cli::try_parse_from(["im", "listen", "--for", "-1"]).is_err());
        assert!(Cli::try_parse_from(["im", "listen", "--for", "nan"]).is_err());
        assert!(Cli::try_parse_from(["im", "sign"]).is_err());
    }

    #[test]
    fn options_about_files_need_a_file_and_do_not_contradict() {
        assert!(Cli::try_parse_from(["im", "send", "bob", "--file", "x", "--upload"]).is_ok());
        assert!(Cli::try_parse_from(["im", "send", "bob", "hi", "--upload"]).is_err());
        assert!(Cli::try_parse_from(["im", "listen", "--yes", "--no-download"]).is_err());
        let fetch = ["im", "fetch", "https://example.com/x", "--overwrite"];
        assert!(Cli::try_parse_from(fetch).is_err());
        let fetch = ["im", "fetch", "https://example.com/x", "--sha256", "abc"];
        assert!(Cli::try_parse_from(fetch).is_err());
    }

    #[test]
    fn presence_is_not_promised_to_who_does_not_subscribe() {
        assert!(Cli::try_parse_from(["im", "listen", "--no-subscribe"]).is_ok());
        let both = ["im", "listen", "--no-subscribe", "--presence"];
        assert!(Cli::try_parse_from(both).is_err());
    }
}

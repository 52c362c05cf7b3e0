//! The admin commands as typed. Names are checked while they are parsed, so a malformed one is a
//! usage error that says why.

use std::error::Error;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::department::DepartmentCommand;
use super::device::DeviceCommand;
use super::profile::ProfileCommand;
use super::routing::RoutingCommand;
use crate::database::DatabaseArgs;
use crate::identity::{
    BrokerId, Channel, Device, DisplayName, EnterpriseId, GroupId, MemberId, Role, UserId,
};
use crate::password::CostArgs;
use crate::storage::Relation;

/// Administers a database.
#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) cost: CostArgs,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Enterprises
    #[command(subcommand)]
    Enterprise(EnterpriseCommand),
    /// Users
    #[command(subcommand)]
    User(UserCommand),
    /// Departments, a tree for each enterprise
    #[command(subcommand)]
    Department(DepartmentCommand),
    /// Groups and their members
    #[command(subcommand)]
    Group(GroupCommand),
    /// Links between users of different enterprises
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Brokers' credentials
    #[command(subcommand)]
    Broker(BrokerCommand),
    /// Login tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Sessions at the brokers
    #[command(subcommand)]
    Session(SessionCommand),
    /// System notices
    #[command(subcommand)]
    Notice(NoticeCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnterpriseCommand {
    /// Create an enterprise
    Add {
        eid: EnterpriseId,
        /// What people call it
        #[arg(long)]
        name: DisplayName,
    },
    /// Change what people call it
    Rename {
        eid: EnterpriseId,
        #[arg(long)]
        name: DisplayName,
    },
    /// End everything it does until it is resumed
    Suspend { eid: EnterpriseId },
    /// Lift a suspension
    Resume { eid: EnterpriseId },
    /// Where its clients log in
    #[command(subcommand)]
    Broker(RoutingCommand),
    /// Show all enterprises
    List,
}

/// Where a password comes from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The password; other users of this machine can see it in the process list
    #[arg(long, value_name = "PASSWORD")]
    pub(crate) password: Option<Typed>,
}

/// A secret from the command line: not shown in debug output.
#[derive(Clone)]
pub(crate) struct Typed(pub(crate) String);

impl FromStr for Typed {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Typed(text.to_owned()))
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a user; without a password nobody can log in as this user
    Add {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        /// What people call the user; the uid when not given
        #[arg(long)]
        name: Option<DisplayName>,
        #[command(flatten)]
        password: PasswordSource,
        /// A role, such as operator
        #[arg(long)]
        role: Vec<Role>,
        /// A notice channel that the user may publish to
        #[arg(long)]
        channel: Vec<Channel>,
    },
    /// Remove a user; tokens, memberships and links go too
    Remove {
        #[arg(value_name = "UID@EID")]
        user: UserId,
    },
    /// Set a new password; ends the user's sessions and revokes the tokens
    Passwd {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Create many users, all of a file or none
    Import {
        /// A JSON object a line: {"username": "uid@eid", "name"?, "password"? | "password_hash"?, "title"?,
        /// "phone"?, "email"?}; `-` reads standard input
        file: PathBuf,
    },
    /// Lock a user out until unlocked; sessions, tokens and connections end
    Lock {
        #[arg(value_name = "UID@EID")]
        user: UserId,
    },
    /// Let a locked user log in again
    Unlock {
        #[arg(value_name = "UID@EID")]
        user: UserId,
    },
    /// Devices that logged in by password
    #[command(subcommand)]
    Device(DeviceCommand),
    /// How a user is shown
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Roles, such as admin (of the own enterprise) and operator (of the installation)
    #[command(subcommand)]
    Role(GrantCommand<Role>),
    /// Notice channels that a user may publish to
    #[command(subcommand)]
    Channel(GrantCommand<Channel>),
    /// Show an enterprise's users
    List { eid: EnterpriseId },
    /// Show a user and all that the user may do
    Show {
        #[arg(value_name = "UID@EID")]
        user: UserId,
    },
}

/// A checked word of a command line.
pub(crate) trait Word:
    FromStr<Err: Error + Send + Sync + 'static> + Display + Clone + Send + Sync + 'static
{
}

impl Word for Role {}
impl Word for Channel {}

/// Giving a `T` and taking it.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand<T: Word> {
    /// Give it to a user
    Add {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        #[arg(value_name = "NAME")]
        grant: T,
    },
    /// Take it from a user
    Remove {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        #[arg(value_name = "NAME")]
        grant: T,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Create a group
    Add {
        #[arg(value_name = "GID@EID")]
        group: GroupId,
        /// What people call it; the gid when not given
        #[arg(long)]
        name: Option<DisplayName>,
    },
    /// Remove a group
    Remove {
        #[arg(value_name = "GID@EID")]
        group: GroupId,
    },
    /// Change what people call it
    Rename {
        #[arg(value_name = "GID@EID")]
        group: GroupId,
        #[arg(long)]
        name: DisplayName,
    },
    /// Show an enterprise's groups
    List { eid: EnterpriseId },
    /// Members of a group
    #[command(subcommand)]
    Member(MemberCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Add a member
    Add {
        #[arg(value_name = "GID@EID")]
        group: GroupId,
        uid: MemberId,
    },
    /// Take a member out
    Remove {
        #[arg(value_name = "GID@EID")]
        group: GroupId,
        uid: MemberId,
    },
    /// Show a group's members
    List {
        #[arg(value_name = "GID@EID")]
        group: GroupId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Link two users of different enterprises, or change the relation of a link
    Link {
        #[arg(value_name = "UID@EID")]
        one: UserId,
        #[arg(value_name = "UID@EID")]
        other: UserId,
        /// What the other is to the first: upstream, downstream or partner
        #[arg(long)]
        relation: Option<Relation>,
    },
    /// Undo a link
    Unlink {
        #[arg(value_name = "UID@EID")]
        one: UserId,
        #[arg(value_name = "UID@EID")]
        other: UserId,
    },
    /// Show a user's partners
    List {
        #[arg(value_name = "UID@EID")]
        user: UserId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    /// Let a broker in; prints a new secret, once, unless one is given
    Add {
        client_id: BrokerId,
        /// Read the secret from the first line of standard input
        #[arg(long)]
        secret_stdin: bool,
    },
    /// Shut a broker out
    Remove { client_id: BrokerId },
    /// Show the brokers that are let in
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Revoke a user's login tokens
    Revoke {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        /// Only those of this device
        #[arg(long)]
        device: Option<Device>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Disconnect a user; the tokens stay good
    Kick {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        /// Only this device
        #[arg(long)]
        device: Option<Device>,
        /// Why, for the logs
        #[arg(long, default_value = "kicked by an administrator")]
        reason: DisplayName,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NoticeCommand {
    /// Send a notice
    Send(SendArgs),
}

/// A notice.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) to: To,
    /// One line for people
    #[arg(long)]
    pub(crate) title: DisplayName,
    /// Text for people
    #[arg(long, default_value = "")]
    pub(crate) body: String,
    /// What it is about
    #[arg(long, default_value = "announcement")]
    pub(crate) kind: Role,
    /// For programs
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(crate) data: Option<serde_json::Value>,
    /// Keep it for those who come later
    #[arg(long)]
    pub(crate) retain: bool,
    /// How long it is of use
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) expiry_s: Option<u32>,
}

/// For whom a notice is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct To {
    /// For everybody
    #[arg(long)]
    pub(crate) all: bool,
    /// For an enterprise
    #[arg(long)]
    pub(crate) eid: Option<EnterpriseId>,
    /// For a user
    #[arg(long, value_name = "UID@EID")]
    pub(crate) user: Option<UserId>,
    /// For a group
    #[arg(long, value_name = "GID@EID")]
    pub(crate) group: Option<GroupId>,
}

fn json(text: &str) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_str(text)
}

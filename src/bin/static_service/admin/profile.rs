//! The `user profile` commands: as typed, and carried out.

use std::str::FromStr;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::Done;
use crate::identity::{DisplayName, UserId};
use crate::profile::{Email, Phone, ProfileChange, Title};
use crate::storage::Storage;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Change some of it
    Set {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        #[command(flatten)]
        profile: ProfileArgs,
    },
}

/// What is to change; an empty text clears all but the name.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// What people call the user
    #[arg(long)]
    name: Option<DisplayName>,
    /// What the user is, such as "Head of Sales"
    #[arg(long)]
    title: Option<Clearable<Title>>,
    /// Where the user can be called
    #[arg(long)]
    phone: Option<Clearable<Phone>>,
    /// Where the user can be written to
    #[arg(long)]
    email: Option<Clearable<Email>>,
}

/// A text that may be empty, which clears what was there.
#[derive(Debug, Clone)]
pub(crate) struct Clearable<T>(Option<T>);

impl<T: FromStr> FromStr for Clearable<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text.is_empty() {
            return Ok(Clearable(None));
        }
        text.parse().map(|text| Clearable(Some(text)))
    }
}

/// Carries out one command.
pub(super) async fn profile(storage: &Storage, command: ProfileCommand) -> anyhow::Result<Done> {
    let ProfileCommand::Set { user, profile } = command;
    let change = ProfileChange {
        name: profile.name,
        title: profile.title.map(|title| title.0),
        phone: profile.phone.map(|phone| phone.0),
        email: profile.email.map(|email| email.0),
    };
    if change == ProfileChange::default() {
        bail!("give something to change: --name, --title, --phone or --email");
    }
    let event = storage.set_profile(&user, &change).await?;
    Ok(Done {
        text: format!("profile of {user} set"),
        json: json!({ "event": event }),
    })
}

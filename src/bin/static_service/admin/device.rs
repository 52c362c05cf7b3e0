//! The `user device` commands: as typed, and carried out.

use clap::Subcommand;
use serde_json::json;

use super::list;
use super::output::Done;
use crate::identity::{Device, UserId};
use crate::storage::Storage;

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Show a user's devices
    List {
        #[arg(value_name = "UID@EID")]
        user: UserId,
    },
    /// Take a device from a user: its session, its tokens and its connection end
    Remove {
        #[arg(value_name = "UID@EID")]
        user: UserId,
        device: Device,
    },
}

/// Carries out one command.
pub(super) async fn device(storage: &Storage, command: DeviceCommand) -> anyhow::Result<Done> {
    match command {
        DeviceCommand::List { user } => list::devices(storage, &user).await,
        DeviceCommand::Remove { user, device } => {
            let event = storage.remove_device(&user, &device).await?;
            Ok(Done {
                text: format!("device {device} of {user} removed"),
                json: json!({ "event": event }),
            })
        }
    }
}

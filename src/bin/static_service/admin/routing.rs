//! The `enterprise broker` commands: as typed, and carried out.

use clap::Subcommand;
use serde_json::json;

use super::output::Done;
use crate::broker_url::BrokerUrl;
use crate::identity::EnterpriseId;
use crate::storage::Storage;

#[derive(Debug, Subcommand)]
pub(crate) enum RoutingCommand {
    /// Have its clients log in at that broker, from their next login token on
    Set {
        eid: EnterpriseId,
        /// As clients use it, such as tcp://push.example:1883
        url: BrokerUrl,
    },
    /// Leave it to the options of `serve` again
    Unset { eid: EnterpriseId },
}

/// Carries out one command.
pub(super) async fn routing(storage: &Storage, command: RoutingCommand) -> anyhow::Result<Done> {
    let text = match command {
        RoutingCommand::Set { eid, url } => {
            storage.set_broker(&eid, &url).await?;
            format!("broker of enterprise {eid} set to {url}")
        }
        RoutingCommand::Unset { eid } => {
            storage.unset_broker(&eid).await?;
            format!("broker of enterprise {eid} unset")
        }
    };
    let json = json!({});
    Ok(Done { text, json })
}

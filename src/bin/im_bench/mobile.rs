//! The scenario `mobile`: bytes on the wire for what a phone does: log in, send and receive a message of 20 bytes, stay
//! connected. Ours through the plugin, the same as JSON over bare MQTT, over XMPP, and polling by HTTP.
//!
//! Everything is counted at the bench's own sockets, at real servers. There is no TLS anywhere: it would add the same to
//! all of them.
//!
//! | module | what it is for |
//! |---|---|
//! | `line`, `segments` | a connection that counts; TCP segments, as the kernel counts them |
//! | `mqtt`, `xmpp`, `poll` | the three ways |
//! | `prosody`, `stanza` | the XMPP server; what client and server say, as text |
//! | `args`, `report` | pure: what is asked for, how it is told |

mod args;
mod line;
mod mqtt;
mod poll;
mod prosody;
mod report;
mod segments;
mod stanza;
mod xmpp;

use anyhow::Context;

use crate::output::progress;

pub(crate) use args::MobileArgs;
pub(crate) use report::MobileReport;

/// What is said: 20 bytes.
const TEXT: &str = "See you at ten past.";

/// Runs it all.
pub(crate) fn run(args: &MobileArgs) -> anyhow::Result<MobileReport> {
    let mut report = MobileReport::default();
    progress("our plugin");
    mqtt::ours(args, &mut report).context("our plugin")?;
    progress("JSON over bare MQTT");
    mqtt::json(args, &mut report).context("JSON over bare MQTT")?;
    progress("XMPP");
    xmpp::measure(args, &mut report).context("XMPP")?;
    progress("polling by HTTP");
    poll::measure(args, &mut report).context("polling by HTTP")?;
    Ok(report)
}

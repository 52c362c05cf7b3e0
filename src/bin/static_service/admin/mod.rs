//! `static-service admin`: changes the database directly, while `serve` may run on it too.

mod args;
mod carry_out;
mod department;
mod device;
mod import;
mod list;
mod output;
mod profile;
mod routing;
mod standard_input;
#[cfg(test)]
mod tests;

pub(crate) use args::AdminArgs;

use crate::password::Passwords;
use crate::storage::Storage;
use anyhow::Context as _;

/// Carries out one command and prints what came of it.
pub(crate) async fn admin(args: AdminArgs) -> anyhow::Result<()> {
    let location = args.database.location()?;
    let storage = Storage::open(&location)
        .await
        .with_context(|| format!("cannot open {location}"))?;
    let passwords = Passwords::new(args.cost.cost()?)?;
    let done = carry_out::carry_out(&storage, &passwords, args.command).await;
    storage.close().await;
    output::print(&done?, args.json)
}

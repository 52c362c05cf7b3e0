//! One command a file. Each turns its arguments into requests and their outcome into reports.

mod backoff;
mod book;
mod chat;
mod chat_work;
mod fetch;
mod history;
mod listen;
mod listen_files;
mod listen_stop;
mod login;
mod meter;
mod presence;
mod reception;
mod save;
mod send;
mod sign;

use std::time::Duration;

pub(crate) use backoff::Backoff;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Context;
use crate::store::Store;

/// Does what the command line says.
pub(crate) async fn run(cli: Cli, output: &mut Output) -> Result<(), Failure> {
    let timeout = Duration::from_secs_f64(cli.timeout);
    let store = Store::open(cli.home)?;
    if let Command::Login(login) = cli.command {
        return login::run(login, &store, timeout, output).await;
    }
    let profile = store.load(cli.profile.as_deref())?;
    let mut context = Context::new(store, profile, timeout);
    context.history_bytes = cli.history_mb.saturating_mul(1024 * 1024);
    match cli.command {
        Command::Login(_) => Ok(()),
        Command::Send(send) => send::run(send, &mut context, output).await,
        Command::Listen(listen) => listen::run(listen, context, output).await,
        Command::Fetch(fetch) => fetch::run(fetch, &mut context, output).await,
        Command::Chat(chat) => chat::run(chat, context).await,
        Command::Presence(presence) => presence::run(presence, &mut context, output).await,
        Command::Sign(sign) => sign::run(sign, &mut context, output).await,
        Command::Book(book) => book::run(book, &mut context, output).await,
        Command::History(history) => history::run(history, &mut context, output).await,
    }
}

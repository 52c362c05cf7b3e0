//! `im book`: the organisation, partners and groups; from the copy on disk, brought up to date.

use mosquitto_enterprise_push::client::AddressBook;

use crate::book::{Copy, Synced, TreeLine, matches, read, synchronise, tree};
use crate::cli_kept::{Book, BookAction};
use crate::control::ControlClient;
use crate::failure::Failure;
use crate::output::Output;
use crate::report::Report;
use crate::report_kept::Kept;
use crate::roster::Roster;
use crate::session::Context;

pub(super) async fn run(
    book: Book,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    match book.action {
        Some(BookAction::Sync) => {
            let synced = up_to_date(context, output).await?;
            output.report(&Report::Kept(Kept::Synced(&synced)))
        }
        Some(BookAction::Show) => {
            let book = kept(context, output).await?;
            show(&tree(&book), context, output).await
        }
        Some(BookAction::Find { text }) => {
            let book = kept(context, output).await?;
            show(&matches(&book, &text.join(" ")), context, output).await
        }
        None => {
            let book = latest(context, output).await?;
            show(&tree(&book), context, output).await
        }
    }
}

/// Brings the copy up to date; tells what was wrong with it.
async fn up_to_date(context: &mut Context, output: &mut Output) -> Result<Synced, Failure> {
    let synced = synchronise(context).await?;
    if let Some(trouble) = &synced.trouble {
        output.warning(&format!("address book loaded anew: {trouble}"))?;
    }
    Ok(synced)
}

/// The copy as it is; only without a usable one is the static service asked.
async fn kept(context: &mut Context, output: &mut Output) -> Result<AddressBook, Failure> {
    match read(context).await {
        Ok((Copy::Whole(book), _)) => Ok(book),
        Ok(_) | Err(Failure::NoPersonalKey | Failure::NoRefreshToken) => {
            Ok(up_to_date(context, output).await?.book)
        }
        Err(failure) => Err(failure),
    }
}

/// As of now; while the static service is away, as of the copy.
async fn latest(context: &mut Context, output: &mut Output) -> Result<AddressBook, Failure> {
    let failure = match up_to_date(context, output).await {
        Ok(synced) => return Ok(synced.book),
        Err(failure) => failure,
    };
    let passing = matches!(&failure, Failure::Service(error) if error.is_temporary());
    match read(context).await {
        Ok((Copy::Whole(book), _)) if passing => {
            output.warning(&format!("address book not brought up to date: {failure}"))?;
            Ok(book)
        }
        _ => Err(failure),
    }
}

async fn show(
    lines: &[TreeLine<'_>],
    context: &Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let roster = &roster(context).await;
    lines.iter().try_for_each(|line| {
        output.report(&Report::Kept(Kept::Tree {
            line: *line,
            roster,
        }))
    })
}

/// Presence and signatures, when somebody is there who knows them.
async fn roster(context: &Context) -> Roster {
    let Ok(socket) = context.store.control_socket(&context.profile.session) else {
        return Roster::default();
    };
    match ControlClient::connect(&socket).await {
        Some(client) => client.roster(context.timeout).await.unwrap_or_default(),
        None => Roster::default(),
    }
}

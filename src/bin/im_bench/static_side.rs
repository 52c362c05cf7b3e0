//! The scenario `static`: what the real static service carries. It starts the service's own program as one or
//! two processes, on a database of its own, and plays clients, administrators and brokers.
//!
//! | module | what it is for |
//! |---|---|
//! | `refresh`, `introspect`, `book`, `feed` | the works |
//! | `population` | who is in the service's database |
//! | `listener` | a connection that follows the feed |
//! | `visits` | what several works ask for, and what is kept of the answers |
//! | `args`, `receipts`, `report` | pure: what is asked for, what arrived, how it is told |

mod args;
mod book;
mod feed;
mod introspect;
mod listener;
mod population;
mod receipts;
mod refresh;
mod report;
mod visits;

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::installation::Installation;
use crate::output::progress;

use args::Work;

pub(crate) use args::StaticArgs;
pub(crate) use report::StaticReport;

/// Runs it all.
pub(crate) fn run(args: &StaticArgs, runtime: &Runtime) -> anyhow::Result<StaticReport> {
    let args = args.checked()?;
    let mut report = StaticReport::new(&args);
    for work in &args.works {
        progress(work.name());
        let done = match work {
            Work::Refresh => refresh::run(&args, runtime, &mut report),
            Work::Introspect => introspect::run(&args, runtime, &mut report),
            Work::AddressBook => book::run(&args, runtime, &mut report),
            Work::Feed => feed::run(&args, runtime, &mut report),
        };
        done.context(work.name())?;
        progress(&report.brief(work.name()));
    }
    Ok(report)
}

/// A database with an enterprise that nobody is in.
fn install(args: &StaticArgs) -> anyhow::Result<Installation> {
    let (program, url) = (args.static_service.as_deref(), args.database_url.clone());
    let installation = Installation::new(program, url, args.replicas)?;
    installation.found(installation.eid(), "Bench")?;
    Ok(installation)
}

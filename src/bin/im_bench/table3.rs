//! The scenario `table3`: the paper's Table 3 again, and beyond. Each row begins with nobody logged in: all its users
//! log in, a few log in by password beside them, then messages go for a while. Afterwards, if asked for, how many
//! messages a second this machine carries with all of them online.
//!
//! | module | what it is for |
//! |---|---|
//! | `row`, `limit` | a row; the search for the limit |
//! | `args`, `paper` | pure: what is asked for; what the paper measured |
//! | `measured`, `verdict` | pure: what a row came to; what gave out first |
//! | `report`, `json`, `series` | pure: how it is told, in tables, in JSON and as curves |
//! | `charts` | the curves as pictures |

mod args;
mod charts;
mod json;
mod limit;
mod measured;
mod paper;
mod report;
mod row;
mod series;
mod verdict;

use tokio::runtime::Runtime;

use crate::fleet::{Site, Wanted, raise_limit};
use crate::login::{broker_program, plugin_file};
use crate::output::progress;

pub(crate) use args::Table3Args;
pub(crate) use report::Table3Report;

/// Runs it all.
pub(crate) fn run(args: &Table3Args, runtime: &Runtime) -> anyhow::Result<Table3Report> {
    let args = args.checked();
    let census = args.census();
    let most = census.most_on_a_broker(census.people());
    raise_limit(
        most,
        &format!("of a broker (--brokers {})", census.brokers()),
    )?;
    let share = census.people().div_ceil(args.workers());
    let worker = format!("of a worker (--workers {})", args.workers());
    raise_limit(share + args.at_once, &worker)?;
    let place = args.place();
    let wanted = Wanted {
        census,
        broker: broker_program(&place, &args.broker_version)?,
        plugin: plugin_file(&place)?,
        static_service: args.static_service.clone(),
    };
    let site = Site::build(&wanted, runtime)?;
    let mut crew = site.crew(args.workers())?;
    let mut report = Table3Report::new(&args);
    let mut phase = 0;
    for users in &args.users {
        phase += 1;
        row::begin(&site, &mut crew, &args, *users, &mut report)?;
        row::talk(&site, &mut crew, &args.plan(*users, phase), &mut report)?;
        progress(&report.brief());
        let is_last = *users == census.people();
        if is_last && args.limit {
            limit::find(&site, &mut crew, &args, phase, &mut report)?;
        }
        crew.log_out(0..*users)?;
    }
    if let Some(folder) = &args.plots {
        charts::write(&report, folder)?;
    }
    Ok(report)
}

//! The scenario `peers`: our plugin beside what else one would pick, at the same work. In every round all rivals are
//! started anew, and each does every work once, in turns.
//!
//! | module | what it is for |
//! |---|---|
//! | `stands` | the rivals, started; who could not be |
//! | `connect`, `carried`, `talk`, `idle` | the works: logins and messages as fast as can be, latency with and without a storm, memory |
//! | `args`, `report`, `table` | pure: what is asked for, what was measured, how it is told |

mod args;
mod carried;
mod connect;
mod idle;
mod report;
mod stands;
mod table;
mod talk;

use std::time::Duration;

use anyhow::bail;
use tokio::runtime::Runtime;

use crate::output::progress;

use args::Work;
use report::{Figures, Subject, Turn};
use stands::{Seat, Stands};

pub(crate) use args::PeersArgs;
pub(crate) use report::PeersReport;

/// Runs it all.
pub(crate) fn run(args: &PeersArgs, runtime: &Runtime) -> anyhow::Result<PeersReport> {
    let args = args.checked();
    let mut report = PeersReport::new(&args);
    for round in 1..=args.rounds {
        do_round(&args, runtime, round, &mut report)?;
        progress(&format!("round {round} of {}: done", args.rounds));
    }
    if let Some(fewer) = args.of_more_rounds() {
        for more in 1..=args.more_rounds {
            do_round(&fewer, runtime, args.rounds + more, &mut report)?;
            progress(&format!(
                "further round {more} of {}: done",
                args.more_rounds
            ));
        }
    }
    Ok(report)
}

/// All rivals, started anew, at all works.
fn do_round(
    args: &PeersArgs,
    runtime: &Runtime,
    round: u32,
    report: &mut PeersReport,
) -> anyhow::Result<()> {
    let stands = Stands::start(args, runtime, round, report)?;
    for work in &args.works {
        do_work(args, runtime, &stands, *work, round, report)?;
    }
    Ok(())
}

/// One work of all rivals in one round.
fn do_work(
    args: &PeersArgs,
    runtime: &Runtime,
    stands: &Stands,
    work: Work,
    round: u32,
    report: &mut PeersReport,
) -> anyhow::Result<()> {
    if work.carried().is_some() {
        for heat in stands.heats(round) {
            carried::measure(args, runtime, &heat, work, round, report)?;
        }
        return Ok(());
    }
    for seat in stands.in_turn(round) {
        // Whatever became of a storm before.
        seat.stand.set_delay(Duration::ZERO);
        let measured = match work {
            Work::Connect => connect::measure(args, runtime, seat, round),
            Work::Storm => alone(seat, talk::storm(args, runtime, seat, round)),
            Work::Idle => alone(seat, idle::measure(args, runtime, seat)),
            Work::Latency | Work::Qos0 | Work::Qos1 | Work::FanOut => {
                alone(seat, talk::quiet(args, seat, round))
            }
        };
        take(report, seat, work, Turn::whole(round), measured)?;
    }
    Ok(())
}

type Measured = anyhow::Result<Vec<(Subject, Figures)>>;

fn alone(seat: &Seat, figures: anyhow::Result<Figures>) -> Measured {
    Ok(vec![(seat.subject.clone(), figures?)])
}

/// Notes what one rival did. What goes wrong with others' is told in the report, and the rest goes on.
fn take(
    report: &mut PeersReport,
    seat: &Seat,
    work: Work,
    turn: Turn,
    measured: Measured,
) -> anyhow::Result<()> {
    let label = format!("{}, {}", seat.subject.label(), work.name());
    match measured {
        Ok(measured) => {
            for (subject, figures) in measured {
                progress(&format!("{}, {}: {figures}", subject.label(), work.name()));
                report.push(subject, work, turn, figures);
            }
        }
        Err(error) if seat.is_others() => {
            progress(&format!("{label}: failed: {error:#}"));
            report.failed(&format!("{label}, round {}: {error:#}", turn.round));
        }
        Err(error) => bail!("{label}: {error:#}"),
    }
    Ok(())
}

//! The scenario `peers`: our plugin beside what else one would pick, at the same work. Every rival is up all the
//! time, and in every round each does every work once, in turns.
//!
//! | module | what it is for |
//! |---|---|
//! | `stands` | the rivals, started; who could not be |
//! | `connect`, `talk`, `idle` | the works: logins as fast as can be, latency with and without a storm, memory |
//! | `args`, `report`, `table` | pure: what is asked for, what was measured, how it is told |

mod args;
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
use crate::throughput::{self, crowd};

use args::Work;
use report::{Figures, Subject};
use stands::{Seat, Stands};

pub(crate) use args::PeersArgs;
pub(crate) use report::PeersReport;

/// Runs it all.
pub(crate) fn run(args: &PeersArgs, runtime: &Runtime) -> anyhow::Result<PeersReport> {
    let args = args.checked();
    let mut report = PeersReport::new(&args);
    let stands = Stands::start(&args, runtime, &mut report)?;
    for round in 1..=args.rounds {
        for work in &args.works {
            for seat in stands.in_turn(round) {
                take(&args, runtime, seat, *work, round, &mut report)?;
            }
        }
        progress(&format!("round {round} of {}: done", args.rounds));
    }
    Ok(report)
}

/// One work of one rival. What goes wrong with others' is told in the report, and the rest goes on.
fn take(
    args: &PeersArgs,
    runtime: &Runtime,
    seat: &Seat,
    work: Work,
    round: u32,
    report: &mut PeersReport,
) -> anyhow::Result<()> {
    let label = format!("{}, {}", seat.subject.label(), work.name());
    match measure(args, runtime, seat, work, round) {
        Ok(measured) => {
            for (subject, figures) in measured {
                progress(&format!("{}, {}: {figures}", subject.label(), work.name()));
                report.push(subject, work, round, figures);
            }
        }
        Err(error) if seat.is_others() => {
            progress(&format!("{label}: failed: {error:#}"));
            report.failed(&format!("{label}, round {round}: {error:#}"));
        }
        Err(error) => bail!("{label}: {error:#}"),
    }
    Ok(())
}

fn measure(
    args: &PeersArgs,
    runtime: &Runtime,
    seat: &Seat,
    work: Work,
    round: u32,
) -> anyhow::Result<Vec<(Subject, Figures)>> {
    // Whatever became of a storm before.
    seat.stand.set_delay(Duration::ZERO);
    let figures = match work {
        Work::Connect => return connect::measure(args, runtime, seat, round),
        Work::Qos0 => carried(args, runtime, seat, throughput::Work::Qos0)?,
        Work::Qos1 => carried(args, runtime, seat, throughput::Work::Qos1)?,
        Work::FanOut => carried(args, runtime, seat, throughput::Work::FanOut)?,
        Work::Latency => talk::quiet(args, seat, round)?,
        Work::Storm => talk::storm(args, runtime, seat, round)?,
        Work::Idle => idle::measure(args, runtime, seat)?,
    };
    Ok(vec![(seat.subject.clone(), figures)])
}

/// Messages a second, as the scenario `throughput` measures them.
fn carried(
    args: &PeersArgs,
    runtime: &Runtime,
    seat: &Seat,
    work: throughput::Work,
) -> anyhow::Result<Figures> {
    let users = crowd(args.subscribers);
    let cell = throughput::measure(runtime, &seat.stand, work, &users, args.seconds)?;
    Ok(Figures::of([
        ("per_s", cell.per_second),
        ("cpu_us", cell.cpu_us),
        ("cores", cell.cores),
        ("lost", cell.lost as f64),
    ]))
}

//! Messages as fast as can be, as the scenario `throughput` measures them: the Mosquittos of one version take turns in
//! short slices, since a machine that is shared may be a tenth quicker or slower a few seconds later.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;

use super::args::{PeersArgs, Work};
use super::report::{Figures, PeersReport, Turn};
use super::stands::Seat;
use super::{alone, take};
use crate::throughput::{Cell, Ready, crowd, keep_apart};

/// What each has at a time.
const SLICE: Duration = Duration::from_millis(250);

/// One work of those who take turns; each slice stands in the report by itself.
pub(super) fn measure(
    args: &PeersArgs,
    runtime: &Runtime,
    heat: &[&Seat],
    work: Work,
    round: u32,
    report: &mut PeersReport,
) -> anyhow::Result<()> {
    let carried = work.carried().context("a work that carries messages")?;
    let users = crowd(args.subscribers);
    let _apart = keep_apart(heat.iter().map(|seat| &seat.stand))?;
    let mut ready = VecDeque::new();
    for seat in heat {
        seat.stand.set_delay(Duration::ZERO);
        match Ready::new(runtime, &seat.stand, carried, &users) {
            Ok(one) => ready.push_back((*seat, one)),
            Err(error) => take(report, seat, work, Turn::whole(round), Err(error))?,
        }
    }
    for slice in 1..=slices(args.seconds) {
        let turn = Turn { round, slice };
        for _ in 0..ready.len() {
            let Some((seat, mut one)) = ready.pop_front() else {
                break;
            };
            let cell = one.carry(SLICE);
            // Who fails has no more turns.
            let goes_on = cell.is_ok();
            take(report, seat, work, turn, alone(seat, cell.map(figures)))?;
            if goes_on {
                ready.push_back((seat, one));
            }
        }
        // Nobody is always the first.
        let first = usize::from(ready.len() > 1);
        ready.rotate_left(first);
    }
    Ok(())
}

fn slices(time: Duration) -> u32 {
    let slices = time.as_millis() / SLICE.as_millis();
    u32::try_from(slices).unwrap_or(u32::MAX).max(1)
}

fn figures(cell: Cell) -> Figures {
    Figures::of([
        ("per_s", cell.per_second),
        ("cpu_us", cell.cpu_us),
        ("cores", cell.cores),
        ("lost", cell.lost as f64),
    ])
}

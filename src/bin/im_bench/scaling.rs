//! The scenario `scaling`: what a login and a message cost the broker, against how many users are online,
//! enterprises, groups, members of a group, and topics; bare and with the plugin.
//!
//! | module | what it is for |
//! |---|---|
//! | `args`, `setting` | pure: what is asked for; who and what is there at each size |
//! | `stand`, `hall`, `talk` | a broker at one size; how everybody comes; messages in batches |
//! | `fit`, `curve`, `report` | pure: flat, logarithmic or linear; what was measured; how it is told |
//! | `charts` | the same as pictures |

mod args;
mod charts;
mod curve;
mod fit;
mod hall;
mod report;
mod setting;
mod stand;
mod talk;

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::output::progress;

use curve::Entry;
use setting::Setting;
use stand::{Files, Stand, Subject};

pub(crate) use args::ScalingArgs;
pub(crate) use report::ScalingReport;

/// Runs it all.
pub(crate) fn run(args: &ScalingArgs, runtime: &Runtime) -> anyhow::Result<ScalingReport> {
    let args = args.settled();
    let files = Files::find(&args)?;
    let mut report = ScalingReport::new(&args);
    for round in 1..=args.rounds {
        for dimension in &args.dimensions {
            let sizes = args.sizes(*dimension);
            let most = sizes.iter().max().copied().unwrap_or_default();
            for size in in_turns(sizes, round) {
                for subject in in_turns(&Subject::ALL, round) {
                    let setting = Setting::new(*dimension, size, most);
                    let name = format!("{size} {}, {}", dimension.unit(), subject.name());
                    let cost = Stand::start(&files, runtime, subject, &setting)
                        .and_then(|mut stand| stand.weigh(runtime, args.slice_ms))
                        .context(name.clone())?;
                    progress(&format!(
                        "round {round} of {}: {name}: login {:.1} us, message {:.2} us",
                        args.rounds, cost.login_us, cost.message_us
                    ));
                    report.push(Entry {
                        dimension: *dimension,
                        size,
                        round,
                        subject,
                        cost,
                    });
                }
            }
        }
    }
    if let Some(folder) = &args.plots {
        charts::write(&report, folder)?;
    }
    Ok(report)
}

/// Every other round the other way round, so that what only drifts with time makes no curve.
fn in_turns<T: Copy>(all: &[T], round: u32) -> Vec<T> {
    let mut all = all.to_vec();
    if round.is_multiple_of(2) {
        all.reverse();
    }
    all
}

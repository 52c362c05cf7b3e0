//! One row: its users log in, a few beside them log in by password, then messages go for a while.

use super::args::Table3Args;
use super::measured::Row;
use super::report::Table3Report;
use crate::fleet::{Crew, Plan, Site, Way};
use crate::output::progress;

/// Logins by password at once: few enough that none waits until the service refuses it.
const PASSWORDS_AT_ONCE: u32 = 16;

/// The logins. All of the row are online afterwards, and nobody else.
pub(super) fn begin(
    site: &Site,
    crew: &mut Crew,
    args: &Table3Args,
    users: u32,
    report: &mut Table3Report,
) -> anyhow::Result<()> {
    progress(&format!("{users} users log in"));
    site.forget_peaks();
    let warm = site.watch(crew, |crew| crew.log_in(0..users, Way::Warm, args.at_once));
    let (warm, login_cores) = warm?;
    let typists = args.census().typists();
    let cold = crew.log_in(typists.clone(), Way::Cold, PASSWORDS_AT_ONCE)?;
    crew.log_out(typists)?;
    for logins in [&warm, &cold] {
        if let Some(why) = &logins.why {
            progress(&format!("the first trouble: {why}"));
        }
    }
    report.rows.push(Row {
        users,
        warm,
        login_cores,
        cold,
        ..Row::default()
    });
    site.check()
}

/// The messages.
pub(super) fn talk(
    site: &Site,
    crew: &mut Crew,
    plan: &Plan,
    report: &mut Table3Report,
) -> anyhow::Result<()> {
    let (talk, cores) = site.talk(crew, plan)?;
    if let Some(row) = report.rows.last_mut() {
        row.talk = talk;
        row.talk_cores = cores;
        row.peaks = site.peaks(crew);
    }
    site.check()
}

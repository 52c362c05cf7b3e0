//! Logins as fast as can be, each with its rival's own check.

use std::time::Duration;

use tokio::runtime::Runtime;

use super::args::PeersArgs;
use super::report::{Figures, Subject};
use super::stands::{Seat, afresh};
use crate::people::User;
use crate::rate::{self, Slice, Visits};
use crate::rivals::{Rival, Stand};
use crate::wire::Credentials;

/// Those who come again and again.
const USERS: u32 = 512;
const WARM_UP: Duration = Duration::from_secs(1);
/// Those who come once, a second: more than any broker here lets in that has to ask.
const NEW_PER_SECOND: u64 = 15_000;
/// Who is cut off because the answer is not there yet comes again so soon: a broker of 2.0 cannot wait for it.
const AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Those who come again and again.
pub(super) fn users() -> impl Iterator<Item = User> {
    (0..USERS).map(|n| User::new("r", n))
}

/// The rival's logins; of ours those with announced tokens, and those that it has to ask about.
pub(super) fn measure(
    args: &PeersArgs,
    runtime: &Runtime,
    seat: &Seat,
    round: u32,
) -> anyhow::Result<Vec<(Subject, Figures)>> {
    let visits = rate::visits(users().map(|user| seat.stand.credentials(&user)))?;
    // Not counted: caches get full.
    rate::connect_for(runtime, seat.stand.server(), &visits, WARM_UP);
    let known = figures(args, runtime, &seat.stand, &visits, None);
    let mut measured = vec![(seat.subject.clone(), known)];
    if seat.stand.rival == Rival::Plugin {
        let count = NEW_PER_SECOND.saturating_mul(args.seconds.as_secs());
        let new = (0..u32::try_from(count)?).map(|n| User::new(&format!("n{round}-"), n));
        let visits = rate::visits(new.map(|user| Credentials::new(&user, user.token())))?;
        // Each leaves a presence behind, which the works that follow are not to pay for.
        let stand = afresh(seat, &[])?;
        let unknown = figures(args, runtime, &stand, &visits, Some(AGAIN_AFTER));
        measured.push((seat.subject.named("plugin, unknown tokens"), unknown));
    }
    Ok(measured)
}

fn figures(
    args: &PeersArgs,
    runtime: &Runtime,
    stand: &Stand,
    visits: &Visits,
    again_after: Option<Duration>,
) -> Figures {
    let _ = stand.take_asked();
    let Slice {
        per_second,
        cpu_us,
        cores,
        failed,
        done,
    } = rate::connect_stubbornly(runtime, stand.server(), visits, args.seconds, again_after);
    let asked = stand.take_asked() as f64;
    Figures::of([
        ("per_s", per_second),
        ("cpu_us", cpu_us),
        ("cores", cores),
        ("failed", failed as f64),
        ("asked_per_login", asked / (done.max(1) as f64)),
    ])
}

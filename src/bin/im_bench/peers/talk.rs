//! Latency of established pairs in open loop: alone, and while others log in and whoever is asked about them is
//! slow.

use std::time::Duration;

use anyhow::bail;
use tokio::runtime::Runtime;

use super::args::PeersArgs;
use super::report::Figures;
use super::stands::Seat;
use crate::pairs::{Pairs, Qos, Traffic};
use crate::people::User;
use crate::schedule::Schedule;
use crate::storm::{Kind, Logins, Storm};

/// Not counted, at the start.
const WARM_UP: Duration = Duration::from_millis(500);

/// Nobody logs in.
pub(super) fn quiet(args: &PeersArgs, seat: &Seat, round: u32) -> anyhow::Result<Figures> {
    let pairs = established(args, seat)?;
    let before = seat.stand.usage();
    let traffic = pairs.begin(schedule(args, round))?.wait()?;
    let cpu_s = seat.stand.usage().cpu_s - before.cpu_s;
    Ok(of_traffic(args, &traffic, cpu_s))
}

/// Those who log in during this round's storm.
pub(super) fn strangers(args: &PeersArgs, round: u32) -> Vec<User> {
    crowd(args, round, Kind::Anonymous, Vec::new()).users()
}

/// New people log in meanwhile.
pub(super) fn storm(
    args: &PeersArgs,
    runtime: &Runtime,
    seat: &Seat,
    round: u32,
) -> anyhow::Result<Figures> {
    let pairs = established(args, seat)?;
    let who = Kind::As(seat.stand.rival.login());
    let storm = crowd(args, round, who, seat.stand.addresses());
    let _ = seat.stand.take_asked();
    seat.stand.set_delay(args.check_ms);
    let before = seat.stand.usage();
    let running = storm.start(runtime);
    let traffic = pairs.begin(schedule(args, round))?.wait()?;
    let cpu_s = seat.stand.usage().cpu_s - before.cpu_s;
    let logins = runtime.block_on(running)?;
    if seat.is_others() && logins.refused > 0 {
        bail!("{} of {} good logins refused", logins.refused, logins.begun);
    }
    let mut figures = of_traffic(args, &traffic, cpu_s);
    figures.extend(of_logins(&logins));
    figures.extend([("asked", seat.stand.take_asked() as f64)]);
    Ok(figures)
}

fn crowd(args: &PeersArgs, round: u32, kind: Kind, to: Vec<std::net::SocketAddr>) -> Storm {
    Storm {
        kind,
        per_second: f64::from(args.logins),
        time: args.talk_seconds,
        to,
        name: format!("s{round}-"),
    }
}

fn schedule(args: &PeersArgs, round: u32) -> Schedule {
    Schedule::new(f64::from(args.rate), args.talk_seconds, round.into())
}

fn established(args: &PeersArgs, seat: &Seat) -> anyhow::Result<Pairs> {
    if !seat.stand.server().is_running() {
        bail!("it has ended");
    }
    let (to, who) = (seat.stand.addresses(), seat.stand.rival.login());
    let pairs = Pairs::connect_as(to, args.pairs, Qos::One, who)?;
    let warm_up = Schedule::new(f64::from(args.rate), WARM_UP, 0);
    pairs.begin(warm_up)?.wait()?;
    Ok(pairs)
}

fn of_traffic(args: &PeersArgs, traffic: &Traffic, cpu_s: f64) -> Figures {
    let all = traffic.all();
    let mut figures = Figures::of([
        ("sent", traffic.sent as f64),
        ("lost", traffic.lost as f64),
        ("doubled", traffic.duplicated as f64),
        ("broken", traffic.broken as f64),
        ("cores", cpu_s / args.talk_seconds.as_secs_f64()),
    ]);
    for (name, value) in [
        ("p50_ms", all.quantile_ms(0.5)),
        ("p99_ms", all.quantile_ms(0.99)),
        ("max_ms", all.max_ms()),
        ("lag_p99_ms", traffic.lag.quantile_ms(0.99)),
    ] {
        figures.extend(value.map(|value| (name, value)));
    }
    figures
}

fn of_logins(logins: &Logins) -> Vec<(&'static str, f64)> {
    let mut figures = vec![
        ("logins", logins.begun as f64),
        ("in_at_once", logins.first_try as f64),
        ("in_on_retry", logins.retried as f64),
        ("refused", logins.refused as f64),
        ("gave_up", logins.gave_up as f64),
    ];
    for (name, part) in [("login_p50_ms", 0.5), ("login_p99_ms", 0.99)] {
        let value = logins.latency.quantile_ms(part);
        figures.extend(value.map(|value| (name, value)));
    }
    figures
}

//! The scenario `throughput`: messages a second that the bare broker, our plugin and Mosquitto's own access
//! controls carry, in turns within one run.

mod args;
mod load;
mod report;
mod wire;

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use mosquitto_enterprise_push::protocol::Direction;
use rumqttc::QoS;
use tokio::runtime::Runtime;

use crate::broker::Server;
use crate::cores::{Apart, Cores};
use crate::output::progress;
use crate::people::{EID, User};
use crate::rivals::{Cast, GROUP, Ground, Stand};
use crate::wire::{Answer, Link};

use load::{Load, READY};

pub(crate) use args::{ThroughputArgs, Work};
pub(crate) use report::{Cell, ThroughputReport};
pub(crate) use wire::{PUBLISH, look, messages};

const LOGIN: Duration = Duration::from_secs(10);
/// To whom one user writes in turn.
const MANY: usize = 50;

/// Runs it all.
pub(crate) fn run(args: &ThroughputArgs, runtime: &Runtime) -> anyhow::Result<ThroughputReport> {
    let mut report = ThroughputReport::new(args);
    for version in &args.place.brokers {
        for start in 0..args.starts {
            compare(args, runtime, version, start, &mut report)
                .with_context(|| format!("Mosquitto {version}"))?;
        }
    }
    Ok(report)
}

fn compare(
    args: &ThroughputArgs,
    runtime: &Runtime,
    version: &str,
    start: u32,
    report: &mut ThroughputReport,
) -> anyhow::Result<()> {
    let ground = Ground::of(&args.place, version)?;
    let users = crowd(args.subscribers);
    let cast = Cast {
        group: users.clone(),
        ..Cast::default()
    };
    progress(&format!("{version}: starting {} rivals", args.rivals.len()));
    let rivals = args.rivals.iter();
    let started = rivals.map(|rival| Stand::start(*rival, &ground, &cast));
    let stands: Vec<Stand> = started.collect::<anyhow::Result<_>>()?;
    for stand in &stands {
        stand
            .receive_all(runtime, &cast)
            .with_context(|| stand.rival.name().to_owned())?;
    }
    for work in &args.works {
        let _apart = keep_apart(&stands)?;
        let ready = |stand| Ready::new(runtime, stand, *work, &users);
        let mut ready: Vec<Ready<'_>> = stands.iter().map(ready).collect::<anyhow::Result<_>>()?;
        for round in start * args.rounds + 1..=(start + 1) * args.rounds {
            // Nobody is always the first.
            let first = usize::from(ready.len() > 1);
            ready.rotate_left(first);
            for one in &mut ready {
                let cell = one.carry(args.slice_ms)?;
                report.push(version, *work, round, one.stand.rival, cell);
            }
        }
        progress(&format!("{version}: {}", report.brief(version, *work)));
    }
    Ok(())
}

/// Gives the brokers a core and us the others. Without that, who is moved to which core when is measured as much.
pub(crate) fn keep_apart<'a>(
    stands: impl IntoIterator<Item = &'a Stand>,
) -> anyhow::Result<Option<Apart>> {
    let servers = stands.into_iter().map(Stand::server);
    // Who uses several cores keeps them.
    let brokers: Vec<u32> = servers.filter_map(Server::single_threaded).collect();
    match Cores::share() {
        Ok(cores) if !brokers.is_empty() => cores.part_from(&brokers).map(Some),
        _ => Ok(None),
    }
}

/// Who takes part: the first one writes; the others, so many, read.
pub(crate) fn crowd(subscribers: u32) -> Vec<User> {
    (0..=subscribers).map(|n| User::new("t", n)).collect()
}

/// A broker at one work: the load is ready.
pub(crate) struct Ready<'a> {
    stand: &'a Stand,
    load: Load,
}

impl<'a> Ready<'a> {
    pub(crate) fn new(
        runtime: &Runtime,
        stand: &'a Stand,
        work: Work,
        users: &[User],
    ) -> anyhow::Result<Ready<'a>> {
        let load = prepare(runtime, stand, work, users);
        let load = load.with_context(|| stand.rival.name())?;
        Ok(Ready { stand, load })
    }

    /// Does the work for so long.
    pub(crate) fn carry(&mut self, time: Duration) -> anyhow::Result<Cell> {
        let carried = carry(self.stand, &mut self.load, time);
        carried.with_context(|| self.stand.rival.name())
    }
}

fn prepare(runtime: &Runtime, stand: &Stand, work: Work, users: &[User]) -> anyhow::Result<Load> {
    let (sender, others) = users.split_first().context("nobody")?;
    let receivers = match work {
        Work::Qos0 | Work::Qos1 => others.get(..1).unwrap_or_default().to_vec(),
        Work::Many => many(others),
        Work::FanOut => others.to_vec(),
    };
    let qos = match work {
        Work::Qos1 => QoS::AtLeastOnce,
        Work::Qos0 | Work::Many | Work::FanOut => QoS::AtMostOnce,
    };
    // To what each of the receivers subscribes, and how many of them are given each message.
    let (topics, direction, fan): (Vec<String>, _, _) = match work {
        Work::FanOut => {
            let (group, all) = (format!("{EID}/im/msg/g/{GROUP}"), receivers.len());
            (vec![group; all], Direction::Group, all as u64)
        }
        Work::Qos0 | Work::Many | Work::Qos1 => {
            let inboxes = receivers.iter().map(User::inbox);
            (inboxes.collect(), Direction::PointToPoint, 1)
        }
    };
    ensure!(!topics.is_empty(), "no subscriber");
    let in_turn = topics.iter().cloned().cycle().take(usize::from(READY));
    let ready = wire::messages(sender, in_turn, direction, qos)?;
    let receivers = runtime.block_on(seats(stand, &receivers, &topics, qos))?;
    let sender = runtime.block_on(seat(stand, 0, sender, None, qos))?;
    let acknowledged = qos != QoS::AtMostOnce;
    Ok(Load::new(ready, acknowledged, sender, fan, receivers)?)
}

/// So many at most, with names of one length, as packets to all of them have to be.
fn many(users: &[User]) -> Vec<User> {
    let length = users.last().map(|user| user.uid().len());
    let alike = users.iter().filter(|user| Some(user.uid().len()) == length);
    alike.take(MANY).cloned().collect()
}

fn carry(stand: &Stand, load: &mut Load, time: Duration) -> anyhow::Result<Cell> {
    let mut usage = Vec::new();
    let carried = load.run(time, || usage.push(stand.server().cpu_time()))?;
    let cpu_s = match usage.as_slice() {
        [before, after] => after.saturating_sub(*before).as_secs_f64(),
        _ => 0.0,
    };
    Ok(Cell {
        per_second: carried.received as f64 / carried.seconds,
        cores: cpu_s / carried.seconds,
        cpu_us: cpu_s * 1e6 / (carried.received.max(1) as f64),
        lost: carried.lost,
    })
}

async fn seats(
    stand: &Stand,
    users: &[User],
    topics: &[String],
    qos: QoS,
) -> anyhow::Result<Vec<TcpStream>> {
    let mut seats = Vec::with_capacity(users.len());
    for (number, (user, topic)) in users.iter().zip(topics).enumerate() {
        seats.push(seat(stand, number, user, Some(topic), qos).await?);
    }
    Ok(seats)
}

/// Somebody's connection as a plain socket; all that came with the login has been read.
async fn seat(
    stand: &Stand,
    number: usize,
    user: &User,
    topic: Option<&str>,
    qos: QoS,
) -> anyhow::Result<TcpStream> {
    let addresses = stand.addresses();
    let to = addresses.get(number % addresses.len().max(1));
    let enter = async {
        let mut link = Link::open(*to.context("no address")?, None).await?;
        match link.login(&stand.credentials(user)).await {
            Answer::In => {}
            other => return Err(anyhow!("not let in: {other:?}")),
        }
        if let Some(topic) = topic {
            link.subscribe(topic.to_owned(), qos).await?;
        }
        Ok(link)
    };
    let link = tokio::time::timeout(LOGIN, enter).await;
    let link = link
        .map_err(|_| anyhow!("no answer"))
        .flatten()
        .with_context(|| user.client_id())?;
    let stream = link.into_parts().0.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_have_names_of_one_length() {
        for (subscribers, want) in [(500, 50), (20, 11), (9, 9), (1, 1)] {
            let users = crowd(subscribers);
            let (sender, others) = users.split_first().unwrap();
            let many = many(others);
            assert_eq!(many.len(), want, "{subscribers}");
            let length = many[0].inbox().len();
            assert!(many.iter().all(|user| user.inbox().len() == length));
            assert!(many.iter().all(|user| user.uid() != sender.uid()));
        }
    }
}

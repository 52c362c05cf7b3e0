//! Memory of connections that do nothing, at a broker that has seen nobody before: what a broker has given back to
//! its allocator from earlier works would hide it.

use std::time::Duration;

use anyhow::{Context, anyhow};
use rumqttc::QoS;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::args::PeersArgs;
use super::report::Figures;
use super::stands::{Seat, afresh};
use crate::people::User;
use crate::wire::{Answer, Credentials, Link};

/// After a start and after the last login, before memory is read.
pub(super) const SETTLED: Duration = Duration::from_secs(1);
/// Logins at once.
const AT_ONCE: usize = 16;
const LOGIN: Duration = Duration::from_secs(20);

/// Resident memory before and after they came.
pub(super) fn measure(args: &PeersArgs, runtime: &Runtime, seat: &Seat) -> anyhow::Result<Figures> {
    let users: Vec<User> = (0..args.idle).map(|n| User::new("i", n)).collect();
    let stand = afresh(seat, &users)?;
    let before = stand.usage().rss_bytes;
    let to = stand.addresses();
    let people = users.iter().zip(to.iter().cycle());
    let people = people.map(|(user, to)| (stand.credentials(user), user.inbox(), *to));
    let links = runtime.block_on(enter(people.collect()))?;
    std::thread::sleep(SETTLED);
    let after = stand.usage().rss_bytes;
    let count = links.len().max(1) as f64;
    Ok(Figures::of([
        ("connections", links.len() as f64),
        ("before_mib", before as f64 / f64::from(1 << 20)),
        ("after_mib", after as f64 / f64::from(1 << 20)),
        ("each_kib", (after as f64 - before as f64) / 1024.0 / count),
    ]))
}

type Person = (Credentials, String, std::net::SocketAddr);

async fn enter(people: Vec<Person>) -> anyhow::Result<Vec<Link>> {
    let mut links = Vec::with_capacity(people.len());
    let mut under_way = JoinSet::new();
    for person in people {
        if under_way.len() >= AT_ONCE {
            links.push(under_way.join_next().await.context("nobody comes")???);
        }
        under_way.spawn(come_in_time(person));
    }
    while let Some(came) = under_way.join_next().await {
        links.push(came??);
    }
    Ok(links)
}

async fn come_in_time(person: Person) -> anyhow::Result<Link> {
    let came = tokio::time::timeout(LOGIN, come(person)).await;
    came.context("idle: no answer")?
}

async fn come((who, inbox, to): Person) -> anyhow::Result<Link> {
    let mut link = Link::open(to, None).await?;
    match link.login(&who).await {
        Answer::In => {}
        other => return Err(anyhow!("idle: not let in: {other:?}")),
    }
    link.subscribe(inbox, QoS::AtLeastOnce).await?;
    Ok(link)
}

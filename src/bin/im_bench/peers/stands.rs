//! The rivals, all up at once, and everybody who will come to them.

use tokio::runtime::Runtime;

use super::args::{PeersArgs, Work};
use super::report::{PeersReport, Subject};
use super::{connect, idle, talk};
use crate::output::progress;
use crate::pairs::Pairs;
use crate::people::User;
use crate::rivals::{Cast, Ground, Rival, Stand, packaged_version};
use crate::throughput::crowd;

/// A rival at its place in the tables.
pub(super) struct Seat {
    pub(super) subject: Subject,
    pub(super) stand: Stand,
    pub(super) ground: Ground,
}

impl Seat {
    /// Whether its failures are somebody else's.
    pub(super) fn is_others(&self) -> bool {
        !matches!(self.stand.rival, Rival::Bare | Rival::Plugin)
    }

    fn takes_turns_with(&self, other: &Seat) -> bool {
        let mosquittos = self.stand.rival.is_mosquitto() && other.stand.rival.is_mosquitto();
        mosquittos && self.subject.version == other.subject.version
    }
}

/// All of them.
pub(super) struct Stands(Vec<Seat>);

impl Stands {
    /// Starts them; what cannot be started, of others', is told in the report.
    pub(super) fn start(
        args: &PeersArgs,
        runtime: &Runtime,
        round: u32,
        report: &mut PeersReport,
    ) -> anyhow::Result<Stands> {
        let mut seats = Vec::new();
        let cast = cast(args, round);
        for (subject, rival, version) in subjects(args, report) {
            progress(&format!("{}: starting", subject.label()));
            let ground = Ground::of(&args.place, &version)?;
            let started = Stand::start(rival, &ground, &cast);
            match started.and_then(|stand| stand.receive_all(runtime, &cast).map(|()| stand)) {
                Ok(stand) => seats.push(Seat {
                    subject,
                    stand,
                    ground,
                }),
                Err(error) if matches!(rival, Rival::Bare | Rival::Plugin) => return Err(error),
                Err(error) => report.not_measured(&format!("{}: {error:#}", subject.label())),
            }
        }
        Ok(Stands(seats))
    }

    /// Those who are measured together, slice by slice: the Mosquittos of a version. RabbitMQ has the cores to itself.
    pub(super) fn heats(&self, round: u32) -> Vec<Vec<&Seat>> {
        let mut heats: Vec<Vec<&Seat>> = Vec::new();
        for seat in self.in_turn(round) {
            let among =
                |heat: &&mut Vec<&Seat>| heat.iter().all(|other| other.takes_turns_with(seat));
            match heats.iter_mut().find(among) {
                Some(heat) => heat.push(seat),
                None => heats.push(vec![seat]),
            }
        }
        heats
    }

    /// In this round's order: nobody is always the first.
    pub(super) fn in_turn(&self, round: u32) -> impl Iterator<Item = &Seat> {
        let first = round as usize % self.0.len().max(1);
        self.0.iter().cycle().skip(first).take(self.0.len())
    }
}

/// Every rival, with the version of Mosquitto that it is or stands beside: RabbitMQ beside the last one.
fn subjects(args: &PeersArgs, report: &mut PeersReport) -> Vec<(Subject, Rival, String)> {
    let mut subjects = Vec::new();
    for version in &args.place.brokers {
        for rival in args.rivals.iter().filter(|rival| rival.is_mosquitto()) {
            let subject = Subject::new(version, rival.name(), version);
            subjects.push((subject, *rival, version.clone()));
        }
    }
    let others = args.rivals.iter().filter(|rival| !rival.is_mosquitto());
    for rival in others {
        let beside = args.place.brokers.last().cloned().unwrap_or_default();
        match packaged_version(&args.place.peer_cache) {
            Ok(version) => {
                let subject = Subject::new(&version, rival.name(), &beside);
                subjects.push((subject, *rival, beside));
            }
            Err(error) => report.not_measured(&format!("{}: {error:#}", rival.name())),
        }
    }
    subjects
}

/// Everybody who comes in a round, but for the idle ones, who have brokers of their own.
fn cast(args: &PeersArgs, round: u32) -> Cast {
    let mut cast = Cast::default();
    let does = |work| args.works.contains(&work);
    if does(Work::Qos0) || does(Work::Qos1) || does(Work::FanOut) {
        cast.group = crowd(args.subscribers);
    }
    if does(Work::Connect) {
        cast.known.extend(connect::users());
    }
    if does(Work::Latency) || does(Work::Storm) {
        cast.known.extend(Pairs::users(args.pairs));
    }
    if does(Work::Storm) {
        cast.strangers = talk::strangers(args, round);
    }
    cast
}

/// A broker of the same kind that has seen nobody.
pub(super) fn afresh(seat: &Seat, users: &[User]) -> anyhow::Result<Stand> {
    let cast = Cast {
        known: users.to_vec(),
        ..Cast::default()
    };
    let stand = Stand::start(seat.stand.rival, &seat.ground, &cast)?;
    std::thread::sleep(idle::SETTLED);
    Ok(stand)
}

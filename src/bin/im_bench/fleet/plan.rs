//! Who writes to whom, when and how: fixed before anything happens, and the same in every process that makes it
//! from the same plan. So each worker knows what its own users have to send and, exactly, what must come to them.
//! Pure.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::census::Census;
use crate::pairs::Qos;
use crate::schedule::Schedule;

/// The seed of all plans; their phase is mixed in.
const SEED: u64 = 7;

/// A phase of messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Tells its messages from those of phases before.
    pub(crate) phase: u32,
    /// The first so many users take part.
    pub(crate) online: u32,
    /// Messages sent a second, of all users together.
    pub(crate) per_second: u32,
    pub(crate) time: Duration,
    /// Of a hundred messages, how many go to a group, and how many to a partner.
    pub(crate) group_percent: u32,
    pub(crate) partner_percent: u32,
    pub(crate) qos: Qos,
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sending {
    /// Which of the phase; stands in the message.
    pub(super) event: u32,
    /// After the phase's start.
    pub(super) at: Duration,
    pub(super) from: u32,
    pub(super) to: Target,
    /// Whether it is of QoS 1, else 0.
    pub(super) acknowledged: bool,
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Person(u32),
    /// Somebody of another enterprise.
    Partner(u32),
    /// The group of this team.
    Group(u32),
}

impl Plan {
    /// All messages, by their times.
    pub(super) fn sendings(&self, census: Census) -> impl Iterator<Item = Sending> + use<> {
        let plan = self.clone();
        let seed = SEED + u64::from(self.phase);
        let mut random = SmallRng::seed_from_u64(seed);
        let schedule = Schedule::new(f64::from(self.per_second), self.time, seed);
        schedule.filter_map(move |(event, at)| {
            let (from, to) = plan.choose(&census, &mut random)?;
            Some(Sending {
                event,
                at,
                from,
                to,
                acknowledged: plan.is_acknowledged(event),
            })
        })
    }

    fn is_acknowledged(&self, event: u32) -> bool {
        match self.qos {
            Qos::Zero => false,
            Qos::One => true,
            Qos::Both => !event.is_multiple_of(2),
        }
    }

    /// None only if nobody has anybody to write to.
    fn choose(&self, census: &Census, random: &mut SmallRng) -> Option<(u32, Target)> {
        let from = random.random_range(0..self.online.max(1));
        let (kind, pick) = (random.random_range(0..100), random.random::<u32>());
        let group = kind < self.group_percent;
        let partner = !group && kind < self.group_percent + self.partner_percent;
        let special = if group {
            self.to_group(census, from, pick)
        } else if partner {
            self.to_partner(census, from, pick)
        } else {
            None
        };
        // Whoever is alone leaves the word to the first, who is not if anybody else is there.
        special.or_else(|| {
            let person = |from| {
                let to = census.colleague(from, self.online, pick)?;
                Some((from, Target::Person(to)))
            };
            person(from).or_else(|| person(0))
        })
    }

    fn to_group(&self, census: &Census, near: u32, pick: u32) -> Option<(u32, Target)> {
        let team = census.team(near);
        let members = census.group_members(team, self.online);
        (members.len() > 1).then(|| {
            let from = members.start + pick % (members.end - members.start);
            (from, Target::Group(team))
        })
    }

    fn to_partner(&self, census: &Census, near: u32, pick: u32) -> Option<(u32, Target)> {
        let from = census.linked_of_team(near, pick);
        let partner = census.partner(from)?;
        (from.max(partner) < self.online).then_some((from, Target::Partner(partner)))
    }

    /// Who must get a message.
    pub(super) fn receivers(
        &self,
        census: &Census,
        sending: &Sending,
    ) -> impl Iterator<Item = u32> + use<> {
        let all: Range<u32> = match sending.to {
            Target::Person(to) | Target::Partner(to) => to..to + 1,
            Target::Group(team) => census.group_members(team, self.online),
        };
        let from = sending.from;
        all.filter(move |number| *number != from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(online: u32, qos: Qos) -> Plan {
        Plan {
            phase: 3,
            online,
            per_second: 1000,
            time: Duration::from_secs(4),
            group_percent: 20,
            partner_percent: 10,
            qos,
        }
    }

    fn census() -> Census {
        Census::new(1000, 0, 4, 2, 20)
    }

    fn all(plan: &Plan) -> Vec<Sending> {
        plan.sendings(census()).collect()
    }

    #[test]
    fn every_process_makes_the_same_of_a_plan_and_another_phase_is_another() {
        let plan = plan(1000, Qos::One);
        assert_eq!(all(&plan).len(), 4000);
        assert_eq!(all(&plan), all(&plan.clone()));
        let next = Plan { phase: 4, ..plan };
        assert_ne!(
            all(&next),
            all(&Plan {
                phase: 3,
                ..next.clone()
            })
        );
    }

    #[test]
    fn a_share_goes_to_groups_and_to_partners() {
        let sendings = all(&plan(1000, Qos::One));
        let share = |is: fn(&Target) -> bool| {
            sendings.iter().filter(|s| is(&s.to)).count() as f64 / sendings.len() as f64
        };
        let groups = share(|to| matches!(to, Target::Group(_)));
        let partners = share(|to| matches!(to, Target::Partner(_)));
        assert!((groups - 0.2).abs() < 0.03, "{groups}");
        assert!((partners - 0.1).abs() < 0.03, "{partners}");
    }

    #[test]
    fn only_those_online_write_and_are_written_to_and_never_to_themselves() {
        for online in [2, 51, 100, 999] {
            let plan = plan(online, Qos::Both);
            for sending in all(&plan) {
                let receivers: Vec<u32> = plan.receivers(&census(), &sending).collect();
                assert!(sending.from < online && !receivers.is_empty());
                assert!(receivers.iter().all(|n| *n < online && *n != sending.from));
            }
        }
        assert!(all(&plan(1, Qos::One)).is_empty());
    }

    #[test]
    fn a_group_message_goes_to_all_other_members() {
        let plan = plan(1000, Qos::One);
        let to_group = |s: &&Sending| matches!(s.to, Target::Group(_));
        let sendings = all(&plan);
        let sending = sendings.iter().find(to_group).unwrap();
        assert_eq!(plan.receivers(&census(), sending).count(), 19);
    }

    #[test]
    fn with_both_every_other_message_is_acknowledged() {
        let kinds: Vec<bool> = all(&plan(1000, Qos::Both))
            .iter()
            .map(|s| s.acknowledged)
            .collect();
        assert_eq!(kinds[..4], [false, true, false, true]);
        assert!(all(&plan(1000, Qos::Zero)).iter().all(|s| !s.acknowledged));
    }
}

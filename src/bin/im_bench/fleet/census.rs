//! Who is who: users by number, their enterprises, teams, groups and partners, and which broker is whose. Pure.
//!
//! Users come in teams, and team by team to one enterprise after the other, so that the first hundred users are
//! spread over several enterprises and brokers already. Numbers from `people` on are the typists: users who log
//! in by password and do nothing else.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Users of a team: one department, of which one group is made.
const TEAM: u32 = 50;
/// Of each team, how many have a partner in another enterprise.
const LINKED: u32 = 5;
/// Everybody's device, and its kind.
pub(super) const DEVICE: &str = "pc";

/// All of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Census {
    people: u32,
    typists: u32,
    enterprises: u32,
    brokers: u32,
    group: u32,
}

impl Census {
    /// So many people and typists; no more enterprises than teams, and no more brokers than enterprises.
    pub(crate) fn new(
        people: u32,
        typists: u32,
        enterprises: u32,
        brokers: u32,
        group: u32,
    ) -> Census {
        let enterprises = enterprises.min(people.div_ceil(TEAM)).max(1);
        Census {
            people,
            typists,
            enterprises,
            brokers: brokers.min(enterprises).max(1),
            group: group.min(TEAM),
        }
    }

    pub(crate) fn people(&self) -> u32 {
        self.people
    }

    pub(crate) fn enterprises(&self) -> u32 {
        self.enterprises
    }

    pub(crate) fn brokers(&self) -> u32 {
        self.brokers
    }

    /// Members of a full group.
    pub(crate) fn group(&self) -> u32 {
        self.group
    }

    /// The numbers of the typists.
    pub(crate) fn typists(&self) -> Range<u32> {
        self.people..self.people + self.typists
    }

    pub(super) fn everybody(&self) -> Range<u32> {
        0..self.people + self.typists
    }

    pub(super) fn teams(&self) -> u32 {
        self.people.div_ceil(TEAM)
    }

    /// Connections of the busiest broker when so many users are online.
    pub(crate) fn most_on_a_broker(&self, online: u32) -> u32 {
        let on = |broker| {
            let own = (0..self.enterprises).filter(|e| self.broker(*e) == broker);
            own.map(|e| self.online_in(e, online)).sum()
        };
        (0..self.brokers).map(on).max().unwrap_or(0) + self.typists
    }

    pub(super) fn enterprise(&self, number: u32) -> u32 {
        match number.checked_sub(self.people) {
            Some(typist) => typist % self.enterprises,
            None => number / TEAM % self.enterprises,
        }
    }

    /// Which broker serves an enterprise.
    pub(super) fn broker(&self, enterprise: u32) -> u32 {
        enterprise % self.brokers
    }

    pub(super) fn eid(enterprise: u32) -> String {
        format!("e{enterprise:03}")
    }

    pub(super) fn uid(&self, number: u32) -> String {
        match number.checked_sub(self.people) {
            Some(typist) => format!("c{typist:05}"),
            None => format!("u{number:06}"),
        }
    }

    pub(super) fn username(&self, number: u32) -> String {
        let eid = Census::eid(self.enterprise(number));
        format!("{}@{eid}", self.uid(number))
    }

    pub(super) fn inbox(&self, number: u32) -> String {
        let eid = Census::eid(self.enterprise(number));
        format!("{eid}/im/msg/{}", self.uid(number))
    }

    pub(super) fn team(&self, number: u32) -> u32 {
        number / TEAM
    }

    pub(super) fn team_enterprise(&self, team: u32) -> u32 {
        team % self.enterprises
    }

    pub(super) fn gid(team: u32) -> String {
        format!("g{team:04}")
    }

    pub(super) fn group_topic(&self, team: u32) -> String {
        let eid = Census::eid(self.team_enterprise(team));
        format!("{eid}/im/msg/g/{}", Census::gid(team))
    }

    /// Those of the group's members who are among the first `online` users.
    pub(super) fn group_members(&self, team: u32, online: u32) -> Range<u32> {
        let first = team * TEAM;
        first..(first + self.group).min(online).max(first)
    }

    /// The partner: somebody at the same place of a team of another enterprise on the same broker.
    pub(super) fn partner(&self, number: u32) -> Option<u32> {
        let (team, place) = (number / TEAM, number % TEAM);
        let enterprise = team % self.enterprises;
        let is_first = (enterprise / self.brokers).is_multiple_of(2);
        let other = if is_first {
            enterprise + self.brokers
        } else {
            enterprise - self.brokers
        };
        let partner = (team - enterprise + other) * TEAM + place;
        (place < LINKED && other < self.enterprises && partner < self.people).then_some(partner)
    }

    /// Somebody of this user's team who may have a partner.
    pub(super) fn linked_of_team(&self, number: u32, pick: u32) -> u32 {
        number / TEAM * TEAM + pick % LINKED
    }

    /// All pairs of partners, once.
    pub(super) fn partners(&self) -> Vec<(u32, u32)> {
        let pair = |n| self.partner(n).map(|partner| (n, partner));
        let pairs = (0..self.people).filter_map(pair);
        pairs.filter(|(one, other)| one < other).collect()
    }

    /// How many of the first `online` users are of an enterprise.
    fn online_in(&self, enterprise: u32, online: u32) -> u32 {
        let whole = online / TEAM;
        let teams = (whole + self.enterprises - 1 - enterprise) / self.enterprises;
        let begun = if whole % self.enterprises == enterprise {
            online % TEAM
        } else {
            0
        };
        teams * TEAM + begun
    }

    /// Another user of the same enterprise among the first `online`; none if there is nobody else.
    pub(super) fn colleague(&self, number: u32, online: u32, pick: u32) -> Option<u32> {
        let enterprise = self.enterprise(number);
        let others = self.online_in(enterprise, online).checked_sub(1)?;
        let place = number / TEAM / self.enterprises * TEAM + number % TEAM;
        let other = (place + 1 + pick.checked_rem(others)?) % (others + 1);
        let team = enterprise + other / TEAM * self.enterprises;
        Some(team * TEAM + other % TEAM)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn census() -> Census {
        Census::new(1000, 10, 7, 3, 20)
    }

    #[test]
    fn few_users_are_spread_over_enterprises_and_brokers_already() {
        let census = census();
        let enterprises: BTreeSet<u32> = (0..200).map(|n| census.enterprise(n)).collect();
        let brokers: BTreeSet<u32> = enterprises.iter().map(|e| census.broker(*e)).collect();
        assert_eq!((enterprises.len(), brokers.len()), (4, 3));
        assert_eq!(Census::new(60, 0, 35, 3, 20).enterprises(), 2);
        assert_eq!(Census::new(60, 0, 35, 3, 20).brokers(), 2);
    }

    #[test]
    fn names_are_everybodys_own() {
        let census = census();
        let names: BTreeSet<String> = census.everybody().map(|n| census.username(n)).collect();
        assert_eq!(names.len(), 1010);
        assert_eq!(census.username(50), "u000050@e001");
        assert_eq!(census.inbox(1001), "e001/im/msg/c00001");
    }

    #[test]
    fn colleagues_are_online_of_the_same_enterprise_and_somebody_else() {
        let census = census();
        for online in [51, 100, 420, 999, 1000] {
            for number in 0..online {
                let all: BTreeSet<u32> = (0..online)
                    .filter(|n| *n != number && census.enterprise(*n) == census.enterprise(number))
                    .collect();
                let met = (0..online).filter_map(|pick| census.colleague(number, online, pick));
                assert_eq!(met.collect::<BTreeSet<u32>>(), all, "{number} of {online}");
            }
        }
    }

    #[test]
    fn partners_are_of_another_enterprise_on_the_same_broker_and_each_others() {
        let census = census();
        let pairs = census.partners();
        assert!(!pairs.is_empty());
        for (one, other) in pairs {
            assert_eq!(census.partner(other), Some(one));
            let (here, there) = (census.enterprise(one), census.enterprise(other));
            assert!(here != there && census.broker(here) == census.broker(there));
        }
    }

    #[test]
    fn groups_hold_those_who_are_online() {
        let census = census();
        assert_eq!(census.group_members(1, 1000), 50..70);
        assert_eq!(census.group_members(1, 60), 50..60);
        assert!(census.group_members(1, 40).is_empty());
        assert_eq!(census.group_topic(8), "e001/im/msg/g/g0008");
    }

    #[test]
    fn the_busiest_broker_has_its_enterprises_users_and_room_for_all_typists() {
        // Enterprises 0, 3 and 6 of seven, with three, three and two of 20 teams.
        assert_eq!(census().most_on_a_broker(1000), 8 * 50 + 10);
        assert_eq!(census().most_on_a_broker(40), 40 + 10);
    }
}

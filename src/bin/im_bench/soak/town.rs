//! Who there is, and what each may hear. Pure: time comes in.
//!
//! Two enterprises of eight people, each with a PC and a phone. What may change, a seat in the group `loose` or a link of
//! partners, is *unsure* from the moment the static service is told until the broker has taken it in; only what is sure
//! is held against the broker.

use std::fmt;
use std::time::Instant;

/// Enterprises.
pub(super) const EIDS: [&str; 2] = ["north", "south"];
/// People of each.
pub(super) const PEOPLE: usize = 8;
const DEVICES: [&str; 2] = ["pc", "phone"];
/// People who are always in `all`.
const IN_ALL: usize = 6;
/// People who are always in `loose`; the last one comes and goes.
const IN_LOOSE: usize = 3;
/// Who comes and goes.
pub(super) const GUEST: usize = PEOPLE - 1;
/// Partners whose link comes and goes; those with the number 0 are always linked.
pub(super) const FRIEND: usize = 1;

/// Somebody, by enterprise and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Person {
    pub(super) eid: usize,
    pub(super) number: usize,
}

/// A device, by owner and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Device {
    pub(super) owner: Person,
    pub(super) number: usize,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Inbox(Person),
    All(usize),
    Loose(usize),
}

impl Person {
    pub(super) fn uid(self) -> String {
        format!("p{}", self.number)
    }

    pub(super) fn eid(self) -> &'static str {
        if self.eid == 0 { EIDS[0] } else { EIDS[1] }
    }

    /// The MQTT user name.
    pub(super) fn username(self) -> String {
        format!("{}@{}", self.uid(), self.eid())
    }
}

impl Device {
    pub(super) fn kind(self) -> &'static str {
        if self.number == 0 {
            DEVICES[0]
        } else {
            DEVICES[1]
        }
    }

    pub(super) fn client_id(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.owner.username(), self.kind())
    }
}

/// Everybody.
pub(super) fn people() -> impl Iterator<Item = Person> {
    (0..EIDS.len()).flat_map(|eid| (0..PEOPLE).map(move |number| Person { eid, number }))
}

/// Every device.
pub(super) fn devices() -> Vec<Device> {
    let of = |owner| (0..DEVICES.len()).map(move |number| Device { owner, number });
    people().flat_map(of).collect()
}

impl Place {
    pub(super) fn topic(self) -> String {
        match self {
            Place::Inbox(owner) => format!("{}/im/msg/{}", owner.eid(), owner.uid()),
            Place::All(eid) => format!("{}/im/msg/g/all", Person { eid, number: 0 }.eid()),
            Place::Loose(eid) => format!("{}/im/msg/g/loose", Person { eid, number: 0 }.eid()),
        }
    }

    /// The place of a topic.
    pub(super) fn of(topic: &str) -> Option<Place> {
        let inboxes = people().map(Place::Inbox);
        let groups = (0..EIDS.len()).flat_map(|eid| [Place::All(eid), Place::Loose(eid)]);
        inboxes.chain(groups).find(|place| place.topic() == topic)
    }
}

/// A right that comes and goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changing {
    /// What the static service says.
    pub(super) wanted: bool,
    /// Since when the broker surely does as it says; none while it may not know yet.
    pub(super) sure_since: Option<Instant>,
    /// When it was last possible that it is held, if it is surely not now.
    possible_until: Option<Instant>,
}

impl Changing {
    /// The static service says something else from now on.
    pub(super) fn change(&mut self) {
        self.wanted = !self.wanted;
        self.sure_since = None;
    }

    /// The broker has taken it in.
    pub(super) fn settle(&mut self, now: Instant) {
        self.sure_since = Some(now);
        self.possible_until = (!self.wanted).then_some(now);
    }

    /// Whether it was surely held from `since` until now.
    pub(super) fn held_since(&self, since: Instant) -> bool {
        self.wanted && self.sure_since.is_some_and(|sure| sure <= since)
    }

    /// Whether it may have been held at any time since then.
    pub(super) fn possible_since(&self, since: Instant) -> bool {
        let ended = self.possible_until.filter(|_| self.sure_since.is_some());
        ended.is_none_or(|ended| ended >= since)
    }
}

/// What may be heard and said.
#[derive(Debug, Default)]
pub(super) struct Town {
    /// Whether the guest of each enterprise is in its `loose`.
    pub(super) guests: [Changing; 2],
    /// Whether the two friends are linked.
    pub(super) friends: Changing,
}

impl Town {
    /// Whether somebody may hear what is said there; `None` where a changing right decides.
    fn hears(who: Person, place: Place) -> Option<bool> {
        match place {
            Place::Inbox(owner) => Some(owner == who),
            Place::All(eid) => Some(who.eid == eid && who.number < IN_ALL),
            Place::Loose(eid) if who.eid == eid && who.number == GUEST => None,
            Place::Loose(eid) => Some(who.eid == eid && who.number < IN_LOOSE),
        }
    }

    fn guest(&self, eid: usize) -> &Changing {
        let [first, second] = &self.guests;
        if eid == 0 { first } else { second }
    }

    /// The guest of an enterprise.
    pub(super) fn guest_mut(&mut self, eid: usize) -> &mut Changing {
        let [first, second] = &mut self.guests;
        if eid == 0 { first } else { second }
    }

    /// Whether somebody has surely been allowed to hear it since then.
    pub(super) fn surely_hears(&self, who: Person, place: Place, since: Instant) -> bool {
        Town::hears(who, place).unwrap_or_else(|| self.guest(who.eid).held_since(since))
    }

    /// Whether somebody may have been allowed to hear it at any time since then.
    pub(super) fn may_hear(&self, who: Person, place: Place, since: Instant) -> bool {
        Town::hears(who, place).unwrap_or_else(|| self.guest(who.eid).possible_since(since))
    }

    /// Whether somebody may speak there; `None` while that is unsure.
    pub(super) fn speaks(&self, who: Person, place: Place) -> Option<bool> {
        let sure = |right: &Changing| right.sure_since.map(|_| right.wanted);
        match place {
            Place::Inbox(owner) if owner.eid == who.eid => Some(true),
            Place::Inbox(owner) => match (owner.number, who.number) {
                (0, 0) => Some(true),
                (FRIEND, FRIEND) => sure(&self.friends),
                _ => Some(false),
            },
            Place::All(_) => Town::hears(who, place),
            Place::Loose(_) => Town::hears(who, place).or_else(|| sure(self.guest(who.eid))),
        }
    }

    /// The members of `loose`, as the static service has them.
    pub(super) fn loose(&self, eid: usize) -> Vec<String> {
        let guest = self.guest(eid).wanted.then_some(GUEST);
        let members = (0..IN_LOOSE).chain(guest);
        members.map(|number| Person { eid, number }.uid()).collect()
    }

    /// The members of `all`.
    pub(super) fn all(eid: usize) -> Vec<String> {
        (0..IN_ALL)
            .map(|number| Person { eid, number }.uid())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const GUEST_OF_NORTH: Person = Person {
        eid: 0,
        number: GUEST,
    };

    #[test]
    fn what_is_unsure_is_neither_owed_nor_a_breach() {
        let mut town = Town::default();
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let loose = Place::Loose(0);
        town.guests[0].settle(at(0));
        assert!(!town.may_hear(GUEST_OF_NORTH, loose, at(1)));
        town.guests[0].change();
        assert!(town.may_hear(GUEST_OF_NORTH, loose, at(1)));
        assert!(!town.surely_hears(GUEST_OF_NORTH, loose, at(1)));
        assert_eq!(town.speaks(GUEST_OF_NORTH, loose), None);
        town.guests[0].settle(at(2));
        assert!(town.surely_hears(GUEST_OF_NORTH, loose, at(3)));
        assert!(!town.surely_hears(GUEST_OF_NORTH, loose, at(1)));
        town.guests[0].change();
        town.guests[0].settle(at(9));
        assert!(town.may_hear(GUEST_OF_NORTH, loose, at(8)));
        assert!(!town.may_hear(GUEST_OF_NORTH, loose, at(10)));
    }

    #[test]
    fn walls_are_between_enterprises_and_inboxes() {
        let town = Town::default();
        let start = Instant::now();
        let [a, b, stranger] = [(0, 2), (0, 3), (1, 2)].map(|(eid, number)| Person { eid, number });
        assert!(town.may_hear(a, Place::Inbox(a), start) && town.may_hear(a, Place::All(0), start));
        for place in [Place::Inbox(b), Place::All(1), Place::Loose(1)] {
            assert!(!town.may_hear(a, place, start), "{place:?}");
        }
        assert_eq!(town.speaks(a, Place::Inbox(b)), Some(true));
        assert_eq!(town.speaks(stranger, Place::Inbox(a)), Some(false));
        assert_eq!(town.speaks(b, Place::Loose(0)), Some(false));
        for place in [Place::Inbox(b), Place::All(1), Place::Loose(0)] {
            assert_eq!(Place::of(&place.topic()), Some(place));
        }
    }
}

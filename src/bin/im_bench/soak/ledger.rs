//! What was said, who is owed it, and who got it. Pure: time comes in.
//!
//! A message at QoS 1 that the broker has acknowledged is *owed* to each device that had a session and the right to hear
//! it, surely, before it was sent. A debt ends when the message arrives, when the session ends, or when the right becomes
//! unsure; what is left at the end is lost. Whatever else arrives must be a thing that the receiver may have been allowed
//! to hear, and come once to each session, unless the broker says that it comes again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use super::town::{Device, Person, Place, Town};

/// After a right has ended: what was on the wire by then may still arrive.
const ON_THE_WIRE: Duration = Duration::from_secs(5);

/// One message.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) from: Device,
    pub(super) place: Place,
    pub(super) at: Instant,
    pub(super) qos: u8,
    /// Whether the broker must refuse it.
    pub(super) forbidden: bool,
    /// Whom it is owed to once it is acknowledged.
    pub(super) hearers: Vec<Device>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forbidden = if self.forbidden { " (forbidden)" } else { "" };
        write!(
            f,
            "{} to {} at QoS {}{forbidden}",
            self.from,
            self.place.topic(),
            self.qos
        )
    }
}

/// What is wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach {
    /// A message that should have been refused.
    Forbidden,
    /// A message that this device may not hear.
    Wall,
    /// The own message, back on the device that sent it.
    Echo,
    /// It was here before, on this session, and is not marked as coming again.
    Doubled,
    /// Nobody said this.
    Unknown,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    said: BTreeMap<u64, Said>,
    owed: BTreeMap<Device, BTreeSet<u64>>,
    heard: BTreeMap<Device, BTreeSet<u64>>,
    next: u64,
    /// Messages that arrived where they were owed.
    pub(super) kept: u64,
    /// Messages that came again, and said so.
    pub(super) again: u64,
}

impl Ledger {
    /// Notes a message that is about to be sent; gives its number.
    pub(super) fn say(&mut self, said: Said) -> u64 {
        self.next += 1;
        self.said.insert(self.next, said);
        self.next
    }

    /// What was said under this number.
    pub(super) fn said(&self, number: u64) -> Option<&Said> {
        self.said.get(&number)
    }

    /// A message, named for people.
    pub(super) fn tell(&self, number: u64) -> String {
        match self.said.get(&number) {
            Some(said) => format!("message {number}, {said}"),
            None => format!("message {number}, which nobody said"),
        }
    }

    /// The broker has taken it, or refused it.
    pub(super) fn answered(&mut self, number: u64, taken: bool) {
        let Some(said) = self.said.get(&number).filter(|said| taken && said.qos > 0) else {
            return;
        };
        for device in said.hearers.clone() {
            let here = self
                .heard
                .get(&device)
                .is_some_and(|heard| heard.contains(&number));
            if here {
                self.kept += 1;
            } else {
                self.owed.entry(device).or_default().insert(number);
            }
        }
    }

    /// A message has arrived.
    pub(super) fn arrived(
        &mut self,
        number: u64,
        at: Device,
        place: Option<Place>,
        comes_again: bool,
        town: &Town,
        now: Instant,
    ) -> Result<(), Breach> {
        let first = self.heard.entry(at).or_default().insert(number);
        if self
            .owed
            .get_mut(&at)
            .is_some_and(|owed| owed.remove(&number))
        {
            self.kept += 1;
        }
        let said = self
            .said
            .get(&number)
            .filter(|said| Some(said.place) == place);
        let said = said.ok_or(Breach::Unknown)?;
        if said.forbidden {
            return Err(Breach::Forbidden);
        }
        if said.from == at {
            return Err(Breach::Echo);
        }
        let since = said.at.max(now.checked_sub(ON_THE_WIRE).unwrap_or(said.at));
        if !town.may_hear(at.owner, said.place, since) {
            return Err(Breach::Wall);
        }
        match (first, comes_again) {
            (true, _) => Ok(()),
            (false, true) => {
                self.again += 1;
                Ok(())
            }
            (false, false) => Err(Breach::Doubled),
        }
    }

    /// A session has ended: nothing is owed to it, and what comes next is another's.
    pub(super) fn session_ended(&mut self, device: Device) {
        self.owed.remove(&device);
        self.heard.remove(&device);
        for said in self.said.values_mut() {
            said.hearers.retain(|hearer| *hearer != device);
        }
    }

    /// A right has become unsure: what it gave is no longer owed.
    pub(super) fn right_changes(&mut self, who: Person, place: Place) {
        let said = &mut self.said;
        for (device, owed) in &mut self.owed {
            if device.owner == who {
                owed.retain(|number| said.get(number).is_none_or(|said| said.place != place));
            }
        }
        for said in said.values_mut().filter(|said| said.place == place) {
            said.hearers.retain(|hearer| hearer.owner != who);
        }
    }

    /// Messages that are owed.
    pub(super) fn debts(&self) -> usize {
        self.owed.values().map(BTreeSet::len).sum()
    }

    /// What is owed for longer than that to devices that are there.
    pub(super) fn overdue(
        &self,
        now: Instant,
        patience: Duration,
        is_here: impl Fn(Device) -> bool,
    ) -> Vec<(Device, u64)> {
        let here = self.owed.iter().filter(|(device, _)| is_here(**device));
        let each = here.flat_map(|(device, owed)| owed.iter().map(|number| (*device, *number)));
        let old = |number: &u64| {
            let said = self.said.get(number);
            said.is_some_and(|said| now.duration_since(said.at) > patience)
        };
        each.filter(|(_, number)| old(number)).collect()
    }

    /// Gives a debt up, once it has been told.
    pub(super) fn write_off(&mut self, device: Device, number: u64) {
        if let Some(owed) = self.owed.get_mut(&device) {
            owed.remove(&number);
        }
    }

    /// Forgets what was said so long ago that nobody is owed it, so that a day's run does not grow.
    pub(super) fn forget(&mut self, before: Instant) {
        let owed: BTreeSet<u64> = self.owed.values().flatten().copied().collect();
        let old = |number: &u64, said: &Said| said.at < before && !owed.contains(number);
        let gone: Vec<u64> = self
            .said
            .extract_if(.., |number, said| old(number, said))
            .map(|(number, _)| number)
            .collect();
        for heard in self.heard.values_mut() {
            for number in &gone {
                heard.remove(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(eid: usize, number: usize, kind: usize) -> Device {
        Device {
            owner: Person { eid, number },
            number: kind,
        }
    }

    fn said(from: Device, place: Place, hearers: &[Device]) -> Said {
        Said {
            from,
            place,
            at: Instant::now(),
            qos: 1,
            forbidden: false,
            hearers: hearers.to_vec(),
        }
    }

    #[test]
    fn what_was_acknowledged_and_never_came_is_overdue() {
        let (alice, bob) = (device(0, 0, 0), device(0, 1, 0));
        let place = Place::Inbox(bob.owner);
        let mut ledger = Ledger::default();
        let lost = ledger.say(said(alice, place, &[bob]));
        let unanswered = ledger.say(said(alice, place, &[bob]));
        let early = ledger.say(said(alice, place, &[bob]));
        let now = Instant::now();
        let town = Town::default();
        assert_eq!(
            ledger.arrived(early, bob, Some(place), false, &town, now),
            Ok(())
        );
        ledger.answered(lost, true);
        ledger.answered(early, true);
        ledger.answered(unanswered, false);
        assert_eq!((ledger.debts(), ledger.kept), (1, 1));
        let later = now + Duration::from_secs(60);
        let patience = Duration::from_secs(30);
        assert_eq!(ledger.overdue(later, patience, |_| true), [(bob, lost)]);
        assert_eq!(ledger.overdue(later, patience, |_| false), []);
        ledger.session_ended(bob);
        assert_eq!(ledger.debts(), 0);
    }

    #[test]
    fn every_kind_of_breach_is_told() {
        let (alice, bob, mallory) = (device(0, 0, 0), device(0, 1, 0), device(1, 1, 0));
        let place = Place::Inbox(bob.owner);
        let mut ledger = Ledger::default();
        let number = ledger.say(said(alice, place, &[bob]));
        let bad = ledger.say(Said {
            forbidden: true,
            ..said(alice, place, &[])
        });
        let (town, now) = (Town::default(), Instant::now());
        let mut arrive =
            |number, at, place, again| ledger.arrived(number, at, Some(place), again, &town, now);
        assert_eq!(arrive(number, bob, place, false), Ok(()));
        assert_eq!(arrive(number, bob, place, true), Ok(()));
        assert_eq!(arrive(number, bob, place, false), Err(Breach::Doubled));
        assert_eq!(arrive(number, mallory, place, false), Err(Breach::Wall));
        assert_eq!(arrive(number, alice, place, false), Err(Breach::Echo));
        assert_eq!(arrive(bad, bob, place, false), Err(Breach::Forbidden));
        assert_eq!(arrive(99, bob, place, false), Err(Breach::Unknown));
        assert_eq!(
            arrive(number, bob, Place::All(0), false),
            Err(Breach::Unknown)
        );
        ledger.forget(now + Duration::from_secs(1));
        assert!(ledger.said(number).is_none());
    }
}

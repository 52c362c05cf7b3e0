//! What the static service does: kicks, revocations, changes of the directory; and when a change is in force.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use serde_json::json;

use super::{CHANGE, Change, Day, ON_THE_WIRE, Pending};
use crate::soak::service::link;
use crate::soak::town::{Device, EIDS, FRIEND, GUEST, Person, Place};

/// Until the broker has heard of it.
const A_LONG_TIME: Duration = Duration::from_secs(86_400);

impl Day {
    pub(super) fn kick(&mut self) {
        let Some(device) = self.one_to_put_out() else {
            return;
        };
        self.done.kicks += 1;
        let who = device.owner;
        let kick =
            json!({"eid": who.eid(), "uid": who.uid(), "device": device.kind(), "reason": "soak"});
        self.service.tell("session.kick", &kick);
        self.note(format_args!("kick of {device}"));
        self.expect(Change::End(device));
    }

    pub(super) fn revoke(&mut self) {
        let Some(device) = self.one_to_put_out() else {
            return;
        };
        self.done.revocations += 1;
        let member = self.crowd.members.get_mut(&device);
        if let Some(token) = member.and_then(|member| member.token.take()) {
            self.service.revoke(&token);
            self.note(format_args!("{device}'s token is revoked"));
        }
        self.expect(Change::End(device));
    }

    /// Somebody who is here, and may be put out until the broker has surely done so.
    fn one_to_put_out(&mut self) -> Option<Device> {
        let device = self.any(true).filter(|_| self.pending.is_none())?;
        self.crowd.excuse(device, Instant::now() + A_LONG_TIME);
        Some(device)
    }

    pub(super) fn change(&mut self) {
        if self.pending.is_some() {
            return;
        }
        self.done.changes += 1;
        let eid = self.random.random_range(0..EIDS.len());
        if self.random.random_bool(0.7) {
            let guest = Person { eid, number: GUEST };
            self.town.guest_mut(eid).change();
            self.crowd.ledger.right_changes(guest, Place::Loose(eid));
            let group =
                json!({"eid": guest.eid(), "gid": "loose", "members": self.town.loose(eid)});
            self.service.change(&self.town, "group.upserted", &group);
            self.expect(Change::Guest(eid));
        } else {
            self.town.friends.change();
            let linked = self.town.friends.wanted;
            let name = if linked {
                "partner.linked"
            } else {
                "partner.unlinked"
            };
            self.service.change(&self.town, name, &link(FRIEND));
            self.expect(Change::Friends);
        }
    }

    /// A notice to all follows the change; who has heard it knows that the change is in force.
    pub(super) fn expect(&mut self, change: Change) {
        self.barriers += 1;
        self.note(format_args!("{change:?} is asked for"));
        let now = Instant::now();
        self.pending = Some(Pending {
            change,
            barrier: self.barriers,
            asked: now,
            since: now,
        });
        self.ask_for_barrier();
    }

    pub(super) fn ask_for_barrier(&mut self) {
        let title = format!("barrier {}", self.barriers);
        let id = format!("{title} {:?}", self.there_since);
        self.service.tell(
            "notice",
            &json!({"id": id, "scope": {"all": true}, "title": title}),
        );
    }

    /// What is over is over, and what is late is told.
    pub(super) fn look_after(&mut self) {
        let now = Instant::now();
        let Some(pending) = &mut self.pending else {
            return;
        };
        if self.crowd.seen.barrier >= pending.barrier {
            match pending.change {
                Change::Guest(eid) => self.town.guest_mut(eid).settle(now),
                Change::Friends => self.town.friends.settle(now),
                Change::End(device) => self.crowd.excuse(device, now + ON_THE_WIRE),
                Change::Everything => {
                    self.town
                        .guests
                        .iter_mut()
                        .for_each(|guest| guest.settle(now));
                    self.town.friends.settle(now);
                }
            }
            let change = pending.change;
            self.pending = None;
            self.note(format_args!("{change:?} is in force"));
            return;
        }
        if pending.asked.elapsed() > Duration::from_secs(3) {
            pending.asked = now;
            self.ask_for_barrier();
            return;
        }
        let waited = pending.since.max(self.there_since).elapsed();
        if waited > CHANGE && self.service.is_running() {
            self.crowd.seen.complain(format!(
                "a change is not in force after {waited:?}: {:?}",
                pending.change
            ));
            pending.since = now;
        }
    }
}

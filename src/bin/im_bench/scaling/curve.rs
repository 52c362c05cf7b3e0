//! What was measured, as curves. Pure.

use super::args::Dimension;
use super::fit::{Fit, judge};
use super::stand::{Cost, Subject};
use crate::stats::median_and_spread;

/// One broker at one size, in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) dimension: Dimension,
    pub(super) size: u32,
    pub(super) round: u32,
    pub(super) subject: Subject,
    pub(super) cost: Cost,
}

/// What a curve tells the cost of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Login,
    Message,
}

impl What {
    pub(super) const ALL: [What; 2] = [What::Login, What::Message];

    pub(super) fn name(self) -> &'static str {
        match self {
            What::Login => "login",
            What::Message => "message",
        }
    }

    fn of(self, cost: &Cost) -> f64 {
        match self {
            What::Login => cost.login_us,
            What::Message => cost.message_us,
        }
    }
}

/// One size's rounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) size: u32,
    /// In microseconds, in the order of the rounds.
    pub(super) rounds: Vec<f64>,
}

impl Place {
    /// Median, least and most, in microseconds.
    pub(super) fn median_and_spread(&self) -> (f64, f64, f64) {
        median_and_spread(&self.rounds).unwrap_or_default()
    }
}

/// A cost against a dimension's sizes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) dimension: Dimension,
    pub(super) what: What,
    pub(super) subject: Subject,
    pub(super) places: Vec<Place>,
}

impl Curve {
    pub(super) fn new(
        entries: &[Entry],
        dimension: Dimension,
        what: What,
        subject: Subject,
    ) -> Curve {
        let own = entries
            .iter()
            .filter(|entry| entry.dimension == dimension && entry.subject == subject);
        let mut sizes: Vec<u32> = own.clone().map(|entry| entry.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let place = |size: u32| {
            let mut rounds: Vec<&Entry> = own.clone().filter(|entry| entry.size == size).collect();
            rounds.sort_by_key(|entry| entry.round);
            let rounds = rounds.iter().map(|entry| what.of(&entry.cost)).collect();
            Place { size, rounds }
        };
        Curve {
            dimension,
            what,
            subject,
            places: sizes.into_iter().map(place).collect(),
        }
    }

    /// By its medians; `None` for less than a curve.
    pub(super) fn fit(&self) -> Option<Fit> {
        let medians = self.places.iter();
        let medians = medians.map(|place| (f64::from(place.size), place.median_and_spread().0));
        judge(&medians.collect::<Vec<_>>())
    }

    /// Each round of each size against the other curve's.
    pub(super) fn ratios(&self, other: &Curve) -> Vec<Vec<f64>> {
        let both = self.places.iter().zip(&other.places);
        both.map(|(own, other)| {
            let rounds = own.rounds.iter().zip(&other.rounds);
            rounds.map(|(own, other)| own / other).collect()
        })
        .collect()
    }
}

//! How many messages a second are carried with all users online, until p99 passes a second or something is lost:
//! twice as many each time, then halving between what went well and what did not.

use super::args::Table3Args;
use super::measured::Step;
use super::report::Table3Report;
use crate::fleet::{Crew, Plan, Site};
use crate::output::progress;

/// Steps at most.
const STEPS: u32 = 12;
/// More than this is not tried.
const MOST_PER_SECOND: u32 = 200_000;
/// Near enough: a tenth.
const NEAR_ENOUGH: u32 = 10;

/// Runs it.
pub(super) fn find(
    site: &Site,
    crew: &mut Crew,
    args: &Table3Args,
    former_phase: u32,
    report: &mut Table3Report,
) -> anyhow::Result<()> {
    let mut search = Search::new(args.rate);
    let online = args.census().people();
    for number in 1..=STEPS {
        let Some(per_second) = search.next() else {
            break;
        };
        let plan = Plan {
            per_second,
            ..args.plan(online, former_phase + number)
        };
        let (talk, cores) = site.talk(crew, &plan)?;
        site.check()?;
        let step = Step {
            per_second,
            talk,
            cores,
        };
        progress(&step.brief());
        search.note(step.is_well());
        report.steps.push(step);
    }
    Ok(())
}

/// Where it stands between what went well and what did not.
#[derive(Debug)]
struct Search {
    next: u32,
    well: Option<u32>,
    ill: Option<u32>,
}

impl Search {
    fn new(first: u32) -> Search {
        Search {
            next: first,
            well: None,
            ill: None,
        }
    }

    /// The rate to try; none when it is known well enough.
    fn next(&self) -> Option<u32> {
        let is_known = match (self.well, self.ill) {
            (Some(well), Some(ill)) => ill - well <= ill / NEAR_ENOUGH,
            (Some(well), None) => well >= MOST_PER_SECOND,
            (None, Some(ill)) => ill <= 1,
            (None, None) => false,
        };
        (!is_known).then_some(self.next)
    }

    /// How the rate that was tried went.
    fn note(&mut self, well: bool) {
        if well {
            self.well = Some(self.next);
        } else {
            self.ill = Some(self.next);
        }
        self.next = match (self.well, self.ill) {
            (Some(well), None) => well.saturating_mul(2).min(MOST_PER_SECOND),
            (well, Some(ill)) => well.unwrap_or(0).midpoint(ill).max(1),
            (None, None) => self.next,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(first: u32, most: u32) -> (Option<u32>, u32) {
        let mut search = Search::new(first);
        let mut tries = 0;
        while let Some(rate) = search.next() {
            search.note(rate <= most);
            tries += 1;
        }
        (search.well, tries)
    }

    #[test]
    fn the_limit_is_found_to_a_tenth_from_below_and_from_above() {
        for (first, most) in [(2000, 30_000), (2000, 2_000), (2000, 1_999), (50, 777)] {
            let (well, tries) = found(first, most);
            let well = well.unwrap();
            assert!(well <= most && well * 10 >= most * 9, "{most}: {well}");
            assert!(tries <= STEPS, "{most}: {tries}");
        }
    }

    #[test]
    fn a_machine_without_a_limit_or_without_any_rate_ends_the_search() {
        assert_eq!(found(2000, u32::MAX).0, Some(MOST_PER_SECOND));
        assert_eq!(found(8, 0).0, None);
    }
}

//! What gave out first, as far as processor time can tell. Pure.

use super::measured::Step;

/// Of a core: a part that uses so much has no more.
const BUSY: f64 = 0.85;

/// A sentence about a step that went ill.
pub(super) fn gave_out(step: &Step, cores: f64) -> String {
    let used = &step.cores;
    let lag = step.talk.lag.quantile_ms(0.99).unwrap_or_default();
    let whole = step.talk.all().quantile_ms(0.99).unwrap_or_default();
    let first = if used.all() >= BUSY * cores {
        "the machine's cores, which all parts share"
    } else if used.busiest_broker >= BUSY {
        "a broker's thread"
    } else if lag * 2.0 > whole {
        "the load, which wrote late"
    } else {
        "no part's processor time"
    };
    format!(
        "At {}/s {first} gave out: {:.2} of {cores:.0} cores in use, {:.2} by the brokers (the busiest {:.2}), {:.2} by the static service, {:.2} by the load.",
        step.per_second,
        used.all(),
        used.brokers,
        used.busiest_broker,
        used.service,
        used.load,
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::{Cores, Talk};

    fn step(busiest_broker: f64, load: f64, lag_ms: u64) -> Step {
        let mut talk = Talk::default();
        let [_, acknowledged] = &mut talk.latency;
        acknowledged.record(Duration::from_millis(1000));
        talk.lag.record(Duration::from_millis(lag_ms));
        let cores = Cores {
            brokers: busiest_broker,
            busiest_broker,
            service: 0.0,
            load,
        };
        Step {
            per_second: 8000,
            talk,
            cores,
        }
    }

    #[test]
    fn the_part_without_room_is_named() {
        for (step, want) in [
            (step(0.9, 0.9, 1), "the machine's cores"),
            (step(0.9, 0.3, 1), "a broker's thread"),
            (step(0.3, 0.9, 900), "the load"),
            (step(0.3, 0.3, 1), "no part's"),
        ] {
            let said = gave_out(&step, 2.0);
            assert!(
                said.contains(want) && said.starts_with("At 8000/s"),
                "{said}"
            );
        }
    }
}

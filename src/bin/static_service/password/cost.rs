//! What one hash costs: as typed, and checked against OWASP's minimum.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};

use super::{PasswordError, hash_error};

/// OWASP's choices for argon2id at one lane, memory in KiB and passes: each is as strong as the others.
const MINIMA: [(u32, u32); 5] = [
    (47_104, 1),
    (19_456, 2),
    (12_288, 3),
    (9_216, 4),
    (7_168, 5),
];

/// How passwords are hashed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct CostArgs {
    /// Memory of a password hash (argon2id), in KiB
    #[arg(long, value_name = "KIB", default_value_t = Cost::OWASP.memory_kib,
          value_parser = clap::value_parser!(u32).range(8..=4_194_304))]
    argon2_memory_kib: u32,
    /// Passes over it
    #[arg(long, value_name = "N", default_value_t = Cost::OWASP.passes,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    argon2_passes: u32,
    /// Take less than OWASP's minimum too: for tests alone
    #[arg(long)]
    argon2_weak_for_tests: bool,
}

/// A cost below what OWASP asks for.
#[derive(Debug, thiserror::Error)]
#[error(
    "argon2 with {0} KiB and {1} passes is below OWASP's minimum: want 19456 KiB and 2 passes, or as much, such as \
     47104 and 1 or 7168 and 5"
)]
pub(crate) struct WeakCost(u32, u32);

impl CostArgs {
    /// The cost, unless it is too low.
    pub(crate) fn cost(self) -> Result<Cost, WeakCost> {
        let cost = Cost {
            memory_kib: self.argon2_memory_kib,
            passes: self.argon2_passes,
        };
        if cost.is_enough() || self.argon2_weak_for_tests {
            return Ok(cost);
        }
        Err(WeakCost(cost.memory_kib, cost.passes))
    }
}

/// What one hash costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over it.
    pub(crate) passes: u32,
}

impl Cost {
    /// OWASP's first choice for argon2id at parallelism 1: 19 MiB, 2 passes.
    pub(crate) const OWASP: Cost = Cost {
        memory_kib: 19 * 1024,
        passes: 2,
    };

    fn is_enough(self) -> bool {
        MINIMA
            .iter()
            .any(|(memory_kib, passes)| self.memory_kib >= *memory_kib && self.passes >= *passes)
    }

    pub(super) fn argon2(self) -> Result<Argon2<'static>, PasswordError> {
        let params = Params::new(self.memory_kib, self.passes, 1, None).map_err(hash_error)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// Whether a stored hash was made at this cost.
    pub(super) fn is_that_of(self, stored: &PasswordHash) -> bool {
        let made_at = Params::try_from(stored);
        stored.algorithm.as_str() == "argon2id"
            && made_at.is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (self.memory_kib, self.passes, 1)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(memory_kib: u32, passes: u32, weak: bool) -> Result<Cost, WeakCost> {
        let args = CostArgs {
            argon2_memory_kib: memory_kib,
            argon2_passes: passes,
            argon2_weak_for_tests: weak,
        };
        args.cost()
    }

    #[test]
    fn less_than_owasp_asks_for_is_refused_unless_it_is_for_tests() {
        for (memory_kib, passes) in [
            (19_456, 2),
            (47_104, 1),
            (7_168, 5),
            (65_536, 3),
            (8_000, 9),
        ] {
            assert!(
                cost(memory_kib, passes, false).is_ok(),
                "{memory_kib} {passes}"
            );
        }
        for (memory_kib, passes) in [(19_455, 2), (19_456, 1), (47_103, 1), (7_167, 100), (8, 1)] {
            let refused = cost(memory_kib, passes, false).unwrap_err().to_string();
            assert!(refused.contains(&memory_kib.to_string()), "{refused}");
            assert!(cost(memory_kib, passes, true).is_ok());
        }
    }
}

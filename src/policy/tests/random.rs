//! Random numbers that repeat: SplitMix64 (public domain, S. Vigna), seeded by `POLICY_SEED` or a constant.

/// A source of them.
pub(super) struct Random {
    state: u64,
    /// For whoever has to repeat a failure.
    pub(super) seed: u64,
}

impl Random {
    pub(super) fn new() -> Random {
        let seed = std::env::var("POLICY_SEED").ok();
        let seed = seed.and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or(20_261_125);
        Random { state: seed, seed }
    }

    /// Below `bound`, which is small: the bias does not matter.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) >> 33).unwrap() % bound
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

//! Seeded draws: the same on every platform, in a batch as in single requests (semantics.md §3.2, U-01, U-32).

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Spreads consecutive keys over the whole range of seeds: 2⁶⁴ divided by the golden ratio, made odd.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// The draws of one decision.
#[derive(Debug)]
pub(crate) struct Draws(Xoshiro256PlusPlus);

impl Draws {
    /// The draws of the decision with this key under a seed.
    pub(crate) fn new(seed: u64, key: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed ^ key.wrapping_mul(SPREAD)))
    }

    /// A number below `bound`, each equally often within 2⁻³².
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * bound as u128;
        #[expect(clippy::cast_possible_truncation, reason = "the high half is below the bound")]
        {
            (wide >> 64) as usize
        }
    }
}

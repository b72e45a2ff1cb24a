//! What looks at a whole row at once, in the words of vectors: for the module of the npm package, where what is compiled for size
//! is not turned into them by the compiler. `bindings-wasm/build.mjs` sets the condition, as these words are not stable yet.

use core::simd::Simd;
use core::simd::cmp::{SimdOrd as _, SimdPartialEq as _, SimdPartialOrd as _};
use core::simd::num::SimdInt as _;

use super::{NOTHING, Row};

/// Lanes that one vector has.
const WIDE: usize = 4;
/// Lanes whose answers fit one vector.
const ANSWERS: usize = 16;

/// The lanes of which something holds, by what it says of so many, a bit for each.
#[inline(always)]
fn lanes_where(row: &Row, holds: impl Fn(Simd<i32, ANSWERS>) -> u64) -> u64 {
    let (parts, _) = row.as_chunks::<ANSWERS>();
    parts.iter().rev().fold(0, |lanes, part| lanes << ANSWERS | holds(Simd::from_array(*part)))
}

/// The lanes whose amount is enough.
#[inline(never)]
#[cfg_attr(placewright_for_size, optimize(speed))]
pub(crate) fn at_least(row: &Row, least: i32) -> u64 {
    let least = Simd::splat(least);
    lanes_where(row, |amounts| amounts.simd_ge(least).to_bitmask())
}

/// The lanes whose amount is this one.
#[inline(never)]
#[cfg_attr(placewright_for_size, optimize(speed))]
pub(crate) fn equal(row: &Row, amount: i32) -> u64 {
    let amount = Simd::splat(amount);
    lanes_where(row, |amounts| amounts.simd_eq(amount).to_bitmask())
}

/// The least amount of some lanes.
#[inline(never)]
#[cfg_attr(placewright_for_size, optimize(speed))]
pub(super) fn least(row: &Row, lanes: u64) -> i32 {
    let (vectors, _) = row.as_chunks::<WIDE>();
    let (none, one) = (Simd::splat(i32::MAX), Simd::splat(1));
    let mut least = none;
    for (at, vector) in vectors.iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, reason = "the bits of one vector")]
        let lanes = Simd::splat((lanes >> (at * WIDE) & 15) as i32);
        // All bits of a lane that is not asked about.
        let left_out = (lanes >> Simd::from_array([0, 1, 2, 3]) & one) - one;
        least = least.simd_min(Simd::from_array(*vector) & !left_out | none & left_out);
    }
    least.reduce_min()
}

/// The greatest amount of a row.
#[inline(never)]
#[cfg_attr(placewright_for_size, optimize(speed))]
pub(crate) fn greatest(row: &Row) -> i32 {
    let (vectors, _) = row.as_chunks::<WIDE>();
    vectors.iter().fold(Simd::splat(NOTHING), |most, vector| most.simd_max(Simd::from_array(*vector))).reduce_max()
}

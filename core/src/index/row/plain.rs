//! What looks at a whole row at once, in words that a compiler turns into vectors where it compiles for speed.

use super::{LANES, NOTHING, Row};

/// A bit for each lane of half a row.
const BITS: [u32; LANES / 2] = {
    let mut bits = [0; LANES / 2];
    let mut at = 0;
    while at < LANES / 2 {
        bits[at] = 1 << at;
        at += 1;
    }
    bits
};

/// The lanes of which something holds.
///
/// PERF: on plain x86-64 selecting a bit for each lane and joining them takes half the instructions of any other way tried.
#[inline(always)]
fn lanes_where(row: &Row, holds: impl Fn(i32) -> bool) -> u64 {
    let (mut low, mut high) = (0, 0);
    for at in 0..LANES / 2 {
        low |= if holds(row[at]) { BITS[at] } else { 0 };
        high |= if holds(row[LANES / 2 + at]) { BITS[at] } else { 0 };
    }
    u64::from(high) << 32 | u64::from(low)
}

/// The lanes whose amount is enough.
#[inline]
pub(crate) fn at_least(row: &Row, least: i32) -> u64 {
    lanes_where(row, |amount| amount >= least)
}

/// The lanes whose amount is this one.
#[inline]
pub(crate) fn equal(row: &Row, amount: i32) -> u64 {
    lanes_where(row, |other| other == amount)
}

/// The least amount of some lanes.
#[inline]
pub(super) fn least(row: &Row, lanes: u64) -> i32 {
    let least = |least: i32, amount: i32| if amount < least { amount } else { least };
    #[expect(clippy::cast_possible_truncation, reason = "its halves")]
    let (low, high) = (lanes as u32, (lanes >> 32) as u32);
    let (mut of_low, mut of_high) = (i32::MAX, i32::MAX);
    for at in 0..LANES / 2 {
        of_low = least(of_low, if low & BITS[at] == 0 { i32::MAX } else { row[at] });
        of_high = least(of_high, if high & BITS[at] == 0 { i32::MAX } else { row[LANES / 2 + at] });
    }
    least(of_low, of_high)
}

/// The greatest amount of a row.
#[inline]
pub(crate) fn greatest(row: &Row) -> i32 {
    row.iter().fold(NOTHING, |most, &amount| if amount > most { amount } else { most })
}

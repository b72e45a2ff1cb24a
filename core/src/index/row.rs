//! Rows of 64 lanes, the unit in which orders and the sequence keep keys and amounts, and in which the scan compares: which
//! lanes have enough, which lane has most, where a key belongs.

use super::bitset::bits;

/// Lanes of a row: keys of a leaf, leaves of a group, ranks of a block.
pub(crate) const LANES: usize = 64;
/// The amount of an empty lane.
pub(super) const NOTHING: i32 = i32::MIN;

/// Most lanes that are looked at one by one.
const ALONE_MAX: u32 = 12;

/// An amount for each lane.
pub(crate) type Row = [i32; LANES];

/// The lanes of some rows in which every amount is enough, in order.
///
/// PERF: the first lanes are mostly enough, so a few are looked at one by one before all that are left are compared at once.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    /// A row for each amount.
    rows: &'a [Row],
    /// The least of each.
    amounts: &'a [i32],
    /// Next lane to be looked at alone.
    next: usize,
    /// Lanes from here on are compared at once.
    turn: usize,
    /// Lanes there are.
    len: usize,
    /// Lanes found by comparing at once.
    found: u64,
}

impl<'a> Lanes<'a> {
    /// Lanes looked at one by one.
    const ALONE: usize = 6;

    /// The lanes from one on, below a number.
    #[inline]
    pub(super) fn new(rows: &'a [Row], amounts: &'a [i32], from: usize, len: usize) -> Self {
        Self { rows, amounts, next: from, turn: len.min(from + Self::ALONE), len, found: 0 }
    }

    /// Compares the lanes that are left at once.
    #[inline]
    fn compare(&mut self) {
        if self.turn >= self.len {
            return;
        }
        self.found = below(self.len) & (u64::MAX << self.turn);
        self.turn = self.len;
        self.next = self.len;
        for (row, &least) in self.rows.iter().zip(self.amounts).filter(|(_, least)| **least != NOTHING) {
            self.found &= at_least(row, least);
        }
    }

    /// The next lane.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(super) fn next(&mut self) -> Option<usize> {
        while self.next < self.turn {
            let lane = self.next;
            self.next += 1;
            if self.rows.iter().zip(self.amounts).all(|(row, &least)| row[lane] >= least) {
                return Some(lane);
            }
        }
        self.compare();
        if self.found == 0 {
            return None;
        }
        let lane = self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(lane)
    }
}

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
pub(super) fn equal(row: &Row, amount: i32) -> u64 {
    lanes_where(row, |other| other == amount)
}

/// Of some lanes, at least one, those with the least amount.
#[inline]
pub(super) fn first_of(row: &Row, lanes: u64) -> u64 {
    let least = |least: i32, amount: i32| if amount < least { amount } else { least };
    if lanes.count_ones() <= ALONE_MAX {
        let least = bits(lanes).fold(i32::MAX, |most, lane| least(most, row[lane as usize]));
        return bits(lanes).filter(|&lane| row[lane as usize] == least).fold(0, |found, lane| found | 1 << lane);
    }
    #[expect(clippy::cast_possible_truncation, reason = "its halves")]
    let (low, high) = (lanes as u32, (lanes >> 32) as u32);
    let (mut of_low, mut of_high) = (i32::MAX, i32::MAX);
    for at in 0..LANES / 2 {
        of_low = least(of_low, if low & BITS[at] == 0 { i32::MAX } else { row[at] });
        of_high = least(of_high, if high & BITS[at] == 0 { i32::MAX } else { row[LANES / 2 + at] });
    }
    lanes & equal(row, least(of_low, of_high))
}

/// The lanes whose amount is enough. A few are looked at one by one.
#[inline]
#[cfg_attr(placewright_for_size, optimize(speed))]
pub(crate) fn enough(row: &Row, least: i32, lanes: u64) -> u64 {
    if lanes.count_ones() <= ALONE_MAX {
        return bits(lanes).filter(|&lane| row[lane as usize] >= least).fold(0, |kept, lane| kept | 1 << lane);
    }
    lanes & at_least(row, least)
}

/// How many keys of a sorted row are less than one.
///
/// PERF: first the last key of each line of eight, then the keys of one line. No load waits for another but once, so a row that
/// is far away in memory is waited for twice, not six times as when halving.
#[inline]
#[cfg_attr(placewright_for_size, optimize(speed))]
pub(super) fn less_than(keys: &[i64; LANES], key: i64) -> usize {
    const LINE: usize = 8;
    let lines = (0..LANES / LINE - 1).fold(0, |less, line| less + usize::from(keys[line * LINE + LINE - 1] < key));
    let start = lines % (LANES / LINE) * LINE;
    (0..LINE).fold(start, |less, at| less + usize::from(keys[start + at] < key))
}

/// The greatest amount of a row.
#[inline]
pub(super) fn greatest(row: &Row) -> i32 {
    row.iter().fold(NOTHING, |most, &amount| if amount > most { amount } else { most })
}

/// The lanes below a number of at most 64.
#[inline]
pub(super) fn below(lanes: usize) -> u64 {
    if lanes >= LANES { u64::MAX } else { (1 << lanes) - 1 }
}

//! Rows of 64 lanes, the unit in which orders and the sequence keep keys and amounts, and in which the scan compares: which
//! lanes have enough, which lane has most, where a key belongs.

use super::bitset::bits;

#[cfg(not(placewright_vectors))]
mod plain;
#[cfg(placewright_vectors)]
mod vectors;
#[cfg(not(placewright_vectors))]
use plain as whole;
#[cfg(placewright_vectors)]
use vectors as whole;

pub(crate) use whole::at_least;
pub(super) use whole::{equal, greatest};

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

/// Of some lanes, at least one, those with the least amount.
#[inline]
pub(super) fn first_of(row: &Row, lanes: u64) -> u64 {
    let least = |least: i32, amount: i32| if amount < least { amount } else { least };
    if lanes.count_ones() <= ALONE_MAX {
        let least = bits(lanes).fold(i32::MAX, |most, lane| least(most, row[lane as usize]));
        return bits(lanes).filter(|&lane| row[lane as usize] == least).fold(0, |found, lane| found | 1 << lane);
    }
    lanes & equal(row, whole::least(row, lanes))
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

/// The lanes below a number of at most 64.
#[inline]
pub(super) fn below(lanes: usize) -> u64 {
    if lanes >= LANES { u64::MAX } else { (1 << lanes) - 1 }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Rows of few and of many different amounts, the least and the greatest there can be among them.
    fn rows() -> Vec<Row> {
        let amount = |row: i32, lane: i32| match (row * 31 + lane * 17) % 13 {
            0 => NOTHING,
            1 => i32::MAX,
            other => other % (row + 1) - 3,
        };
        (0..12)
            .map(|row| {
                let mut lanes = 0..;
                [(); LANES].map(|()| amount(row, lanes.next().unwrap_or(0)))
            })
            .chain([[NOTHING; LANES], [7; LANES]])
            .collect()
    }

    /// The lanes of which something holds, asked one by one.
    fn lanes_where(row: &Row, holds: impl Fn(i32) -> bool) -> u64 {
        (0..LANES).filter(|&lane| holds(row[lane])).fold(0, |lanes, lane| lanes | 1 << lane)
    }

    #[test]
    fn a_row_as_a_whole_says_what_its_lanes_say_one_by_one() {
        for row in rows() {
            assert_eq!(Some(greatest(&row)), row.iter().copied().max());
            for amount in row {
                assert_eq!(at_least(&row, amount), lanes_where(&row, |other| other >= amount));
                assert_eq!(equal(&row, amount), lanes_where(&row, |other| other == amount));
            }
            for lanes in [1, 1 << 63, 0xF0F0, 0x8000_0001_8000_0001, 0x5555_5555_5555_5555, !0x5555, u64::MAX] {
                let least = bits(lanes).map(|lane| row[lane as usize]).min();
                assert_eq!(Some(whole::least(&row, lanes)), least);
                assert_eq!(Some(first_of(&row, lanes)), least.map(|least| lanes & equal(&row, least)));
                assert_eq!(enough(&row, 0, lanes), lanes & at_least(&row, 0));
            }
        }
    }
}

//! The keys of a leaf, in no order, as two rows of halves: one step of a processor compares twice as many halves as keys.

use super::row::{LANES, NOTHING, Row, at_least, below, equal, first_of};

/// The keys of a leaf.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// The upper halves.
    pub(super) high: Row,
    /// The lower halves, shifted so that they are in order as signed numbers.
    pub(super) low: Row,
}

/// What lower halves are shifted by.
const SHIFT: i32 = i32::MIN;

impl Keys {
    /// No key.
    pub(super) const NONE: Self = Self { high: [NOTHING; LANES], low: [NOTHING; LANES] };

    /// A key in halves.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "half of it is what is asked for")]
    const fn halves(key: i64) -> (i32, i32) {
        ((key >> 32) as i32, key as i32 ^ SHIFT)
    }

    /// The key of a lane.
    #[inline]
    #[expect(clippy::cast_sign_loss, reason = "half of the bits, as they are")]
    pub(super) fn at(&self, lane: usize) -> i64 {
        i64::from(self.high[lane]) << 32 | i64::from((self.low[lane] ^ SHIFT) as u32)
    }

    /// Puts a key in a lane.
    #[inline]
    pub(super) fn set(&mut self, lane: usize, key: i64) {
        (self.high[lane], self.low[lane]) = Self::halves(key);
    }

    /// The lane of a key that is among the first so many.
    #[inline]
    pub(super) fn lane_of(&self, key: i64, len: usize) -> usize {
        let (high, low) = Self::halves(key);
        let mut lanes = equal(&self.low, low) & below(len);
        // Lower halves are mostly unique.
        while lanes & (lanes - 1) != 0 && self.high[lanes.trailing_zeros() as usize] != high {
            lanes &= lanes - 1;
        }
        let lane = lanes.trailing_zeros() as usize;
        debug_assert!(lane < len && self.at(lane) == key, "the key is in the list");
        lane
    }

    /// The lanes whose keys are no less than one.
    #[inline]
    pub(super) fn from(&self, key: i64) -> u64 {
        let (high, low) = Self::halves(key);
        let mut lanes = at_least(&self.high, high);
        if low != SHIFT {
            lanes &= !equal(&self.high, high) | at_least(&self.low, low);
        }
        lanes
    }

    /// The lane of the least key among some lanes.
    #[inline]
    pub(super) fn first_of(&self, lanes: u64) -> usize {
        let least = first_of(&self.high, lanes);
        if least & (least - 1) == 0 {
            return least.trailing_zeros() as usize;
        }
        first_of(&self.low, least).trailing_zeros() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_in_the_order_of_whole_keys() {
        let sorted = [i64::MIN, -1 << 32, -2, -1, 0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, i64::MAX];
        for (at, key) in sorted.into_iter().enumerate() {
            let mut keys = Keys::NONE;
            for (lane, &key) in sorted.iter().rev().enumerate() {
                keys.set(lane, key);
            }
            let last = sorted.len() - 1;
            assert_eq!((keys.at(last - at), keys.lane_of(key, sorted.len())), (key, last - at));
            let from = keys.from(key) & below(sorted.len());
            assert_eq!(from, below(sorted.len() - at), "{key}");
            assert_eq!(keys.first_of(from), last - at, "{key}");
        }
    }

    #[test]
    fn the_least_of_many_keys_is_found_among_ties_of_either_half() {
        for lanes in [u64::MAX, u64::MAX << 20, 0x00FF_FF00_FF00_00FF, 1 << 40] {
            for upper in [1, 5, 64] {
                let mut keys = Keys::NONE;
                let key = |lane: u8| ((7 * i64::from(lane) % 64 / upper) << 32) | ((11 * i64::from(lane) % 64) << 26);
                (0..64).for_each(|lane| keys.set(usize::from(lane), key(lane)));
                let least = (0..64).filter(|&lane| lanes >> lane & 1 == 1).min_by_key(|&lane| key(lane));
                assert_eq!(Some(keys.first_of(lanes)), least.map(usize::from), "{lanes:x} {upper}");
            }
        }
    }
}

//! Keys that are asked for from the least on, of which mostly a few are.

use super::bitset::bits;
use super::keys::Keys;
use super::row::LANES;

/// As it is quickest here.
///
/// PERF: the standard library's sort is quicker than a heap, but where it was built for size, as for the npm package: there it is
/// heapsort, and a heap that is emptied as far as a walk goes is less.
pub(super) type Quickest = Rest<{ cfg!(placewright_for_size) }>;

/// Up to a leaf of keys: as a heap, in which each has none above it that is greater; or sorted.
#[derive(Debug)]
pub(super) struct Rest<const IS_HEAP: bool> {
    /// The keys.
    keys: [i64; LANES],
    /// Place of the first that is there; it is the least.
    first: usize,
    /// Place after the last.
    len: usize,
}

impl<const IS_HEAP: bool> Rest<IS_HEAP> {
    /// The keys of some lanes.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    #[cfg_attr(not(placewright_for_size), inline)]
    pub(super) fn new(keys: &Keys, lanes: u64) -> Self {
        let mut rest = Self { keys: [0; LANES], first: 0, len: lanes.count_ones() as usize };
        for (into, lane) in rest.keys.iter_mut().zip(bits(lanes)) {
            *into = keys.at(lane as usize);
        }
        if IS_HEAP {
            for at in (0..rest.len / 2).rev() {
                rest.put(at, rest.keys[at]);
            }
        } else {
            rest.keys[..rest.len].sort_unstable();
        }
        rest
    }

    /// Takes out the least.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<i64> {
        if !IS_HEAP {
            let is_there = self.first < self.len;
            self.first += 1;
            return self.keys.get(self.first - 1).copied().filter(|_| is_there);
        }
        let last = self.len.checked_sub(1)?;
        let (least, key) = (self.keys[0], self.keys[last]);
        self.len = last;
        self.put(0, key);
        Some(least)
    }

    /// Puts a key in a place whose own is gone, or below it, where lesser ones move up.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn put(&mut self, mut at: usize, key: i64) {
        let keys = &mut self.keys[..self.len];
        let mut child = 2 * at + 1;
        while child < keys.len() {
            child += usize::from(keys.get(child + 1).is_some_and(|&right| right < keys[child]));
            if keys[child] >= key {
                break;
            }
            keys[at] = keys[child];
            at = child;
            child = 2 * at + 1;
        }
        if let Some(place) = keys.get_mut(at) {
            *place = key;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn keys_come_from_the_least_on() {
        for len in 0..=LANES {
            for step in [1, 7, 37] {
                let sorted: Vec<i64> = (0_i64..).take(len).map(|at| at * step % 41 - 20).collect();
                let (mut keys, mut lanes) = (Keys::NONE, 0);
                for (at, &key) in sorted.iter().enumerate() {
                    // Neighbours where all lanes are used, and every other one where they fit.
                    let lane = if len <= LANES / 2 { 2 * at } else { at };
                    keys.set(lane, key);
                    lanes |= 1_u64 << lane;
                }
                let (mut heap, mut list) = (Rest::<true>::new(&keys, lanes), Rest::<false>::new(&keys, lanes));
                let popped: Vec<i64> = core::iter::from_fn(|| heap.pop()).collect();
                assert_eq!(popped, core::iter::from_fn(|| list.pop()).collect::<Vec<i64>>());
                let mut sorted = sorted;
                sorted.sort_unstable();
                assert_eq!(popped, sorted, "{len} {step}");
            }
        }
    }
}

//! One-dimension subset-sum fill: bins are filled one after another, each as full as the rest of the items allows.
//!
//! A bin opens with the largest item left; of all sets of other items that fill its room best, it takes the one with the most of
//! the largest, then of the next, and so on: small items are what later gaps are closed with, so they are spent last. The best
//! filling is exact, by dynamic programming over reachable sums, one bit a sum (Martello & Toth, "Knapsack Problems", 1990, §4.2).
//! Equal items are one kind, and a filling is used again while its items last, so the cost depends on kinds and different
//! fillings, not on items.
//!
//! Not a bound and not optimal: it is greedy, a good first packing. On uniform sizes it loses next to nothing; where most bins
//! must be filled exactly by few items (triplets) its last bins are poor.
//!
//! Source: the minimum-bin-slack rule of Gupta & Ho, "A new heuristic algorithm for the one-dimensional bin-packing problem",
//! Production Planning & Control 10(6), 1999, with the fixed first item of Fleszar & Hindi, "New heuristics for one-dimensional
//! bin-packing", Computers & Operations Research 29, 2002 (MBS').

use alloc::vec;
use alloc::vec::Vec;

/// Words that the table of reachable sums may have; a finer one is made coarser by rounding sizes up.
const WORDS_MAX: u64 = 1 << 22;

/// A filling and how many bins have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filling {
    /// Kind and copies, largest kind first.
    pub(crate) pattern: Vec<(u32, u32)>,
    /// Bins filled so.
    pub(crate) bins: u32,
}

/// Memory of the fill, to be used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fill {
    /// Reachable sums of the kinds from each place on, [kinds + 1 × words].
    reach: Vec<u64>,
    /// Sizes in units of the table, rounded up.
    units: Vec<u64>,
    /// Bits moved up, before they are joined.
    moved: Vec<u64>,
}

impl Fill {
    /// Packs all items into bins of one capacity. `sizes` descend and are above zero; `counts` are copies of each. Items larger
    /// than the capacity are left out. Returns the fillings in the order they were made, and the steps it took.
    ///
    /// Cost: for each different filling, kinds × capacity / 64 words, and as much memory.
    pub(crate) fn run(&mut self, sizes: &[u64], counts: &[u32], capacity: u64) -> (Vec<Filling>, u64) {
        let mut left = counts.to_vec();
        let mut fillings = Vec::new();
        let mut steps = 0;
        // A table of at most WORDS_MAX words: `grain` sizes to a unit.
        let widest = (WORDS_MAX / (sizes.len() as u64 + 1)).max(1) * 64;
        let grain = capacity / widest + 1;
        self.units.clear();
        self.units.extend(sizes.iter().map(|size| size.div_ceil(grain)));
        let room = capacity / grain;
        let mut first = 0;
        while let Some(seed) = (first..sizes.len()).find(|at| left[*at] > 0) {
            first = seed;
            if sizes[seed] > capacity {
                left[seed] = 0;
                continue;
            }
            let total: u128 = left.iter().zip(&self.units).map(|(l, u)| u128::from(*l) * u128::from(*u)).sum();
            let bins = total.div_ceil(u128::from(room)).max(1);
            let spare = bins * u128::from(room) - total;
            let slack = u64::try_from(spare * 2 / bins).unwrap_or(u64::MAX);
            left[seed] -= 1;
            // Rounded up, a single item may exceed the room that rounding down left; alone it fits all the same.
            let mut pattern = vec![(seed, 1u32)];
            steps += self.close(seed, room.saturating_sub(self.units[seed]), slack, &left, &mut pattern);
            left[seed] += 1;
            let bins = pattern.iter().map(|(kind, copies)| left[*kind] / copies).min().unwrap_or(1);
            for (kind, copies) in &pattern {
                left[*kind] -= copies * bins;
            }
            #[expect(clippy::cast_possible_truncation, reason = "kinds are numbered in u32")]
            let pattern = pattern.into_iter().map(|(kind, copies)| (kind as u32, copies)).collect();
            fillings.push(Filling { pattern, bins });
        }
        (fillings, steps)
    }

    /// Adds to `pattern` the best filling of `room` units by the kinds from `seed` on. Returns steps.
    fn close(&mut self, seed: usize, room: u64, slack: u64, left: &[u32], pattern: &mut Vec<(usize, u32)>) -> u64 {
        let kinds = self.units.len();
        let fits = |at: &usize| self.units[*at] <= room && left[*at] > 0;
        let Some(first) = (seed..kinds).find(fits) else { return 1 };
        #[expect(clippy::cast_possible_truncation, reason = "at most WORDS_MAX words")]
        let words = (room / 64 + 1) as usize;
        self.reach.clear();
        self.reach.resize((kinds - first + 1) * words, 0);
        self.reach[(kinds - first) * words] = 1;
        let mut steps = 0;
        for at in (first..kinds).rev() {
            let (own, next) = self.reach.split_at_mut((at - first + 1) * words);
            let own = &mut own[(at - first) * words..];
            own.copy_from_slice(&next[..words]);
            let mut copies = u64::from(left[at]).min(room / self.units[at].max(1));
            let mut piece = 1;
            while copies > 0 {
                let taken = piece.min(copies);
                join_moved(own, self.units[at] * taken, &mut self.moved);
                copies -= taken;
                piece *= 2;
                steps += words as u64;
            }
        }
        let Some(best) = highest(&self.reach[..words], room) else { return steps };
        // Still to be filled, at most and at least.
        let (mut most, mut least) = (room, best.saturating_sub(slack));
        for at in first..kinds {
            let unit = self.units[at];
            let next = &self.reach[(at - first + 1) * words..(at - first + 2) * words];
            let copies_max = u64::from(left[at]).min(most / unit.max(1));
            let closes = |copies: &u64| {
                let most = most - copies * unit;
                highest(next, most).is_some_and(|sum| sum + copies * unit >= least)
            };
            if let Some(copies) = (0..=copies_max).rev().find(closes) {
                if copies > 0 {
                    most -= copies * unit;
                    least = least.saturating_sub(copies * unit);
                    #[expect(clippy::cast_possible_truncation, reason = "at most a u32 count")]
                    match pattern.last_mut() {
                        Some(last) if last.0 == at => last.1 += copies as u32,
                        _ => pattern.push((at, copies as u32)),
                    }
                }
            }
        }
        steps + kinds as u64
    }
}

/// Joins a set of sums with itself moved up by `by`. Sums beyond the last word fall away.
fn join_moved(sums: &mut [u64], by: u64, moved: &mut Vec<u64>) {
    let (Ok(words), bits) = (usize::try_from(by / 64), by % 64) else { return };
    if words >= sums.len() {
        return;
    }
    moved.clear();
    moved.extend_from_slice(&sums[..sums.len() - words]);
    let mut carry = 0;
    for (sum, from) in sums[words..].iter_mut().zip(moved.iter()) {
        *sum |= (from << bits) | carry;
        carry = if bits == 0 { 0 } else { from >> (64 - bits) };
    }
}

/// The greatest member that is at most `room`.
fn highest(sums: &[u64], room: u64) -> Option<u64> {
    let words = usize::try_from(room / 64).map_or(sums.len(), |last| sums.len().min(last + 1));
    for (at, word) in sums[..words].iter().enumerate().rev() {
        let base = at as u64 * 64;
        let masked = if room >= base + 63 { *word } else { *word & ((2u64 << (room - base)) - 1) };
        if masked != 0 {
            return Some(base + 63 - u64::from(masked.leading_zeros()));
        }
    }
    None
}

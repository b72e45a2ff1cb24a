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

use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::refill;
use super::search::Search;
use crate::select::draw::Draws;

/// Words that the table of reachable sums may have; a finer one is made coarser by rounding sizes up.
const WORDS_MAX: u64 = 1 << 22;

/// Waste that a bin may have in each pass of [`run`], in halves of the mean.
const PASSES: [u128; 3] = [4, 0, 2];

/// Whether [`run`] can do anything for a problem.
pub(super) fn suits(problem: &Problem) -> bool {
    problem.is_classic() && problem.width() == 1 && problem.kinds() > 0
}

/// Fills a classic problem of one dimension in a few passes, offers what they find, and works on the best of them.
pub(super) fn run(problem: &Problem, seed: u64, search: &mut Search<'_>) {
    if !suits(problem) {
        return;
    }
    let kinds = Sorted::new(problem, &problem.kinds.count);
    let mut fill = Fill::default();
    let mut draws = Draws::new(seed, 0);
    let mut best: Option<(u64, Vec<Filling>)> = None;
    let mut spent = 0;
    for share in PASSES {
        let (fillings, steps) = kinds.fillings(&mut fill, problem, (Preference::Largest, share), &mut draws);
        let bins = fillings.iter().map(|filling| filling.bins).sum();
        search.offer(problem, Packing { patterns: kinds.patterns(fillings.clone()) });
        if best.as_ref().is_none_or(|&(least, _)| bins < least) {
            best = Some((bins, fillings));
        }
        spent += steps;
        if !search.step(steps) {
            return;
        }
    }
    if let Some((_, fillings)) = best.filter(|(bins, _)| *bins > 1) {
        refill::run(problem, &kinds, fillings, (&mut fill, &mut draws), spent, search);
    }
}

/// Kinds of a problem with copies left, largest first.
#[derive(Debug)]
pub(super) struct Sorted {
    /// Which they are.
    kinds: Vec<u32>,
    /// Size of each; items without size are in no list.
    sizes: Vec<u64>,
    /// Copies left of each.
    counts: Vec<u64>,
    /// Kinds without size, and copies left.
    free: Vec<(u32, u64)>,
}

impl Sorted {
    /// Of so many copies of each kind.
    pub(super) fn new(problem: &Problem, counts: &[u64]) -> Self {
        let mut all: Vec<(u64, u32, u64)> = (0u32..)
            .zip(counts)
            .filter(|(_, left)| **left > 0)
            .map(|(kind, left)| (problem.demand(kind)[0], kind, *left))
            .collect();
        all.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let free = all.iter().filter(|entry| entry.0 == 0).map(|entry| (entry.1, entry.2)).collect();
        all.retain(|entry| entry.0 > 0);
        Self {
            kinds: all.iter().map(|entry| entry.1).collect(),
            sizes: all.iter().map(|entry| entry.0).collect(),
            counts: all.iter().map(|entry| entry.2).collect(),
            free,
        }
    }

    /// How many kinds have a size.
    pub(super) fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Size of one copy of the kind at a place.
    pub(super) fn size(&self, at: usize) -> u64 {
        self.sizes[at]
    }

    /// Packs them into bins of the first type. Returns the steps it took, too.
    #[cfg(feature = "lp")]
    pub(super) fn fill(
        &self,
        fill: &mut Fill,
        problem: &Problem,
        how: (Preference, u128),
        draws: &mut Draws,
    ) -> (Vec<Pattern>, u64) {
        let (fillings, steps) = self.fillings(fill, problem, how, draws);
        (self.patterns(fillings), steps)
    }

    /// Fillings of bins of the first type with all that has a size, kinds by their places here, and steps.
    pub(super) fn fillings(
        &self,
        fill: &mut Fill,
        problem: &Problem,
        how: (Preference, u128),
        draws: &mut Draws,
    ) -> (Vec<Filling>, u64) {
        fill.run(&self.sizes, &self.counts, problem.capacity(0)[0], how, draws)
    }

    /// The same with so many copies of each only, which are few of few kinds.
    pub(super) fn refill(
        &self,
        fill: &mut Fill,
        problem: &Problem,
        counts: &[u64],
        how: (Preference, u128),
        draws: &mut Draws,
    ) -> (Vec<Filling>, u64) {
        let (places, counts): (Vec<usize>, Vec<u64>) =
            counts.iter().copied().enumerate().filter(|&(_, count)| count > 0).unzip();
        let sizes: Vec<u64> = places.iter().map(|&at| self.sizes[at]).collect();
        let (mut fillings, steps) = fill.run(&sizes, &counts, problem.capacity(0)[0], how, draws);
        for filling in &mut fillings {
            filling.pattern.iter_mut().for_each(|(kind, _)| *kind = places[*kind]);
        }
        (fillings, steps)
    }

    /// Fillings as patterns of the problem, with what has no size in one of the bins.
    pub(super) fn patterns(&self, fillings: Vec<Filling>) -> Vec<Pattern> {
        let mut patterns: Vec<Pattern> = fillings
            .into_iter()
            .map(|filling| Pattern {
                bin_type: 0,
                count: filling.bins,
                content: filling.pattern.into_iter().map(|(at, copies)| (self.kinds[at], copies)).collect(),
            })
            .collect();
        if !self.free.is_empty() {
            // Anywhere will do: one bin of those there are, or of its own.
            let mut host = match patterns.last_mut() {
                Some(last) if last.count == 1 => patterns.pop(),
                Some(last) => {
                    last.count -= 1;
                    Some(Pattern { count: 1, ..last.clone() })
                }
                None => None,
            }
            .unwrap_or(Pattern { bin_type: 0, count: 1, content: Vec::new() });
            host.content.extend_from_slice(&self.free);
            patterns.push(host);
        }
        patterns
    }
}

/// A filling and how many bins have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filling {
    /// Kind and copies; the kind that opened the bin first.
    pub(crate) pattern: Vec<(usize, u64)>,
    /// Bins filled so.
    pub(crate) bins: u64,
}

/// How a pass chooses among fillings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preference {
    /// The most of the largest kind, then of the next.
    Largest,
    /// The most of kinds in an order drawn anew for each bin.
    Drawn,
    /// The same, but larger kinds tend to come first: sizes are multiplied by a draw from one to five.
    Mixed,
}

/// Memory of the fill, to be used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fill {
    /// Reachable sums of the kinds from each place of the order on, [order + 1 × words].
    reach: Vec<u64>,
    /// Sizes in units of the table, rounded up.
    units: Vec<u64>,
    /// Kinds that may close a bin, most wanted first.
    order: Vec<usize>,
    /// Bits moved up, before they are joined.
    moved: Vec<u64>,
}

impl Fill {
    /// Packs all items into bins of one capacity. `sizes` descend and are above zero; `counts` are copies of each. Items larger
    /// than the capacity are left out. A bin may waste `share` halves of what bins can waste in the mean, if that suits the
    /// preference. Returns the fillings in the order they were made, and the steps it took.
    ///
    /// Cost: for each different filling, kinds × capacity / 64 words, and as much memory.
    pub(crate) fn run(
        &mut self,
        sizes: &[u64],
        counts: &[u64],
        capacity: u64,
        (preference, share): (Preference, u128),
        draws: &mut Draws,
    ) -> (Vec<Filling>, u64) {
        let mut left = counts.to_vec();
        let mut fillings = Vec::new();
        let mut steps = 0;
        // A table of at most WORDS_MAX words: `grain` sizes to a unit.
        let widest = (WORDS_MAX / (sizes.len() as u64 + 1)).max(1) * 64;
        let grain = capacity / widest + 1;
        self.units.clear();
        self.units.extend(sizes.iter().map(|size| size.div_ceil(grain)));
        let room = capacity / grain;
        let mut total: u128 =
            left.iter().zip(&self.units).map(|(left, unit)| u128::from(*left) * u128::from(*unit)).sum();
        let mut first = 0;
        while let Some(seed) = (first..sizes.len()).find(|at| left[*at] > 0) {
            first = seed;
            if sizes[seed] > capacity {
                total -= u128::from(left[seed]) * u128::from(self.units[seed]);
                left[seed] = 0;
                continue;
            }
            let bins = total.div_ceil(u128::from(room.max(1))).max(1);
            let spare = (bins * u128::from(room)).saturating_sub(total);
            let slack = u64::try_from(spare * share / (2 * bins)).unwrap_or(u64::MAX);
            left[seed] -= 1;
            let mut pattern = vec![(seed, 1)];
            // Rounded up, a single item may exceed the room that rounding down left; alone it fits all the same.
            let rest = room.saturating_sub(self.units[seed]);
            self.rank(seed, rest, &left, preference, draws);
            steps += self.close(rest, slack, &left, &mut pattern);
            left[seed] += 1;
            let bins = pattern.iter().map(|(kind, copies)| left[*kind] / copies).min().unwrap_or(1);
            for (kind, copies) in &pattern {
                left[*kind] -= copies * bins;
                total -= u128::from(copies * bins) * u128::from(self.units[*kind]);
            }
            fillings.push(Filling { pattern, bins });
        }
        (fillings, steps)
    }

    /// Puts the kinds that fit into `room`, from `seed` on, in the order of preference.
    fn rank(&mut self, seed: usize, room: u64, left: &[u64], preference: Preference, draws: &mut Draws) {
        self.order.clear();
        self.order.extend((seed..self.units.len()).filter(|at| self.units[*at] <= room && left[*at] > 0));
        match preference {
            Preference::Largest => {}
            Preference::Drawn => {
                for at in (1..self.order.len()).rev() {
                    self.order.swap(at, draws.below(at + 1));
                }
            }
            Preference::Mixed => {
                let units = &self.units;
                let mut drawn = |at: &usize| u128::from(units[*at]) * (1000 + draws.below(4001) as u128);
                self.order.sort_by_cached_key(|at| core::cmp::Reverse(drawn(at)));
            }
        }
    }

    /// Adds to `pattern` the most preferred filling of `room` that leaves at most `slack` more than the best. Returns steps.
    fn close(&mut self, room: u64, slack: u64, left: &[u64], pattern: &mut Vec<(usize, u64)>) -> u64 {
        let kinds = self.order.len();
        #[expect(clippy::cast_possible_truncation, reason = "at most WORDS_MAX words")]
        let words = (room / 64 + 1) as usize;
        self.reach.clear();
        self.reach.resize((kinds + 1) * words, 0);
        self.reach[kinds * words] = 1;
        let mut steps = 1;
        for (at, kind) in self.order.iter().enumerate().rev() {
            let (own, next) = self.reach.split_at_mut((at + 1) * words);
            let own = &mut own[at * words..];
            own.copy_from_slice(&next[..words]);
            let mut copies = left[*kind].min(room / self.units[*kind].max(1));
            let mut piece = 1;
            while copies > 0 {
                let taken = piece.min(copies);
                join_moved(own, self.units[*kind] * taken, &mut self.moved);
                copies -= taken;
                piece *= 2;
                steps += words as u64;
            }
        }
        let Some(best) = highest(&self.reach[..words], room) else { return steps };
        // Still to be filled, at most and at least.
        let (mut most, mut least) = (room, best.saturating_sub(slack));
        for (at, kind) in self.order.iter().enumerate() {
            let unit = self.units[*kind];
            let next = &self.reach[(at + 1) * words..(at + 2) * words];
            let copies_max = left[*kind].min(most / unit.max(1));
            let closes = |copies: &u64| {
                let taken = copies * unit;
                highest(next, most - taken).is_some_and(|sum| sum + taken >= least)
            };
            let copies = (0..=copies_max).rev().find(closes).unwrap_or(0);
            if copies > 0 {
                most -= copies * unit;
                least = least.saturating_sub(copies * unit);
                match pattern.iter_mut().find(|entry| entry.0 == *kind) {
                    Some(entry) => entry.1 += copies,
                    None => pattern.push((*kind, copies)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills, checks that every item is packed once and no bin is too full, and returns the bins.
    fn bins(sizes: &[u64], counts: &[u64], capacity: u64, how: (Preference, u128)) -> u64 {
        let (fillings, _) = Fill::default().run(sizes, counts, capacity, how, &mut Draws::new(1, 0));
        let mut packed = vec![0; sizes.len()];
        for filling in &fillings {
            let load: u64 = filling.pattern.iter().map(|(kind, copies)| sizes[*kind] * copies).sum();
            assert!(load <= capacity, "{load} in {capacity}");
            filling.pattern.iter().for_each(|(kind, copies)| packed[*kind] += copies * filling.bins);
        }
        assert_eq!(packed, counts);
        fillings.iter().map(|filling| filling.bins).sum()
    }

    #[test]
    fn a_bin_is_filled_exactly_where_that_is_possible() {
        // First fit decreasing takes 7 and 2 and leaves 1; then 5 and 4, and 3 and 3 and 3 alone.
        for preference in [Preference::Largest, Preference::Drawn, Preference::Mixed] {
            assert_eq!(bins(&[7, 5, 4, 3, 2], &[1, 1, 1, 3, 1], 10, (preference, 0)), 3);
        }
    }

    #[test]
    fn everything_is_packed_whatever_the_sizes() {
        let mut draws = Draws::new(2, 0);
        for round in 0..200 {
            // Every other capacity is so large that the table is made coarser.
            let scale = [1, 1 << 30][round % 2];
            let mut sizes: Vec<u64> = (0..1 + draws.below(30)).map(|_| (1 + draws.below(100)) as u64 * scale).collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            sizes.dedup();
            let counts: Vec<u64> = sizes.iter().map(|_| 1 + draws.below(5) as u64).collect();
            let total: u64 = sizes.iter().zip(&counts).map(|(size, count)| size * count).sum();
            for how in
                [(Preference::Largest, 0), (Preference::Largest, 4), (Preference::Drawn, 3), (Preference::Mixed, 7)]
            {
                let bins = bins(&sizes, &counts, 100 * scale, how);
                assert!(bins >= total.div_ceil(100 * scale) && bins <= counts.iter().sum());
            }
        }
    }

    #[test]
    fn an_item_as_large_as_the_bin_has_one_to_itself() {
        let capacity = (1 << 40) - 1;
        assert_eq!(bins(&[capacity, 1], &[3, 1], capacity, (Preference::Largest, 0)), 4);
    }
}

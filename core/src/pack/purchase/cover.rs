//! The cheapest bins that have all amounts, whole bins at a time: a bound that counts in instances, where few are needed.
//!
//! Whatever packs all items has, in each lane, at least what they take together. The cheapest multiset of types that has so much
//! is found exactly, by a table over what is still to be covered: an unbounded knapsack in several dimensions. Amounts count in
//! units, the *grain*: demands and capacities alike are rounded down to it, which only makes packing easier as no bin holds
//! more whole units of demand than of capacity. So any grain gives a bound that holds, and the table is as small as the units
//! are large.
//!
//! Source: Kellerer, Pferschy, Pisinger, "Knapsack Problems", 2004, chapters 8 and 9 (unbounded and several dimensions), with the
//! covering form in place of the packing one.

use alloc::vec;
use alloc::vec::Vec;

use super::apart;
use super::relax;
use super::types::Market;
use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// Most that is done for a table: cells × types × lanes.
const WORK_MAX: u64 = 1 << 25;
/// Most cells of a table: 32 MiB.
const CELLS_MAX: u64 = 1 << 22;
/// Part of the steps left that tables may take.
const SHARE: u64 = 4;
/// Looks at a cell that are about the work of a step.
const LOOKS: u64 = 16;
/// Grains that are tried; for the mix in fractions, where there are many types.
const GRAINS_MAX: usize = 6;
/// Types up to which the mix in fractions is worked out in all grains that are known.
const TYPES_FEW: usize = 64;
/// Kinds up to which there is another grain than the divisor of all.
const GRAINS_KINDS_MAX: usize = 4096;
/// Grains that are known before the best of them are chosen.
const GRAINS_KNOWN_MAX: usize = 64;

/// The greatest common divisor; of 0 and a number, that number.
const fn common(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// A unit for each lane, and what the items take together in these units, each rounded down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grain {
    /// Units; 0 for a lane that does not count. `[lanes]`
    pub(super) units: Vec<u64>,
    /// What all items take, less what bins that cost nothing have. `[lanes]`
    pub(super) total: Vec<u128>,
}

impl Grain {
    /// What so much is in whole units.
    pub(super) fn of(&self, lane: usize, amount: u64) -> u64 {
        amount.checked_div(self.units[lane]).unwrap_or(0)
    }

    /// With these units.
    fn new(problem: &Problem, market: &Market, units: Vec<u64>) -> Self {
        let mut grain = Self { total: Vec::new(), units };
        grain.total = grain.without(problem, market, &[]);
        grain
    }

    /// What the items of all kinds but some take together, less what bins that cost nothing have. `[lanes]`
    pub(super) fn without(&self, problem: &Problem, market: &Market, kinds: &[u32]) -> Vec<u128> {
        let mut total = vec![0; self.units.len()];
        for (kind, &count) in (0_u32..).zip(&problem.kinds.count).filter(|(kind, _)| !kinds.contains(kind)) {
            for (lane, &amount) in market.demand(kind).iter().enumerate() {
                total[lane] += u128::from(self.of(lane, amount)) * u128::from(count);
            }
        }
        for &bin_type in &market.free {
            for (lane, &has) in market.useful(bin_type).iter().enumerate() {
                let has = u128::from(self.of(lane, has)) * u128::from(problem.limit(bin_type).unwrap_or(0));
                total[lane] = u128::saturating_sub(total[lane], has);
            }
        }
        total
    }
}

/// Grains worth trying: greatest common divisors of demands, those first that most items are multiples of. The divisor of all
/// is the first; as all of them are kept when an item is added, what they bound does not fall by it.
pub(super) fn grains(problem: &Problem, market: &Market) -> Vec<Grain> {
    let lanes = market.lanes();
    let mut known: Vec<Vec<u64>> = Vec::new();
    let mut all = vec![0_u64; lanes];
    let is_few = problem.kinds() <= GRAINS_KINDS_MAX;
    for demand in market.demands().chunks_exact(lanes) {
        all.iter_mut().zip(demand).for_each(|(unit, &amount)| *unit = common(*unit, amount));
        if !is_few || known.len() >= GRAINS_KNOWN_MAX {
            continue;
        }
        let meet = |units: &Vec<u64>| units.iter().zip(demand).map(|(&unit, &amount)| common(unit, amount)).collect();
        let met: Vec<Vec<u64>> = known.iter().map(meet).collect();
        for units in met.into_iter().chain([demand.to_vec()]) {
            if known.len() < GRAINS_KNOWN_MAX && !known.contains(&units) {
                known.push(units);
            }
        }
    }
    if !known.contains(&all) {
        known.push(all);
    }
    let is_multiple = |amount: u64, unit: u64| amount.checked_rem(unit).unwrap_or(amount) == 0;
    let multiples = |units: &Vec<u64>| -> u128 {
        let kinds = market.demands().chunks_exact(lanes).zip(&problem.kinds.count);
        let whole =
            kinds.filter(|(demand, _)| demand.iter().zip(units).all(|(&amount, &unit)| is_multiple(amount, unit)));
        whole.map(|(_, &count)| u128::from(count)).sum()
    };
    // Of equal ones the finest.
    known.sort_by_cached_key(|units| (core::cmp::Reverse(multiples(units)), units.clone()));
    known.truncate(if market.priced.len() <= TYPES_FEW { GRAINS_KNOWN_MAX } else { GRAINS_MAX });
    known.into_iter().map(|units| Grain::new(problem, market, units)).collect()
}

/// A lower bound on the cost of all items, in millionths; 0 where the tables would be too large. Types that are limited take
/// part as if they were not.
///
/// # Cost
/// Cells × types × lanes for each grain, at most a quarter of the steps left.
pub(super) fn cover(problem: &Problem, market: &Market, grains: &[Grain], search: &mut Search<'_>) -> u128 {
    if market.priced.iter().any(|&bin_type| problem.cost(bin_type) == 0) {
        return 0;
    }
    let grains = &grains[..grains.len().min(GRAINS_MAX)];
    let mut work = Work { left: WORK_MAX.min((search.steps_left() / SHARE).saturating_mul(LOOKS)) };
    let mut best = 0;
    for table in grains.iter().filter_map(|grain| Table::new(problem, market, grain)) {
        best = best.max(work.least(&table, search));
    }
    // Afterwards, so that these keep what they were whatever is left for those.
    u128::from(best.max(apart::cover(problem, market, grains, &mut work, search)))
}

/// Looks that tables may still take.
#[derive(Debug)]
pub(super) struct Work {
    /// Looks.
    left: u64,
}

impl Work {
    /// Takes so many looks, if there are so many left and the caller goes on.
    pub(super) fn take(&mut self, looks: u64, search: &mut Search<'_>) -> bool {
        let Some(left) = self.left.checked_sub(looks).filter(|_| !search.is_stopped()) else { return false };
        self.left = left;
        search.step(looks / LOOKS);
        true
    }

    /// What covering everything in a table costs at least; 0 where that would take too long, or cannot be.
    pub(super) fn least(&mut self, table: &Table, search: &mut Search<'_>) -> u64 {
        if self.take(table.work(), search) { table.fill().unwrap_or(0) } else { 0 }
    }
}

/// What is to be covered, by what.
#[derive(Debug)]
pub(super) struct Table {
    /// Units to be covered in each lane that counts.
    wanted: Vec<usize>,
    /// Units of each type in these lanes, none more than is wanted, and its cost.
    types: Vec<(Vec<usize>, u64)>,
    /// Cells.
    cells: usize,
}

impl Table {
    /// A table; `None` for one that nobody could fill.
    fn new(problem: &Problem, market: &Market, grain: &Grain) -> Option<Self> {
        let lanes: Vec<usize> = (0..market.lanes()).filter(|&lane| grain.total[lane] > 0).collect();
        let mut table = Self::wanting(lanes.iter().map(|&lane| grain.total[lane]))?;
        for &bin_type in &market.priced {
            let has = market.useful(bin_type);
            table.add(lanes.iter().map(|&lane| grain.of(lane, has[lane])), problem.cost(bin_type));
        }
        Some(table)
    }

    /// A table without types; `None` for one that nobody could fill.
    pub(super) fn wanting(units: impl Iterator<Item = u128>) -> Option<Self> {
        let mut wanted = Vec::new();
        let mut cells = 1_usize;
        for units in units {
            let units = usize::try_from(units).ok().filter(|&units| units as u64 <= CELLS_MAX)?;
            cells = cells.checked_mul(units + 1).filter(|&cells| cells as u64 <= CELLS_MAX)?;
            wanted.push(units);
        }
        Some(Self { wanted, types: Vec::new(), cells })
    }

    /// Adds a type by its units in each lane, none cheaper than those before it. One that has no more than one before it is
    /// never needed.
    pub(super) fn add(&mut self, units: impl Iterator<Item = u64>, cost: u64) {
        let clipped = |(units, &wanted): (u64, &usize)| usize::try_from(units).unwrap_or(usize::MAX).min(wanted);
        let units: Vec<usize> = units.zip(&self.wanted).map(clipped).collect();
        let is_covered = |other: &(Vec<usize>, u64)| other.0.iter().zip(&units).all(|(other, own)| other >= own);
        if units.iter().any(|&units| units > 0) && !self.types.iter().any(is_covered) {
            self.types.push((units, cost));
        }
    }

    /// About what fractions of bins that cover everything cost. It guides, and proves nothing.
    pub(super) fn fractions(&self) -> f64 {
        let share = |(&units, &wanted): (&usize, &usize)| units as f64 / wanted.max(1) as f64;
        let unit = self.types.iter().map(|(_, cost)| *cost).fold(1, u64::max) as f64;
        let row = |(units, cost): &(Vec<usize>, u64)| {
            (units.iter().zip(&self.wanted).map(share).collect(), *cost as f64 / unit)
        };
        let rows: Vec<(Vec<f64>, f64)> = self.types.iter().map(row).collect();
        relax::dearest(&rows, self.wanted.len()).iter().sum::<f64>() * unit
    }

    /// How many types it has.
    pub(super) fn types(&self) -> usize {
        self.types.len()
    }

    /// Looks that filling it takes.
    fn work(&self) -> u64 {
        (self.cells as u64).saturating_mul(self.types.len() as u64).saturating_mul(self.wanted.len() as u64)
    }

    /// The least cost that covers everything; `None` where nothing does, or the cost is too large to be told.
    fn fill(&self) -> Option<u64> {
        let mut least = vec![u64::MAX; self.cells];
        *least.first_mut()? = 0;
        // What is to be covered in the cell, counted up like the digits of a number, the last lane first.
        let mut at = vec![0_usize; self.wanted.len()];
        for cell in 1..self.cells {
            for (digit, &wanted) in at.iter_mut().zip(&self.wanted).rev() {
                *digit += 1;
                if *digit <= wanted {
                    break;
                }
                *digit = 0;
            }
            let mut cheapest = u64::MAX;
            for (has, cost) in &self.types {
                let mut rest = 0;
                for ((&at, &has), &wanted) in at.iter().zip(has).zip(&self.wanted) {
                    rest = rest * (wanted + 1) + at.saturating_sub(has);
                }
                // A type that covers nothing of it leads back to the cell itself, which is not known yet.
                cheapest = cheapest.min(least[rest].saturating_add(*cost));
            }
            least[cell] = cheapest;
        }
        least.last().copied().filter(|&cost| cost < u64::MAX)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn whole_bins_cost_more_than_fractions() {
        // Two for 3 or five for 7; in fractions 10 would cost 14 as well, but 6 no more than 8.4.
        let types = vec![(vec![2], 3), (vec![5], 7)];
        let table = |wanted| Table { wanted: vec![wanted], types: types.clone(), cells: wanted + 1 };
        let costs = [0, 3, 3, 6, 6, 7, 9, 10, 12, 13, 14];
        for (wanted, cost) in costs.into_iter().enumerate() {
            assert_eq!(table(wanted).fill(), Some(cost), "{wanted}");
        }
    }

    #[test]
    fn lanes_are_covered_together() {
        let types = [(vec![4, 1], 10), (vec![1, 4], 10), (vec![3, 3], 14)];
        let table = |one: usize, other: usize| Table {
            wanted: vec![one, other],
            types: types.iter().map(|(has, cost)| (vec![has[0].min(one), has[1].min(other)], *cost)).collect(),
            cells: (one + 1) * (other + 1),
        };
        // All ways to take up to three of each, tried out.
        for (one, other) in [(0, 0), (4, 1), (3, 3), (5, 5), (4, 4), (7, 2), (8, 8), (0, 9), (6, 6)] {
            let ways = (0..64_usize).map(|way| [way % 4, way / 4 % 4, way / 16]);
            let covers = |way: &[usize; 3]| {
                let has = |lane: usize| (0..3).map(|at| way[at] * types[at].0[lane]).sum::<usize>();
                has(0) >= one && has(1) >= other
            };
            let cost = |way: [usize; 3]| (0..3).map(|at| way[at] as u64 * types[at].1).sum::<u64>();
            assert_eq!(table(one, other).fill(), ways.filter(covers).map(cost).min(), "{one} {other}");
        }
    }

    #[test]
    fn grains_are_divisors_and_the_one_of_all_comes_first() {
        let mut builder = Problem::builder(["cpu", "memory"]).unwrap();
        let types = [("small", [95_690, 95_690]), ("large", [200_000, 180_000])];
        for (at, (id, capacity)) in types.iter().enumerate() {
            let cost = 1_000_000 + at as u64;
            builder.add_type(&crate::pack::BinType::new(id, capacity).with_cost(cost)).unwrap();
        }
        for (demand, count) in [([2000, 3000], 5), ([3000, 6000], 4), ([690, 0], 1)] {
            builder.add_item(&crate::pack::Item::new("", &demand).with_count(count)).unwrap();
        }
        let problem = builder.build().unwrap();
        let watch = &mut |_: &crate::pack::Progress| core::ops::ControlFlow::Continue(());
        let mut search = Search::new(1 << 20, watch);
        let market = Market::new(&problem, &mut search);
        let grains = grains(&problem, &market);
        assert_eq!(grains[0].units, [10, 3000]);
        assert_eq!((&grains[1].units, &grains[1].total), (&vec![1000, 3000], &vec![22, 13]));
    }
}

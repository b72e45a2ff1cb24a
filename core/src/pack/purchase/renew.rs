//! Parts of a packing given back and bought anew, at prices disturbed a little.

use alloc::vec;
use alloc::vec::Vec;

use super::buy;
use super::fill::{Filler, Lot};
use super::prices::{Prices, amount};
use super::types::Market;
use crate::pack::packing::{Packing, Pattern};
use crate::pack::problem::Problem;
use crate::pack::search::Search;
use crate::select::draw::Draws;

/// Most bins given back at once.
const BINS_MAX: usize = 8;
/// Most types that cost nothing and hold nothing that are tried for a part.
const FREE_MAX: usize = 4;
/// Values a disturbance has.
const STEPS: usize = 1024;
/// Patterns above which equal ones are brought together.
const MERGE_EVERY: usize = 512;

/// A packing at work.
struct Work<'p> {
    problem: &'p Problem,
    /// Patterns; those of no bins are gone.
    patterns: Vec<Pattern>,
    /// Bins of each type. `[types]`
    used: Vec<u64>,
}

/// Renews parts of a packing until so many steps are used, and offers each that is better.
pub(super) fn run(
    problem: &Problem,
    market: &Market,
    prices: &Prices,
    start: Packing,
    seed: u64,
    until: u64,
    search: &mut Search<'_>,
) {
    let mut draws = Draws::new(seed, 1);
    let mut filler = Filler::default();
    let mut work = Work { problem, used: vec![0; problem.types()], patterns: Vec::new() };
    work.load(start);
    let mut lots: Vec<Lot> = Vec::new();
    while !search.is_over() && search.steps() < until && !work.patterns.is_empty() {
        let drawn = work.draw(prices, &mut draws);
        lots.clear();
        work.waiting(&mut lots);
        let (mut cost, waiting) = (0_u128, lots.iter().map(|lot| lot.left).sum::<u64>());
        let mut free: Vec<u32> = Vec::new();
        for &at in &drawn {
            let pattern = &work.patterns[at];
            cost += u128::from(problem.cost(pattern.bin_type));
            work.used[pattern.bin_type as usize] -= 1;
            if problem.cost(pattern.bin_type) == 0 && problem.limit(pattern.bin_type).is_some() {
                free.push(pattern.bin_type);
            }
            for &(kind, number) in &pattern.content {
                match lots.iter_mut().find(|lot| lot.kind == kind) {
                    Some(lot) => lot.left += number,
                    None => lots.push(Lot { kind, left: number, price: 0.0 }),
                }
            }
        }
        for _ in 0..FREE_MAX.min(market.free.len()) {
            free.push(market.free[draws.below(market.free.len())]);
        }
        free.sort_unstable();
        free.dedup();
        disturb(market, prices, &mut lots, &mut draws);
        let before = work.used.clone();
        // A part is small: it is bought to its end, and counted then.
        let mut steps = drawn.len() as u64;
        let mut count = |more: u64| {
            steps = steps.saturating_add(more);
            true
        };
        let used = &mut work.used;
        let bought = buy::some(problem, market, &market.priced, &free, &mut lots, used, &mut filler, &mut count);
        search.step(steps.saturating_add(core::mem::take(&mut filler.steps)));
        let left: u64 = lots.iter().map(|lot| lot.left).sum();
        let price: u128 = bought.iter().map(|p| u128::from(problem.cost(p.bin_type)) * u128::from(p.count)).sum();
        if (left, price) > (waiting, cost) {
            work.used = before;
            for &at in &drawn {
                work.used[work.patterns[at].bin_type as usize] += 1;
            }
            continue;
        }
        let is_better = (left, price) < (waiting, cost);
        for &at in &drawn {
            work.patterns[at].count -= 1;
        }
        work.patterns.retain(|pattern| pattern.count > 0);
        work.patterns.extend(bought);
        if is_better {
            let packing = Packing { patterns: core::mem::take(&mut work.patterns) }.normalized();
            search.offer(problem, packing.clone());
            work.load(packing);
        } else if work.patterns.len() > MERGE_EVERY && work.patterns.len() > 2 * drawn.len() {
            let patterns = core::mem::take(&mut work.patterns);
            work.patterns = Packing { patterns }.normalized().patterns;
        }
    }
}

impl Work<'_> {
    /// Starts from a packing.
    fn load(&mut self, packing: Packing) {
        self.patterns = packing.patterns;
        self.used.fill(0);
        for pattern in &self.patterns {
            self.used[pattern.bin_type as usize] += pattern.count;
        }
    }

    /// Items that are in no bin.
    fn waiting(&self, lots: &mut Vec<Lot>) {
        let mut missing = self.problem.kinds.count.clone();
        for pattern in &self.patterns {
            for &(kind, number) in &pattern.content {
                missing[kind as usize] -= number * pattern.count;
            }
        }
        let waiting = (0_u32..).zip(missing).filter(|&(_, left)| left > 0);
        lots.extend(waiting.map(|(kind, left)| Lot { kind, left, price: 0.0 }));
    }

    /// Bins to give back, as patterns, one for each bin: half of the time those whose content is worth least for their cost.
    fn draw(&self, prices: &Prices, draws: &mut Draws) -> Vec<usize> {
        let wanted = 1 + draws.below(BINS_MAX);
        let is_worst = draws.below(2) == 0;
        let mut drawn: Vec<usize> = Vec::with_capacity(wanted);
        for _ in 0..4 * wanted {
            if drawn.len() == wanted {
                break;
            }
            let pick = |draws: &mut Draws| draws.below(self.patterns.len());
            let mut at = pick(draws);
            if is_worst {
                for _ in 0..2 {
                    let other = pick(draws);
                    if self.rate(other, prices) < self.rate(at, prices) {
                        at = other;
                    }
                }
            }
            let taken = drawn.iter().filter(|&&known| known == at).count() as u64;
            if taken < self.patterns[at].count {
                drawn.push(at);
            }
        }
        drawn
    }

    /// What a bin's content is worth for its cost.
    fn rate(&self, at: usize, prices: &Prices) -> f64 {
        let pattern = &self.patterns[at];
        let worth: f64 = pattern.content.iter().map(|&(kind, n)| prices.kind[kind as usize] * n as f64).sum();
        worth / self.problem.cost(pattern.bin_type).max(1) as f64
    }
}

/// Prices of lots, disturbed.
fn disturb(market: &Market, prices: &Prices, lots: &mut [Lot], draws: &mut Draws) {
    let strength = [0.0, 0.1, 0.3, 1.0][draws.below(4)];
    let mut factor = || 1.0 + strength * (draws.below(STEPS) as f64 / STEPS as f64 - 0.3);
    let unit: Vec<f64> = prices.unit.iter().map(|unit| unit * factor()).collect();
    for lot in lots {
        let price = prices.kind[lot.kind as usize];
        let plain = amount(market.demand(lot.kind), &prices.unit);
        let turned = amount(market.demand(lot.kind), &unit);
        lot.price = if plain > 0.0 { price * turned / plain } else { price } * factor();
    }
}

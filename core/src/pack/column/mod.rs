//! Column generation: a linear bound, and packings rounded from it.
//!
//! The linear relaxation of Gilmore & Gomory chooses among all patterns, that is, all ways to fill one bin, how often each is
//! used. Its value bounds every packing from below, in one dimension nearly always by less than one bin, and rounding its
//! solution finds packings that no local search comes to. The parts, each a file:
//!
//! - [`master`]: the linear programme over the patterns known so far, by revised simplex;
//! - [`knapsack`], [`line`], [`vector`]: pricing, that is, the pattern worth most at the prices of the master;
//! - [`farley`]: from prices to a bound that is true, in integers;
//! - [`generate`]: the loop of the two;
//! - [`dive`]: rounding by fixing patterns one after another, going back where the bound says that it leads nowhere.
//!
//! The master is our own: see "Why a simplex of our own" in `docs/design.md`.

use alloc::vec::Vec;

use self::generate::{Generation, Pricing, Residual, Stock, Target};
use self::line::Line;
use super::problem::Problem;
use super::search::Search;

mod complete;
mod dive;
mod farley;
mod generate;
mod knapsack;
mod line;
mod master;

/// The budget is used up, the caller stopped the run, or the best packing is proven to be the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stopped;

/// Counts steps.
fn spend(search: &mut Search<'_>, steps: u64) -> Result<(), Stopped> {
    if search.step(steps) { Ok(()) } else { Err(Stopped) }
}

/// Kinds of a pattern and copies of each.
type Content = Vec<(u32, u32)>;

/// Works on a problem by column generation: raises the bound, and rounds until the budget is used up.
pub(super) fn run(problem: &Problem, seed: u64, search: &mut Search<'_>) {
    search.enter("column");
    if problem.kinds() > 0 && problem.width() == 1 && problem.is_plain() {
        let line = Line::of(problem);
        let _ = work(problem, line, seed, search);
    }
}

fn work<P: Pricing>(problem: &Problem, pricing: P, seed: u64, search: &mut Search<'_>) -> Result<(), Stopped> {
    #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_TYPES_MAX types")]
    let types = 0..problem.types() as u32;
    let stocks = types.map(|bin| Stock { cost: problem.cost(bin), limit: problem.limit(bin) }).collect();
    let start = Residual { counts: problem.kinds.count.clone(), used: alloc::vec![0; problem.types()] };
    let Some(mut generation) = Generation::new(pricing, stocks, &start.counts) else { return Ok(()) };
    if let Some(best) = search.best() {
        for pattern in &best.patterns {
            let content: Content = pattern.content.iter().map(|&(kind, n)| (kind, u32::try_from(n).unwrap_or(u32::MAX))).collect();
            generation.add(pattern.bin_type as usize, &content);
        }
    }
    let best = search.rank().filter(|(missing, _)| *missing == 0).map_or(u128::MAX, |(_, cost)| cost);
    let relaxation = generation.relax(&start, Target { bound: best, value: 0.0 }, search)?;
    search.raise(relaxation.bound, "column");
    let mut complete = complete::Complete::new(problem);
    dive::dive(problem, &mut generation, start, &mut |residual, search| complete.run(problem, residual, search), seed, search)
}

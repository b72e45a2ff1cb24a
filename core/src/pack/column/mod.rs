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
//! - [`complete`]: what a dive has left, packed quickly;
//! - [`dive`]: rounding by fixing patterns one after another, going back where the bound says that it leads nowhere.
//!
//! The master is our own: see "Why a simplex of our own" in `docs/design.md`.

use alloc::vec;
use alloc::vec::Vec;

use self::complete::Complete;
use self::generate::{Generation, Pricing, Residual, Stock, Target};
use self::line::Line;
use self::vector::{Vectors, dominated};
use super::problem::Problem;
use super::search::Search;
use super::solve::{Bound, Options, Solver};

mod complete;
mod dive;
mod farley;
mod generate;
mod knapsack;
mod line;
mod master;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod oracle;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
mod vector;

/// The budget is used up, the caller stopped the run, or the best packing is proven to be the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stopped;

/// Counts steps.
fn spend(search: &mut Search<'_>, steps: u64) -> Result<(), Stopped> {
    if search.step(steps) { Ok(()) } else { Err(Stopped) }
}

/// Kinds of a pattern and copies of each.
type Content = Vec<(u32, u32)>;

/// Kinds up to which the master is small enough to be worth its cost: its inverse has kinds² numbers.
const KINDS_MAX: usize = 1024;
/// The same where nobody asked for it: more would leave nothing of the budget to local search.
const KINDS_AUTO: usize = 600;
/// Bin types up to which they are compared with one another.
const TYPES_MAX: usize = 4096;

/// Whether column generation is to run.
pub(super) fn is_wanted(problem: &Problem, options: &Options) -> bool {
    let is_asked = options.solver == Solver::Column || options.bound == Bound::Lp;
    // Where bins cost the same and have several dimensions, local search is better at the same time.
    let suits = problem.width() == 1 || problem.types() > 1;
    (1..=KINDS_MAX).contains(&problem.kinds())
        && (1..=TYPES_MAX).contains(&problem.types())
        && (is_asked || (options.solver == Solver::Auto && suits && problem.kinds() <= KINDS_AUTO))
}

/// Works on a problem by column generation: raises the bound, unless the problem `is_dealt`, and rounds until the budget is used
/// up, where a solver that rounds is asked for.
pub(super) fn run(problem: &Problem, is_dealt: bool, options: &Options, search: &mut Search<'_>) {
    let dives = matches!(options.solver, Solver::Auto | Solver::Column).then_some(options.seed);
    priced(problem, !is_dealt, dives, search);
}

/// Raises the bound and no more.
pub(super) fn bound(problem: &Problem, search: &mut Search<'_>) {
    priced(problem, true, None, search);
}

/// The same with the way of pricing that suits the problem.
fn priced(problem: &Problem, raises: bool, dives: Option<u64>, search: &mut Search<'_>) {
    // That it was stopped, the search knows.
    let _ = if problem.width() == 1 && problem.is_plain() {
        work(problem, Line::of(problem), raises, dives, search)
    } else {
        work(problem, Vectors::of(problem), raises, dives, search)
    };
}

/// The same for a way of pricing. Dives with a seed, if there is one.
fn work<P: Pricing>(
    problem: &Problem,
    pricing: P,
    raises: bool,
    dives: Option<u64>,
    search: &mut Search<'_>,
) -> Result<(), Stopped> {
    let types = (0u32..).take(problem.types());
    let stocks = types.map(|bin| Stock { cost: problem.cost(bin), limit: problem.limit(bin) }).collect();
    let start = Residual { counts: problem.kinds.count.clone(), used: vec![0; problem.types()] };
    let dominated = dominated(problem);
    let Some(mut generation) = Generation::new(pricing, stocks, &dominated, &start.counts) else { return Ok(()) };
    for pattern in search.best().iter().flat_map(|best| &best.patterns) {
        let copies = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let content: Content = pattern.content.iter().map(|&(kind, number)| (kind, copies(number))).collect();
        generation.add(pattern.bin_type as usize, &content);
    }
    let best = search.rank().filter(|(missing, _)| *missing == 0).map_or(u128::MAX, |(_, cost)| cost);
    let relaxed = generation.relax(&start, Target { bound: best, value: 0.0 }, search);
    if raises {
        search.raise(generation.proven, "column");
    }
    relaxed?;
    let Some(seed) = dives.filter(|_| !search.is_over() && generation.is_complete()) else { return Ok(()) };
    let mut complete = Complete::new(seed);
    let complete = &mut |residual: &Residual, search: &mut Search<'_>| complete.run(problem, residual, search);
    dive::dive(problem, &mut generation, start, complete, seed, search)
}

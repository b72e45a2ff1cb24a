//! Greedy passes: the first answer, in time that hardly shows.
//!
//! *Item-centric* passes take kinds in decreasing size and put each into the first open bin with room, or into the tightest
//! (first-fit and best-fit decreasing). *Bin-centric* ones fill one bin at a time with the item that suits what is left of it:
//! the largest dot product, or the least distance, in dimensions weighted by how scarce they are (Panigrahy, Talwar, Uyeda,
//! Wieder, "Heuristics for vector bin packing", 2011; Mommessin, Erlebach, Shakhlevich, Computers & OR 2025). Equal items go
//! together and equal bins are filled once, so a pass costs by kinds, not by items.

use alloc::vec;
use alloc::vec::Vec;

use super::bucket::by_bucket;
use super::fit::Fit;
use super::open::OpenBins;
use super::packing::Packing;
use super::problem::Problem;
use super::search::Search;
use super::size::{Measure, Shares};
use super::solve::Solver;

/// Kinds above which passes that may compare every item with every bin are left out, unless one is asked for by name.
const QUADRATIC_KINDS_MAX: usize = 2048;
/// Kinds above which `auto` does not fill bin by bin.
const SAMPLED_KINDS_MAX: usize = 200_000;
/// Kinds between two looks for bins that are full.
const CLOSE_EVERY: usize = 128;

/// Runs the passes of a solver, or all for [`Solver::Auto`], and offers what each finds.
pub(super) fn run(problem: &Problem, solver: Solver, search: &mut Search<'_>) {
    let shares = Shares::new(problem);
    let weights = shares.average(&problem.kinds.count);
    let is_auto = matches!(solver, Solver::Auto | Solver::LocalSearch);
    let is_small = problem.kinds() <= QUADRATIC_KINDS_MAX;
    // A step budget does not cut the passes short; a caller, or a proof, does.
    let is_done = |search: &Search<'_>| search.rank().is_some() && (search.is_stopped() || search.is_optimal());
    if is_auto || !is_small && solver == Solver::BestFit {
        search.enter(Solver::BestFit.as_str());
        let packing = by_bucket(problem, &shares, &weights, search);
        search.offer(problem, packing);
    }
    if is_small && is_auto || solver == Solver::FirstFit {
        search.enter(Solver::FirstFit.as_str());
        let mut measures = vec![Measure::Weighted, Measure::Largest, Measure::Sum, Measure::Product];
        measures.truncate(if problem.width() == 1 { 1 } else { measures.len() });
        for measure in measures {
            if is_done(search) {
                return;
            }
            let packing = by_item(problem, &shares, &weights, measure, false, search);
            search.offer(problem, packing);
        }
    }
    if is_small && (is_auto || solver == Solver::BestFit) {
        search.enter(Solver::BestFit.as_str());
        let mut measures = vec![Measure::Weighted, Measure::Largest, Measure::Sum];
        measures.truncate(if problem.width() == 1 { 1 } else { measures.len() });
        for measure in measures {
            if is_done(search) {
                return;
            }
            let packing = by_item(problem, &shares, &weights, measure, true, search);
            search.offer(problem, packing);
        }
    }
    for (named, fit) in [(Solver::DotProduct, Fit::Dot), (Solver::Distance, Fit::Distance)] {
        if is_auto && problem.kinds() <= SAMPLED_KINDS_MAX || solver == named {
            search.enter(named.as_str());
            let ways: &[bool] = if is_small { &[true, false] } else { &[true] };
            for &is_dynamic in ways {
                if is_done(search) {
                    return;
                }
                let packing = super::fit::by_bin(problem, &shares, &weights, fit, is_dynamic, search);
                search.offer(problem, packing);
            }
        }
    }
}

/// Whether a pass need not go on: somebody stopped it, and there is an answer already.
pub(super) fn is_given_up(search: &Search<'_>) -> bool {
    search.is_stopped() && search.rank().is_some()
}

/// Items in decreasing size, each into the first open bin with room, or the tightest.
fn by_item(
    problem: &Problem,
    shares: &Shares,
    weights: &[f64],
    measure: Measure,
    is_tightest: bool,
    search: &mut Search<'_>,
) -> Packing {
    let order = shares.decreasing(measure, weights);
    let least = least_to_come(problem, &order);
    let width = problem.width();
    let mut open = OpenBins::new(problem);
    let by_worth = types_by_worth(problem, shares, weights);
    for (at, &kind) in order.iter().enumerate() {
        if at % CLOSE_EVERY == 0 {
            open.close(&least[at / CLOSE_EVERY * width..][..width]);
        }
        let count = problem.count(kind);
        let mut left =
            if is_tightest { open.put_tightest(shares, weights, kind, count) } else { open.put_first(kind, count) };
        for &bin_type in &by_worth {
            while left > 0 && problem.is_allowed(kind, bin_type) {
                let put = open.open(bin_type, kind, left);
                if put == 0 {
                    break;
                }
                left -= put;
            }
        }
        search.step(open.take_steps() + 1);
        if is_given_up(search) {
            break;
        }
    }
    open.finish()
}

/// Types, those first that give most for their cost.
pub(super) fn types_by_worth(problem: &Problem, shares: &Shares, weights: &[f64]) -> Vec<u32> {
    let mut order: Vec<(f64, u32)> = (0..)
        .zip(&problem.types.cost)
        .map(|(bin_type, &cost)| {
            let worth = super::size::dot(shares.capacity(bin_type), weights);
            (if cost == 0 { f64::INFINITY } else { worth / cost as f64 }, bin_type)
        })
        .collect();
    order.sort_by(|(one, at), (other, beside)| other.total_cmp(one).then(at.cmp(beside)));
    order.into_iter().map(|(_, bin_type)| bin_type).collect()
}

/// For every so many kinds of an order, the least demand from there on. `[kinds / CLOSE_EVERY + 1, dimensions]`
fn least_to_come(problem: &Problem, order: &[u32]) -> Vec<u64> {
    let width = problem.width();
    let parts = order.len() / CLOSE_EVERY + 1;
    let mut least = vec![u64::MAX; parts * width];
    let mut row = vec![u64::MAX; width];
    for (at, &kind) in order.iter().enumerate().rev() {
        row.iter_mut().zip(problem.demand(kind)).for_each(|(least, &wanted)| *least = (*least).min(wanted));
        if at % CLOSE_EVERY == 0 {
            least[at / CLOSE_EVERY * width..][..width].copy_from_slice(&row);
        }
    }
    least
}

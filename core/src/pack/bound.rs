//! Lower bounds on what a packing costs.
//!
//! Every bound is worked out in integers, so that what is claimed is true.

use alloc::vec::Vec;

use super::packing::Packing;
use super::problem::Problem;
use super::search::Search;

/// Raises the bound of a search by all bounds that take about as long as a greedy pass.
pub(super) fn fast(problem: &Problem, search: &mut Search<'_>) {
    let (bound, name) = best(problem, &problem.kinds.count);
    search.raise(bound, name);
}

/// The bound for the items of a packing alone.
pub(super) fn of_packed(problem: &Problem, packing: &Packing) -> (u128, &'static str) {
    best(problem, &packing.packed(problem))
}

/// The best bound for so many items of each kind, and its name.
fn best(problem: &Problem, counts: &[u64]) -> (u128, &'static str) {
    (rounded(problem, volume(problem, counts)), "volume")
}

/// The least sum of costs of bins that is not below a bound: costs have a greatest common divisor.
fn rounded(problem: &Problem, bound: u128) -> u128 {
    let step = problem.types.cost.iter().fold(0, |step, &cost| greatest_common_divisor(step, cost));
    if step == 0 { bound } else { bound.next_multiple_of(u128::from(step)) }
}

/// The greatest common divisor; of 0 and a number, that number.
const fn greatest_common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// The volume bound: in each dimension, the demand of all items poured into the bins that give most for their cost.
fn volume(problem: &Problem, counts: &[u64]) -> u128 {
    let width = problem.width();
    let mut total = alloc::vec![0_u128; width];
    for (demand, &count) in problem.demands().chunks_exact(width).zip(counts) {
        for (sum, &amount) in total.iter_mut().zip(demand) {
            *sum += u128::from(amount) * u128::from(count);
        }
    }
    let any = counts.iter().any(|&count| count > 0);
    let least =
        if any { (0..).zip(&problem.types.cost).map(|(_, &cost)| u128::from(cost)).min().unwrap_or(0) } else { 0 };
    (0..width).map(|dimension| poured(problem, dimension, total[dimension])).max().unwrap_or(0).max(least)
}

/// What it costs at least to pour so much of one dimension into bins.
fn poured(problem: &Problem, dimension: usize, demand: u128) -> u128 {
    let mut offers: Vec<(u128, u128, u128)> = (0..problem.types())
        .map(|at| {
            let capacity = problem.types.capacity[at * problem.width() + dimension];
            (u128::from(problem.types.cost[at]), u128::from(capacity), u128::from(problem.types.limit[at]))
        })
        .filter(|&(_, capacity, limit)| capacity > 0 && limit > 0)
        .collect();
    offers.sort_unstable_by(|&(cost, capacity, _), &(other_cost, other_capacity, _)| {
        (cost * other_capacity).cmp(&(other_cost * capacity))
    });
    let (mut left, mut cost) = (demand, 0);
    for (price, capacity, limit) in offers {
        if left == 0 {
            break;
        }
        if left / capacity >= limit {
            left -= limit * capacity;
            cost += limit * price;
        } else {
            return cost + (left * price).div_ceil(capacity);
        }
    }
    cost
}

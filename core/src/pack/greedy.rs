//! Greedy passes.

use alloc::vec::Vec;

use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::room::Occupancy;
use super::search::Search;

/// Runs the greedy passes and offers what they find.
pub(super) fn run(problem: &Problem, search: &mut Search<'_>) {
    search.enter("first-fit");
    let packing = first_fit(problem, search);
    search.offer(problem, packing);
}

/// Equal bins that are open.
#[derive(Debug, Clone)]
struct Open {
    /// Type, count and content.
    pattern: Pattern,
    /// What is left of each dimension.
    free: Vec<u64>,
    /// What is left of the rest.
    rest: Occupancy,
}

/// Items in decreasing size, each into the first bin with room, or into a new one of the cheapest type that holds it.
fn first_fit(problem: &Problem, search: &mut Search<'_>) -> Packing {
    let width = problem.width();
    let mut most = alloc::vec![1_u64; width];
    for capacity in problem.types.capacity.chunks_exact(width) {
        most.iter_mut().zip(capacity).for_each(|(most, &has)| *most = (*most).max(has));
    }
    let size = |kind: u32| {
        let parts = problem.demand(kind).iter().zip(&most);
        parts.map(|(&wanted, &most)| (u128::from(wanted) << 32) / u128::from(most)).max().unwrap_or(0)
    };
    #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_ROWS_MAX kinds")]
    let mut order: Vec<u32> = (0..problem.kinds() as u32).collect();
    order.sort_by_cached_key(|&kind| core::cmp::Reverse(size(kind)));
    let mut used: Vec<u64> = alloc::vec![0; problem.types()];
    let mut open: Vec<Open> = Vec::new();
    for kind in order {
        let mut left = problem.count(kind);
        let mut at = 0;
        while at < open.len() && left > 0 {
            search.step(1);
            let bin = &mut open[at];
            let each = room(problem, bin, kind).min(left);
            if let Some(bins) = left.checked_div(each) {
                let bins = bins.min(bin.pattern.count);
                if bins < bin.pattern.count {
                    let mut others = bin.clone();
                    others.pattern.count -= bins;
                    bin.pattern.count = bins;
                    open.insert(at + 1, others);
                }
                put(problem, &mut open[at], kind, each);
                left -= each * bins;
            }
            at += 1;
        }
        while left > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_TYPES_MAX types")]
            let types = (0..problem.types() as u32)
                .filter(|&bin_type| used[bin_type as usize] < problem.types.limit[bin_type as usize])
                .filter(|&bin_type| problem.is_allowed(kind, bin_type));
            let Some(bin_type) = types.min_by_key(|&bin_type| problem.cost(bin_type)) else { break };
            let mut bin = Open {
                pattern: Pattern { bin_type, count: 1, content: Vec::new() },
                free: problem.capacity(bin_type).to_vec(),
                rest: Occupancy::fresh(problem, bin_type),
            };
            let each = room(problem, &bin, kind).min(left);
            let limit = problem.types.limit[bin_type as usize] - used[bin_type as usize];
            bin.pattern.count = (left / each).min(limit);
            used[bin_type as usize] += bin.pattern.count;
            put(problem, &mut bin, kind, each);
            left -= each * bin.pattern.count;
            open.push(bin);
        }
    }
    Packing { patterns: open.into_iter().map(|bin| bin.pattern).collect() }
}

/// How many more items of a kind a bin takes.
fn room(problem: &Problem, bin: &Open, kind: u32) -> u64 {
    let amounts = problem.demand(kind).iter().zip(&bin.free).filter(|&(&wanted, _)| wanted > 0);
    let by_amount = amounts.map(|(wanted, free)| free / wanted).min().unwrap_or(u64::MAX);
    if by_amount == 0 || !problem.is_allowed(kind, bin.pattern.bin_type) {
        return 0;
    }
    by_amount.min(bin.rest.room(problem, bin.pattern.bin_type, kind))
}

/// Puts items into a bin that has room for them.
fn put(problem: &Problem, bin: &mut Open, kind: u32, number: u64) {
    for (free, &wanted) in bin.free.iter_mut().zip(problem.demand(kind)) {
        *free -= wanted * number;
    }
    bin.rest.add(problem, kind, number);
    bin.pattern.content.push((kind, number));
}

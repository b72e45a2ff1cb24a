//! The same contents in cheaper bins: what every solver may leave to be done at the end.

use alloc::vec;
use alloc::vec::Vec;

use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::room::Occupancy;
use crate::demand::GpuDemand;

/// Moves the content of bins to the cheapest type that holds it, as far as limits allow. Never makes a packing dearer.
///
/// # Cost
/// O(patterns × types × dimensions).
pub(super) fn cheapen(problem: &Problem, packing: Packing) -> Packing {
    if problem.types() <= 1 {
        return packing;
    }
    let mut used = vec![0_u64; problem.types()];
    for pattern in &packing.patterns {
        used[pattern.bin_type as usize] += pattern.count;
    }
    #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_TYPES_MAX types")]
    let mut order: Vec<u32> = (0..problem.types() as u32).collect();
    order.sort_by_key(|&bin_type| (problem.cost(bin_type), bin_type));
    let mut patterns = Vec::with_capacity(packing.patterns.len());
    let mut waiting = packing.patterns;
    // The last one chooses first: the cheapest, so that the dearest may take what it gives up.
    waiting.sort_by_key(|pattern| core::cmp::Reverse(problem.cost(pattern.bin_type)));
    while let Some(pattern) = waiting.pop() {
        let cheaper = order.iter().copied().take_while(|&other| problem.cost(other) < problem.cost(pattern.bin_type));
        let mut open = cheaper.filter(|&other| used[other as usize] < problem.types.limit[other as usize]);
        let Some(other) = open.find(|&other| holds(problem, other, &pattern.content)) else {
            patterns.push(pattern);
            continue;
        };
        let count = pattern.count.min(problem.types.limit[other as usize] - used[other as usize]);
        used[other as usize] += count;
        used[pattern.bin_type as usize] -= count;
        if count < pattern.count {
            waiting.push(Pattern { count: pattern.count - count, ..pattern.clone() });
        }
        patterns.push(Pattern { bin_type: other, count, ..pattern });
    }
    Packing { patterns }
}

/// Whether a fresh bin of a type holds all of this.
pub(super) fn holds(problem: &Problem, bin_type: u32, content: &[(u32, u64)]) -> bool {
    let mut free = problem.capacity(bin_type).to_vec();
    let is_enough = content.iter().all(|&(kind, number)| {
        problem.is_allowed(kind, bin_type)
            && free.iter_mut().zip(problem.demand(kind)).all(|(free, &wanted)| {
                let left = wanted.checked_mul(number).and_then(|wanted| free.checked_sub(wanted));
                left.map(|left| *free = left).is_some()
            })
    });
    if !is_enough || problem.is_plain() {
        return is_enough;
    }
    let mut order = content.to_vec();
    order.sort_by_key(|&(kind, _)| match problem.gpus(kind) {
        GpuDemand::Share(share) => u16::MAX - share,
        _ => 0,
    });
    let mut rest = Occupancy::fresh(problem, bin_type);
    order.into_iter().all(|(kind, number)| {
        let has_room = rest.room(problem, bin_type, kind) >= number;
        if has_room {
            rest.add(problem, kind, number);
        }
        has_room
    })
}

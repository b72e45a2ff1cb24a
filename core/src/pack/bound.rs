//! Lower bounds on what a packing costs.
//!
//! Every bound is worked out in integers, so that what is claimed is true. All but one are sums over items of something that is
//! not negative, maximised over a family of ways to count, so one item more never lowers them. The exception is `conflict`,
//! which is a search for a largest clique and exact only as far as its budget goes.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use super::conflict;
use super::packing::Packing;
use super::problem::{Problem, UNLIMITED, gpu_demand};
use super::search::Search;
use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;

/// Largest parameter of the family of dual feasible functions.
const FAMILY_MAX: u64 = 40;
/// Distinct sets of types for which the volume is worked out.
const TYPE_SETS_MAX: usize = 64;

/// A bound in millionths, and its name.
type Named = (u128, &'static str);

/// Raises the bound of a search by all bounds that take about as long as a greedy pass.
pub(super) fn fast(problem: &Problem, search: &mut Search<'_>) {
    best(problem, &problem.kinds.count, &mut |(bound, name)| {
        search.raise(bound, name);
        search.goes_on()
    });
}

/// The bound for the items of a packing alone.
pub(super) fn of_packed(problem: &Problem, packing: &Packing) -> Named {
    best(problem, &packing.packed(problem), &mut |_| true)
}

/// The best bound for so many items of each kind; of equal ones the simplest. `goes_on` hears of the best so far, and says
/// whether to look for more: with very many kinds in many dimensions that takes seconds.
fn best(problem: &Problem, counts: &[u64], goes_on: &mut dyn FnMut(Named) -> bool) -> Named {
    if counts.iter().all(|&count| count == 0) {
        goes_on((0, "volume"));
        return (0, "volume");
    }
    let cheapest = u128::from(problem.types.cost.iter().copied().min().unwrap_or(0));
    let mut best: Named = (rounded(problem, volume(problem, counts)), "volume");
    let offer = |best: &mut Named, bins: u128, name: &'static str| {
        if bins * cheapest > best.0 {
            *best = (bins * cheapest, name);
        }
    };
    if !goes_on(best) || cheapest == 0 {
        return best;
    }
    for dimension in 0..problem.width() {
        let (by_threshold, by_family) = dual_feasible(problem, counts, dimension);
        offer(&mut best, by_threshold, "l2");
        offer(&mut best, by_family, "dual-feasible");
        if !goes_on(best) {
            return best;
        }
    }
    offer(&mut best, conflict::clique(problem, counts), "conflict");
    goes_on(best);
    best
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

/// Something of which items take some and bins have some, other than the dimensions.
struct Extra {
    /// Of one item of each set of rules. `[sets of rules]`
    demand: Vec<u64>,
    /// Of one bin of each type. `[types]`
    capacity: Vec<u64>,
}

/// The volume bound: for each set of types, the items that may go nowhere else; in each dimension, what it costs to pour them
/// into the bins that give most for their cost. Members of classes and GPUs are dimensions here too.
fn volume(problem: &Problem, counts: &[u64]) -> u128 {
    let extras = extras(problem);
    let sets: BTreeSet<&[u64]> = problem.rules.iter().map(|rules| rules.allowed.as_ref()).collect();
    let mut sets: Vec<&[u64]> = sets.into_iter().collect();
    sets.truncate(TYPE_SETS_MAX);
    let every: Vec<u64> = vec![u64::MAX; problem.types().div_ceil(64)];
    sets.push(&every);
    sets.into_iter().map(|types| volume_in(problem, counts, types, &extras)).max().unwrap_or(0)
}

/// The same for one set of types.
fn volume_in(problem: &Problem, counts: &[u64], types: &[u64], extras: &[Extra]) -> u128 {
    let width = problem.width();
    let is_within: Vec<bool> = problem
        .rules
        .iter()
        .map(|rules| rules.allowed.iter().zip(types).all(|(allowed, types)| allowed & !types == 0))
        .collect();
    let mut total = vec![0_u128; width];
    let mut of_rules = vec![0_u128; problem.rules.len()];
    for ((demand, &count), &rules) in problem.demands().chunks_exact(width).zip(counts).zip(&problem.kinds.rules) {
        if count > 0 && is_within[rules as usize] {
            of_rules[rules as usize] += u128::from(count);
            total.iter_mut().zip(demand).for_each(|(sum, &amount)| *sum += u128::from(amount) * u128::from(count));
        }
    }
    if of_rules.iter().all(|&count| count == 0) {
        return 0;
    }
    let members: Vec<usize> = (0..problem.types()).filter(|&at| types[at / 64] >> (at % 64) & 1 != 0).collect();
    let mut bound = members.iter().map(|&at| u128::from(problem.types.cost[at])).min().unwrap_or(0);
    for (dimension, &demand) in total.iter().enumerate() {
        bound = bound.max(poured(problem, &members, |at| problem.types.capacity[at * width + dimension], demand));
    }
    for extra in extras {
        let demand = extra.demand.iter().zip(&of_rules).map(|(&each, &count)| u128::from(each) * count).sum();
        bound = bound.max(poured(problem, &members, |at| extra.capacity[at], demand));
    }
    bound
}

/// Members of limited classes, GPUs in thousandths, and GPUs in pieces of more than half.
fn extras(problem: &Problem) -> Vec<Extra> {
    let types = || 0..problem.types();
    let mut extras = Vec::new();
    #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_TYPES_MAX types")]
    for class in 0..problem.classes.room.len() as u32 {
        let capacity: Vec<u64> = types()
            .map(|at| match problem.class_room(at as u32, class) {
                UNLIMITED => u64::MAX,
                room => u64::from(room),
            })
            .collect();
        if capacity.iter().any(|&room| room < u64::MAX) {
            let demand = problem.rules.iter().map(|rules| u64::from(rules.classes.binary_search(&class).is_ok()));
            extras.push(Extra { demand: demand.collect(), capacity });
        }
    }
    if problem.rules.iter().any(|rules| gpu_demand(rules.gpus) != GpuDemand::None) {
        let whole = u64::from(DEVICE_WHOLE);
        let thousandths = |rules: &super::problem::RuleSet| match gpu_demand(rules.gpus) {
            GpuDemand::None => 0,
            GpuDemand::Share(share) => u64::from(share),
            GpuDemand::Whole(count) => u64::from(count) * whole,
            GpuDemand::All | GpuDemand::Slice(_) => whole,
        };
        extras.push(Extra {
            demand: problem.rules.iter().map(thousandths).collect(),
            capacity: types().map(|at| problem.types.devices[at].iter().map(|&left| u64::from(left)).sum()).collect(),
        });
        extras.push(Extra {
            demand: problem.rules.iter().map(|rules| (thousandths(rules) + whole / 2 - 1) / whole).collect(),
            capacity: types().map(|at| problem.types.devices[at].len() as u64).collect(),
        });
    }
    extras
}

/// What it costs at least to pour so much into bins of some types.
fn poured(problem: &Problem, types: &[usize], capacity_of: impl Fn(usize) -> u64, demand: u128) -> u128 {
    if demand == 0 {
        return 0;
    }
    let mut offers: Vec<(u128, u128, u128)> = types
        .iter()
        .map(|&at| {
            (u128::from(problem.types.cost[at]), u128::from(capacity_of(at)), u128::from(problem.types.limit[at]))
        })
        .filter(|&(_, capacity, limit)| capacity > 0 && limit > 0)
        .collect();
    offers.sort_unstable_by(|&(cost, capacity, _), &(other_cost, other_capacity, _)| {
        (cost * other_capacity).cmp(&(other_cost * capacity))
    });
    let (mut left, mut cost) = (demand, 0);
    for (price, capacity, limit) in offers {
        if left / capacity < limit {
            return cost + (left * price).div_ceil(capacity);
        }
        left -= limit * capacity;
        cost += limit * price;
    }
    cost
}

/// Bounds on the number of bins by one dimension, against the largest capacity.
///
/// The first takes sizes as they are, but for a threshold counts those above the rest of it as whole bins and those below as
/// nothing (L2 of Martello, Toth, "Lower bounds and reduction procedures for the bin packing problem", 1990). The second takes
/// `u^(k)` of the sizes instead (Fekete, Schepers, "New classes of fast lower bounds for bin packing problems", 2001).
fn dual_feasible(problem: &Problem, counts: &[u64], dimension: usize) -> (u128, u128) {
    let width = problem.width();
    let column = |amounts: &[u64]| -> Vec<u64> { amounts.iter().skip(dimension).step_by(width).copied().collect() };
    let capacity = column(&problem.types.capacity).into_iter().max().unwrap_or(0);
    if capacity == 0 {
        return (0, 0);
    }
    let mut sizes: Vec<(u64, u64)> = column(problem.demands())
        .into_iter()
        .zip(counts.iter().copied())
        .filter(|&(size, count)| size > 0 && count > 0)
        .collect();
    sizes.sort_unstable();
    sizes.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 += next.1;
        }
        is_same
    });
    let by_threshold = over_thresholds(&sizes, capacity, u128::from(capacity), u128::from);
    let by_family = (1..=FAMILY_MAX).map(|k| {
        let whole = u128::from(k) * u128::from(capacity);
        over_thresholds(&sizes, capacity, whole, |size| {
            let scaled = (k + 1) * size;
            if scaled % capacity == 0 {
                u128::from(size * k)
            } else {
                u128::from(scaled / capacity) * u128::from(capacity)
            }
        })
    });
    (by_threshold, by_family.max().unwrap_or(0))
}

/// The best bound of a function over all thresholds: sizes above the capacity less the threshold count `whole`, those below
/// the threshold nothing, the others what `weigh` gives. Sizes ascend.
fn over_thresholds(sizes: &[(u64, u64)], capacity: u64, whole: u128, weigh: impl Fn(u64) -> u128) -> u128 {
    let mut weights = Vec::with_capacity(sizes.len() + 1);
    let mut items = Vec::with_capacity(sizes.len() + 1);
    weights.push(0_u128);
    items.push(0_u128);
    for &(size, count) in sizes {
        let count = u128::from(count);
        weights.push(weights[weights.len() - 1] + weigh(size) * count);
        items.push(items[items.len() - 1] + count);
    }
    let last = sizes.len();
    let mut best = 0_u128;
    let mut behind = last;
    for (from, &(threshold, _)) in sizes.iter().enumerate().take_while(|&(_, &(size, _))| size <= capacity / 2) {
        // Sizes that have no room beside one of the threshold's.
        while behind > from && sizes[behind - 1].0 > capacity - threshold {
            behind -= 1;
        }
        best = best.max(weights[behind] - weights[from] + (items[last] - items[behind]) * whole);
    }
    // Threshold 0, and one just above half: what does not fit twice.
    let half = sizes.partition_point(|&(size, _)| size <= capacity / 2);
    best.max(weights[last]).div_ceil(whole).max(items[last] - items[half])
}

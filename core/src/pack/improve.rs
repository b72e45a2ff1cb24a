//! Local search: empties one bin after another into the others, by ejections.
//!
//! A bin is taken away and its items wait. The waiting item goes into a bin with room, or into one that lets go of the items
//! that have been hardest to place the least, and those wait in its stead; a counter says how often an item waited in vain.
//! Random swaps in between keep the search from going round in circles. When nobody waits any more, there is a bin less.
//! This is guided ejection search (Nagata, Bräysy, "A powerful route minimization heuristic", Operations Research Letters 2009)
//! for bins instead of routes; choosing by sets of up to three items follows Buljubašić, Vasquez, "Consistent neighborhood
//! search for one-dimensional bin packing and two-dimensional vector packing", Computers & OR 2016.
//!
//! With more bins than [`BINS_MAX`], rounds work on as many of them, drawn anew.

use alloc::vec;
use alloc::vec::Vec;

use super::ejection::{Neighbourhood, Round};
use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::search::Search;
use crate::select::draw::Draws;

/// Most bins that one round works on.
const BINS_MAX: usize = 512;
/// Most items that one round works on.
const ITEMS_MAX: usize = 8192;
/// Times each kind that is left out is tried before the others are left out for good.
const FAILURES_EACH: usize = 4;
/// Bins of each type that are not open, and that a left out item may open.
const UNOPENED_MAX: u64 = 4;
/// Ejections of a round before another begins, where not all bins take part.
const EJECTIONS_PART: u64 = 2_000;
/// The same where they all do.
const EJECTIONS_ALL: u64 = 100_000;

/// Empties bins of the best packing so far until the search is over.
pub(super) fn run(problem: &Problem, seed: u64, search: &mut Search<'_>) {
    match problem.width() {
        0..=4 => run_wide::<4>(problem, seed, search),
        5..=8 => run_wide::<8>(problem, seed, search),
        9..=12 => run_wide::<12>(problem, seed, search),
        _ => run_wide::<16>(problem, seed, search),
    }
}

/// The same for a number of lanes.
fn run_wide<const W: usize>(problem: &Problem, seed: u64, search: &mut Search<'_>) {
    let Some(mut best) = search.best().cloned() else { return };
    let neighbourhood = Neighbourhood::<W>::new(problem);
    let mut draws = Draws::new(seed, 0);
    complete(problem, &neighbourhood, &mut best, &mut draws, search);
    let mut failures = 0_u64;
    while !search.is_over() {
        let is_all = is_small(&best);
        let (drawn, rest) = draw_bins(problem, &best, is_all, &mut draws);
        if drawn.len() < 2 {
            return;
        }
        let mut round = Round::new(&neighbourhood, problem, &drawn);
        let victim = round.choose_victim(problem, failures, &mut draws);
        let Some(victim) = victim else { return };
        let ejections = if is_all { EJECTIONS_ALL } else { EJECTIONS_PART };
        if round.empty(problem, &neighbourhood, victim, ejections, &mut draws, search) {
            failures = 0;
            let mut patterns = rest;
            patterns.extend(round.patterns());
            best = Packing { patterns }.normalized();
            if search.offer(problem, best.clone()) {
                // Its contents may have moved to cheaper bins.
                best = search.best().cloned().unwrap_or(best);
            }
        } else {
            failures += 1;
        }
    }
}

/// Puts items that limits left out into bins after all, one after another, as long as that works.
fn complete<const W: usize>(
    problem: &Problem,
    neighbourhood: &Neighbourhood<W>,
    best: &mut Packing,
    draws: &mut Draws,
    search: &mut Search<'_>,
) {
    let mut failures = 0;
    loop {
        let packed = best.packed(problem);
        let missing: Vec<u32> =
            (0..).zip(&packed).filter(|&(kind, &packed)| packed < problem.count(kind)).map(|(kind, _)| kind).collect();
        if failures >= FAILURES_EACH * missing.len() || search.is_over() {
            return;
        }
        let kind = missing[failures % missing.len()];
        let (mut drawn, rest) = draw_bins(problem, best, is_small(best), draws);
        drawn.extend(unopened(problem, best));
        let mut round = Round::new(neighbourhood, problem, &drawn);
        if !drawn.is_empty() && round.add(problem, neighbourhood, kind, EJECTIONS_PART, draws, search) {
            failures = 0;
            let mut patterns = rest;
            patterns.extend(round.patterns());
            *best = Packing { patterns }.normalized();
            search.offer(problem, best.clone());
        } else {
            failures += 1;
            search.step(drawn.len() as u64 + 1);
        }
    }
}

/// Some bins that limits allow and nobody has opened, without content.
fn unopened(problem: &Problem, packing: &Packing) -> Vec<Pattern> {
    let mut left = problem.types.limit.clone();
    for pattern in &packing.patterns {
        left[pattern.bin_type as usize] -= pattern.count;
    }
    let each = (0..).zip(left).map(|(bin_type, left)| (bin_type, left.min(UNOPENED_MAX)));
    let bins =
        each.flat_map(|(bin_type, left)| (0..left).map(move |_| Pattern { bin_type, count: 1, content: Vec::new() }));
    bins.take(BINS_MAX).collect()
}

/// Whether one round can work on all bins.
fn is_small(packing: &Packing) -> bool {
    packing.bin_count() <= BINS_MAX as u64 && packing.patterns.iter().map(items).sum::<u64>() <= ITEMS_MAX as u64
}

/// Items in all bins of a pattern.
fn items(pattern: &Pattern) -> u64 {
    pattern.count * pattern.content.iter().map(|&(_, number)| number).sum::<u64>()
}

/// Single bins to work on, and the others as patterns.
fn draw_bins(problem: &Problem, packing: &Packing, is_all: bool, draws: &mut Draws) -> (Vec<Pattern>, Vec<Pattern>) {
    let single = |pattern: &Pattern| Pattern { count: 1, ..pattern.clone() };
    if is_all {
        let each = packing.patterns.iter().flat_map(|pattern| (0..pattern.count).map(|_| single(pattern)));
        return (each.collect(), Vec::new());
    }
    let mut rest = packing.patterns.clone();
    let mut taken = vec![0_u64; rest.len()];
    let mut drawn = Vec::new();
    let mut room = ITEMS_MAX as u64;
    // Half of them those with most room, by what is left of their scarcest dimension; the others as they come.
    let mut order: Vec<(u128, usize)> = rest.iter().map(|pattern| slack(problem, pattern)).zip(0..).collect();
    order.sort_by(|one, other| other.cmp(one));
    let mut by_room = order.iter().map(|&(_, at)| at).cycle().take(BINS_MAX * 4);
    for turn in 0..4 * BINS_MAX {
        if drawn.len() == BINS_MAX || rest.is_empty() {
            break;
        }
        let at = if turn % 4 == 0 { by_room.next().unwrap_or(0) } else { draws.below(rest.len()) };
        let bin = single(&rest[at]);
        if taken[at] < rest[at].count && items(&bin) <= room {
            taken[at] += 1;
            room -= items(&bin);
            drawn.push(bin);
        }
    }
    for (pattern, taken) in rest.iter_mut().zip(taken) {
        pattern.count -= taken;
    }
    rest.retain(|pattern| pattern.count > 0);
    (drawn, rest)
}

/// What a bin has left of the dimension it has least of, in 2⁻³² of its capacity.
fn slack(problem: &Problem, pattern: &Pattern) -> u128 {
    let mut least = u128::MAX;
    for (dimension, &capacity) in problem.capacity(pattern.bin_type).iter().enumerate() {
        let used = pattern
            .content
            .iter()
            .map(|&(kind, number)| u128::from(problem.demand(kind)[dimension]) * u128::from(number));
        let left = u128::from(capacity).saturating_sub(used.sum());
        least = least.min((left << 32) / u128::from(capacity.max(1)));
    }
    least
}

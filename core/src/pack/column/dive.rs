//! Rounding by diving: patterns of the linear optimum are fixed one after another, and the rest is solved anew each time.
//!
//! 1. The linear optimum of what is left is found, with new patterns as far as they are needed.
//! 2. Where its bound says that nothing better than the best packing comes of it, the dive has failed.
//! 3. What is left is also packed greedily, which may already be better than the best.
//! 4. Whole parts are fixed; they change nothing. Of the fractions, the one nearest to one is rounded up, and on with 1.
//!
//! A failed dive goes back to a level drawn at random, rather a deep one, does not choose there what it chose before, and dives again: a limited
//! discrepancy search whose discrepancies are drawn, since the level that was wrong is rarely the last one. After the first dive
//! the choice among fractions has noise, too. Draws come from the seed alone.
//!
//! Source: Belov & Scheithauer, "A branch-and-cut-and-price algorithm for one-dimensional stock cutting and two-dimensional
//! two-stage cutting", EJOR 171, 2006 (residual problems); Sadykov, Vanderbeck, Pessoa, Tahiri & Uchoa, "Primal heuristics for
//! branch and price: the assets of diving methods", INFORMS Journal on Computing 31(2), 2019 (diving with limited discrepancy).

use alloc::vec::Vec;

use super::Stopped;
use super::generate::{Generation, Pricing, Residual, TOLERANCE, Target, amount, wide};
use super::master::Basis;
use crate::pack::packing::{Packing, Pattern};
use crate::pack::problem::Problem;
use crate::pack::search::Search;
use crate::select::draw::Draws;

/// Dives without a better packing after which a search ends by itself.
const DIVES_MAX: u32 = 20_000;

/// How much of a whole bin chance adds to a fraction when the next is chosen, after the first dive.
const NOISE: f64 = 0.3;
/// Draws of the level to go back to, of which the deepest counts.
const JUMPS: usize = 4;
/// Columns not to be chosen again that a level remembers.
const TABU_MAX: usize = 3;
/// Kinds up to which a dive also tries columns that the optimum does not use: of few kinds there are few fractions to choose
/// among, and what they lead to is soon known.
const KINDS_SMALL: usize = 48;
/// One choice of so many is such a column.
const WILD: usize = 4;
/// How much dearer than its contents, at the prices of the optimum, such a column may be, as a share of its cost.
const NEAR: f64 = 0.05;
/// Levels whose basis is kept; of deeper ones, every sixteenth.
const BASES_MAX: usize = 24;

/// Packs what is left by some quick rule, or not at all.
pub(super) type Complete<'c> = &'c mut dyn FnMut(&Residual, &mut Search<'_>) -> Option<Vec<Pattern>>;

/// Where a dive stands before it chooses.
#[derive(Debug)]
struct Level {
    /// What is left.
    residual: Residual,
    /// Patterns fixed so far.
    fixed: usize,
    /// What they cost, in millionths.
    spent: u128,
    /// Columns chosen here before.
    tabu: Vec<usize>,
    /// The optimal basis, where it was kept.
    basis: Option<Basis>,
}

/// Dives until the best packing is proven, the budget is used up, or nothing better turns up for long.
///
/// # Errors
/// [`Stopped`].
pub(super) fn dive<P: Pricing>(
    problem: &Problem,
    generation: &mut Generation<P>,
    start: Residual,
    complete: Complete<'_>,
    seed: u64,
    search: &mut Search<'_>,
) -> Result<(), Stopped> {
    let mut draws = Draws::new(seed, 1);
    let mut fixed: Vec<Pattern> = Vec::new();
    let mut levels = alloc::vec![Level { residual: start, fixed: 0, spent: 0, tabu: Vec::new(), basis: None }];
    let (mut failed, mut noise) = (0, 0.0);
    while failed < DIVES_MAX {
        let is_better = descend(problem, generation, &mut levels, &mut fixed, complete, noise, &mut draws, search)?;
        failed = if is_better { 0 } else { failed + 1 };
        noise = NOISE;
        // Back to a level drawn at random, where something else is to be chosen; or to the next one above whose basis was kept.
        let mut at = (0..JUMPS).map(|_| draws.below(levels.len())).max().unwrap_or(0);
        while at > 0 && levels[at].basis.is_none() {
            at -= 1;
        }
        levels.truncate(at + 1);
        fixed.truncate(levels[at].fixed);
        if levels[at].tabu.len() > TABU_MAX {
            levels[at].tabu.remove(0);
        }
        let Some(basis) = &levels[at].basis else { return Ok(()) };
        generation.restore(&levels[at].residual, basis, search)?;
    }
    Ok(())
}

/// One dive from the last level down. Returns whether it found a better packing.
#[expect(clippy::too_many_arguments, reason = "the state of a dive, in one place")]
fn descend<P: Pricing>(
    problem: &Problem,
    generation: &mut Generation<P>,
    levels: &mut Vec<Level>,
    fixed: &mut Vec<Pattern>,
    complete: Complete<'_>,
    noise: f64,
    draws: &mut Draws,
    search: &mut Search<'_>,
) -> Result<bool, Stopped> {
    let mut is_better = false;
    let is_small = problem.kinds() <= KINDS_SMALL;
    loop {
        let is_kept = levels.len() <= BASES_MAX || levels.len() % 16 == 0;
        let Some(level) = levels.last_mut() else { return Ok(is_better) };
        if level.residual.counts.iter().all(|count| *count == 0) {
            is_better |= search.offer(problem, Packing { patterns: fixed.clone() });
            return Ok(is_better);
        }
        // What the rest may cost at most for the whole to be better than the best.
        let best = search.rank().filter(|(missing, _)| *missing == 0).map_or(u128::MAX, |(_, cost)| cost);
        let Some(most) = best.checked_sub(level.spent + generation.divisor()) else { return Ok(is_better) };
        let tolerance = TOLERANCE * generation.unit();
        // Down to what no packing undercuts, the optimum is worth its patterns.
        let aim = search.lower_bound().saturating_sub(level.spent).min(most);
        let target = Target { bound: most.saturating_add(1), value: wide(aim) + tolerance };
        let relaxation = generation.relax(&level.residual, target, search)?;
        if relaxation.bound > most || relaxation.value > wide(most) + generation.unit() * 0.01 {
            return Ok(is_better);
        }
        if is_kept {
            level.basis = Some(generation.snapshot());
        }
        if let Some(rest) = complete(&level.residual, search) {
            let patterns = fixed.iter().cloned().chain(rest).collect();
            is_better |= search.offer(problem, Packing { patterns });
        }
        if search.is_over() {
            return Err(Stopped);
        }
        let mut next = level.residual.clone();
        let mut spent = level.spent;
        let mut choice: Option<(f64, usize)> = None;
        let solution: Vec<(usize, f64)> = generation.solution().collect();
        for (column, often) in &solution {
            let bins = amount(*often);
            if bins > 0 {
                spent += fix(generation, *column, bins, &mut next, fixed);
            }
            let part = often - super::generate::float(bins);
            if part > TOLERANCE && !level.tabu.contains(column) {
                let score = part + noise * fraction(draws);
                if choice.is_none_or(|(best, _)| score > best) {
                    choice = Some((score, *column));
                }
            }
        }
        if is_small && noise > 0.0 && (choice.is_none() || draws.below(WILD) == 0) {
            // These may be of types whose last bins were fixed above.
            let mut near = generation.near(NEAR);
            near.retain(|column| generation.limit_left(*column, &next) > 0);
            if !near.is_empty() {
                choice = Some((0.0, near[draws.below(near.len())]));
            }
        }
        if let Some((_, column)) = choice {
            level.tabu.push(column);
            spent += fix(generation, column, 1, &mut next, fixed);
        }
        if next == level.residual {
            return Ok(is_better);
        }
        generation.reduce(&next, search)?;
        levels.push(Level { residual: next, fixed: fixed.len(), spent, tabu: Vec::new(), basis: None });
    }
}

/// Fixes so many bins of a column, as far as anything is left for them, and as the limit of their type goes: the optimum is a
/// float's breadth from keeping it. Returns what they cost.
fn fix<P: Pricing>(
    generation: &Generation<P>,
    column: usize,
    bins: u64,
    next: &mut Residual,
    fixed: &mut Vec<Pattern>,
) -> u128 {
    let bin = generation.bin(column);
    let (mut left, mut cost) = (bins.min(generation.limit_left(column, next)), 0);
    while left > 0 {
        // Bins that find all copies go together; further ones find fewer, when the optimum covers more than is left.
        let content: Vec<(u32, u64)> = generation
            .content(column)
            .filter(|(kind, _)| next.counts[*kind] > 0)
            .map(|(kind, copies)| {
                #[expect(clippy::cast_possible_truncation, reason = "kinds are numbered in u32")]
                (kind as u32, copies.min(next.counts[kind]))
            })
            .collect();
        let together = content.iter().map(|(kind, copies)| next.counts[*kind as usize] / copies).min().unwrap_or(0);
        let count = together.min(left);
        if count == 0 {
            break;
        }
        for (kind, copies) in &content {
            next.counts[*kind as usize] -= copies * count;
        }
        next.used[bin] += count;
        cost += generation.cost(column) * u128::from(count);
        left -= count;
        #[expect(clippy::cast_possible_truncation, reason = "bin types are numbered in u32")]
        fixed.push(Pattern { bin_type: bin as u32, count, content });
    }
    cost
}

/// A draw from 0 up to 1.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn fraction(draws: &mut Draws) -> f64 {
    const PARTS: usize = 1 << 20;
    draws.below(PARTS) as f64 / PARTS as f64
}

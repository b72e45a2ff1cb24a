//! A filling made better: the emptiest bins and a few others are taken apart and filled anew, again and again.
//!
//! One pass from the largest item down leaves its mistakes in its last bins. Taken apart alone they would be filled as before;
//! beside others, drawn anew each time, small items come back into play. What is filled anew is kept where it takes fewer bins,
//! or as many that are more unequally full (the sum of squared loads grows): so room gathers in one bin until that bin is not
//! needed any more. A round works on some twenty bins whatever there are of them, and so costs a small part of a pass.
//!
//! Source: perturbation MBS' of Fleszar & Hindi, "New heuristics for one-dimensional bin-packing", Computers & Operations Research
//! 29, 2002, with the emptiest bins always among those taken apart.

use alloc::vec;
use alloc::vec::Vec;

use super::fill::{Fill, Filling, Preference, Sorted};
use super::packing::Packing;
use super::problem::Problem;
use super::search::Search;
use crate::select::draw::Draws;

/// Rounds at most.
const ROUNDS_MAX: u32 = 400;
/// Emptiest bins in each round.
const EMPTIEST: u64 = 4;
/// Most others.
const OTHERS_MAX: usize = 16;
/// Steps that rounds may take, where the passes before took hardly any.
const STEPS_LEAST: u64 = 1 << 18;
/// Steps that rounds may take for one of the passes before.
const STEPS_SHARE: u64 = 7;

/// Bins of one filling, and how full each is.
#[derive(Debug, Clone)]
struct Stack {
    /// Size of what is in one bin.
    load: u64,
    /// The bins.
    filling: Filling,
}

/// Works on the fillings of a pass until they are proven to be best, the rounds are over, or the search is, and offers what has
/// fewer bins. `spent` are the steps of the passes before; a few times as many are taken.
///
/// # Cost
/// A round: the bins taken apart × kinds in them × capacity / 64, and the number of different fillings.
pub(super) fn run(
    problem: &Problem,
    kinds: &Sorted,
    fillings: Vec<Filling>,
    (fill, draws): (&mut Fill, &mut Draws),
    spent: u64,
    search: &mut Search<'_>,
) {
    let load = |filling: &Filling| filling.pattern.iter().map(|&(kind, copies)| kinds.size(kind) * copies).sum();
    let mut stacks: Vec<Stack> = fillings.into_iter().map(|filling| Stack { load: load(&filling), filling }).collect();
    stacks.sort_by_key(|stack| stack.load);
    let mut steps_left = spent.saturating_mul(STEPS_SHARE).max(STEPS_LEAST);
    for _ in 0..ROUNDS_MAX {
        let taken = take(&stacks, draws);
        let before: u64 = taken.iter().map(|&(_, bins)| bins).sum();
        let mut counts = vec![0_u64; kinds.len()];
        for &(at, bins) in &taken {
            stacks[at].filling.pattern.iter().for_each(|&(kind, copies)| counts[kind] += copies * bins);
        }
        let how = match draws.below(3) {
            0 => Preference::Mixed,
            1 => Preference::Drawn,
            _ => Preference::Largest,
        };
        let (anew, steps) = kinds.refill(fill, problem, &counts, (how, draws.below(5) as u128), draws);
        let anew: Vec<Stack> = anew.into_iter().map(|filling| Stack { load: load(&filling), filling }).collect();
        let after: u64 = anew.iter().map(|stack| stack.filling.bins).sum();
        let squared = |load: u64, bins: u64| u128::from(load) * u128::from(load) * u128::from(bins);
        let is_fuller = || {
            let now: u128 = anew.iter().map(|stack| squared(stack.load, stack.filling.bins)).sum();
            now >= taken.iter().map(|&(at, bins)| squared(stacks[at].load, bins)).sum()
        };
        if after < before || after == before && is_fuller() {
            for &(at, bins) in &taken {
                stacks[at].filling.bins -= bins;
            }
            stacks.retain(|stack| stack.filling.bins > 0);
            stacks.extend(anew);
            stacks.sort_by_key(|stack| stack.load);
            if after < before {
                let fillings = stacks.iter().map(|stack| stack.filling.clone()).collect();
                search.offer(problem, Packing { patterns: kinds.patterns(fillings) });
            }
        }
        steps_left = steps_left.saturating_sub(steps.max(1));
        if !search.step(steps) || steps_left == 0 {
            return;
        }
    }
}

/// Draws the bins to be taken apart: stacks, and how many bins of each, in order.
fn take(stacks: &[Stack], draws: &mut Draws) -> Vec<(usize, u64)> {
    let mut taken: Vec<(usize, u64)> = Vec::new();
    let mut wanted = EMPTIEST;
    for (at, stack) in stacks.iter().enumerate() {
        let bins = wanted.min(stack.filling.bins);
        taken.push((at, bins));
        wanted -= bins;
        if wanted == 0 {
            break;
        }
    }
    for _ in 0..=draws.below(OTHERS_MAX) {
        let at = draws.below(stacks.len());
        match taken.iter_mut().find(|(known, _)| *known == at) {
            Some((_, bins)) => *bins = (*bins + 1).min(stacks[at].filling.bins),
            None => taken.push((at, 1)),
        }
    }
    taken.sort_unstable();
    taken
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use core::ops::ControlFlow;

    use super::*;
    use crate::pack::{BinType, Item, verify};

    /// A problem of these sizes in bins of 1000.
    fn problem(sizes: &[u64]) -> Problem {
        let mut builder = Problem::builder(["size"]).unwrap();
        builder.add_type(&BinType::new("bin", &[1000])).unwrap();
        sizes.iter().for_each(|&size| builder.add_item(&Item::new("", &[size])).unwrap());
        builder.build().unwrap()
    }

    /// Bins of one pass by size, and after as many rounds as there may be.
    fn bins(sizes: &[u64], seed: u64) -> (u64, u64) {
        let problem = problem(sizes);
        let kinds = Sorted::new(&problem, &problem.kinds.count);
        let (mut fill, mut draws) = (Fill::default(), Draws::new(seed, 0));
        let (fillings, _) = kinds.fillings(&mut fill, &problem, (Preference::Largest, 0), &mut draws);
        let first = fillings.iter().map(|filling| filling.bins).sum();
        let watch = &mut |_: &crate::pack::Progress| ControlFlow::Continue(());
        let mut search = Search::new(u64::MAX, watch);
        search.offer(&problem, Packing { patterns: kinds.patterns(fillings.clone()) });
        run(&problem, &kinds, fillings, (&mut fill, &mut draws), 0, &mut search);
        let best = search.best().unwrap().clone();
        assert_eq!(verify(&problem, &best).unwrap().missing.iter().sum::<u64>(), 0);
        (first, best.bin_count())
    }

    #[test]
    fn bins_that_a_pass_wastes_are_won_back() {
        // Three in each bin, drawn so that every bin is full: a pass that takes the largest with the smallest is left with
        // middle ones of which no three fit.
        let mut draws = Draws::new(5, 0);
        let (mut passes, mut rounds) = (0, 0);
        for seed in 0..20 {
            let mut sizes = Vec::new();
            for _ in 0..40 {
                let one = 250 + draws.below(150) as u64;
                let other = 250 + draws.below(150) as u64;
                sizes.extend([one, other, 995 - one - other]);
            }
            let (first, best) = bins(&sizes, seed);
            assert!(best <= first && best >= 40);
            passes += first - 40;
            rounds += best - 40;
        }
        assert!(rounds * 4 < passes, "{rounds} of {passes}");
    }

    #[test]
    fn a_single_bin_and_equal_items_are_left_in_peace() {
        assert_eq!(bins(&[1000], 1), (1, 1));
        assert_eq!(bins(&[300; 9], 1), (3, 3));
        assert_eq!(bins(&[600; 9], 1), (9, 9));
    }
}
